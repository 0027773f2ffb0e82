// The form's own pieces of layout: a section with its heading at the left, and one that opens.
import { ChevronRight } from "lucide-react";
import { type ReactNode, useId } from "react";

export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section
      aria-labelledby={id}
      className="grid gap-x-4 gap-y-3 border-line border-t py-6 md:grid-cols-[144px_minmax(0,1fr)]"
    >
      <h2 id={id} className="font-semibold">
        {title}
      </h2>
      <div className="flex min-w-0 flex-col gap-4">{children}</div>
    </section>
  );
}

export interface FoldProps {
  title: string;
  /** What is inside, in a few words, so that it need not be opened to know. */
  state: string;
  open: boolean;
  onOpen: (open: boolean) => void;
  children: ReactNode;
}

export function Fold({ title, state, open, onOpen, children }: FoldProps) {
  const id = useId();
  return (
    <section className="border-line border-t py-4">
      <h2>
        <button
          type="button"
          aria-expanded={open}
          aria-controls={id}
          onClick={() => onOpen(!open)}
          className="-ml-1 flex min-h-9 w-full flex-wrap items-center gap-x-2 rounded-control px-1 text-left"
        >
          <ChevronRight aria-hidden size={16} className={open ? "rotate-90 text-ink-2" : "text-ink-2"} />
          <span className="font-semibold">{title}</span>
          <span className="text-hint text-ink-2">{state}</span>
        </button>
      </h2>
      <div id={id} hidden={!open} className="mt-3 flex flex-col gap-4 md:pl-40">
        {open ? children : null}
      </div>
    </section>
  );
}

/** Something that is written as programs see it. */
export function Code({ children }: { children: ReactNode }) {
  return <code className="break-all font-mono text-ink text-tag">{children}</code>;
}

/** Between a value and the one that takes its place. */
export function Becomes() {
  return (
    <>
      <span aria-hidden> → </span>
      <span className="sr-only"> becomes </span>
    </>
  );
}
