// The bar below the form: testing at the left with its result beside it, saving at the right. It stays in sight.
import { Plug } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { text } from "@/text/en/form";
import { Button } from "@/ui/button";
import { Input } from "@/ui/input";

export interface BarProps {
  /** How the last test went, or why the form was not saved. */
  said: ReactNode;
  testing: boolean;
  onTest: () => void;
  /** Null where the form names a model already. */
  testModel: string | null;
  onTestModel: (model: string) => void;
  saving: boolean;
  onCancel: () => void;
}

export function Bar({ said, testing, onTest, testModel, onTestModel, saving, onCancel }: BarProps) {
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => leaveRoom(bar.current), []);
  return (
    <div
      ref={bar}
      className="sticky bottom-0 z-10 -mx-4 -mb-16 border-line border-t bg-bg px-4 pt-3 pb-[max(12px,env(safe-area-inset-bottom))] sm:-mx-6 sm:px-6"
    >
      {said ? <div className="relative mb-3 max-h-[38dvh] overflow-y-auto">{said}</div> : null}
      <div className="flex flex-wrap items-center justify-between gap-x-3 gap-y-2">
        <div className="flex w-full min-w-0 items-center gap-2 sm:w-auto">
          <Button icon={<Plug aria-hidden size={15} />} busy={testing} onClick={onTest}>
            {text.test}
          </Button>
          {testModel === null ? null : (
            <Input
              mono
              aria-label={text.testModel}
              placeholder={text.testModel}
              className="min-w-0 flex-1 sm:w-52"
              value={testModel}
              onChange={(event) => onTestModel(event.target.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                event.preventDefault();
                onTest();
              }}
            />
          )}
        </div>
        <div className="ml-auto flex gap-2">
          <Button look="quiet" onClick={onCancel}>
            {text.cancel}
          </Button>
          <Button type="submit" look="primary" busy={saving}>
            {text.save}
          </Button>
        </div>
      </div>
    </div>
  );
}

/** Keep what has the focus, and toasts, above the bar, however high it is at the moment. */
function leaveRoom(bar: HTMLElement | null): (() => void) | undefined {
  if (bar === null) return undefined;
  const { style } = document.documentElement;
  const observer = new ResizeObserver(() => {
    style.scrollPaddingBottom = `${bar.offsetHeight + 16}px`;
    style.setProperty("--bar", `${bar.offsetHeight}px`);
  });
  observer.observe(bar);
  return () => {
    observer.disconnect();
    style.scrollPaddingBottom = "";
    style.removeProperty("--bar");
  };
}
