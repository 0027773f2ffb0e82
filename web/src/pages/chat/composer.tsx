// Where one writes: the message, its files, the model, send and stop. A draft survives a reload, per chat and tab.
import { ArrowUp, Paperclip, Square } from "lucide-react";
import { type ReactNode, type RefObject, useEffect, useRef, useState } from "react";
import { readFiles } from "@/chat/files";
import type { Attachment } from "@/chat/types";
import { Files } from "@/pages/chat/files";
import { text } from "@/text/en/chat";
import { buttonClass, IconButton } from "@/ui/button";

export interface ComposerProps {
  /** Whose draft it is. */
  draft: string;
  area: RefObject<HTMLTextAreaElement | null>;
  running: boolean;
  /** Returns whether the message was taken. */
  onSend: (text: string, files: Attachment[]) => boolean;
  onStop: () => void;
  onEditLast: () => void;
  /** The picker of models. */
  model: ReactNode;
  tools?: ReactNode;
  /** Files that were dropped elsewhere on the page. */
  dropped: File[];
  onDropTaken: () => void;
}

const keyOf = (draft: string) => `bodhi.draft.${draft}`;

export function Composer(props: ComposerProps) {
  const { draft, area, running, onSend, onStop, onEditLast, model, tools, dropped, onDropTaken } = props;
  const [typed, setTyped] = useState(() => sessionStorage.getItem(keyOf(draft)) ?? "");
  const [files, setFiles] = useState<Attachment[]>([]);
  const [problems, setProblems] = useState<string[]>([]);
  const input = useRef<HTMLInputElement>(null);

  useEffect(() => {
    if (typed) sessionStorage.setItem(keyOf(draft), typed);
    else sessionStorage.removeItem(keyOf(draft));
  }, [typed, draft]);

  const add = async (given: readonly File[]) => {
    if (!given.length) return;
    const { taken, refused } = await readFiles(given, files);
    setFiles((now) => [...now, ...taken]);
    setProblems(refused.map(text.refused));
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is dropped is taken once.
  useEffect(() => {
    if (!dropped.length) return;
    void add(dropped);
    onDropTaken();
  }, [dropped]);

  const able = !running && (typed.trim() !== "" || files.length > 0);
  const send = () => {
    if (!able || !onSend(typed.trim(), files)) return;
    sessionStorage.removeItem(keyOf(draft));
    setTyped("");
    setFiles([]);
    setProblems([]);
  };
  return (
    <form
      className="mx-auto w-full max-w-[808px] px-3 pb-3 sm:px-5 sm:pb-4"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className="flex flex-col gap-1 rounded-dialog border border-line-strong bg-surface px-3 pt-2.5 pb-2 has-[textarea:focus]:border-accent">
        {files.length ? (
          <div className="px-1 pt-2 pb-1">
            <Files files={files} onRemove={(index) => setFiles((now) => now.filter((_, each) => each !== index))} />
          </div>
        ) : null}
        {problems.length ? (
          <div role="alert" className="px-1 text-danger text-hint">
            {problems.map((problem) => (
              <p key={problem}>{problem}</p>
            ))}
          </div>
        ) : null}
        <textarea
          ref={area}
          data-composer
          aria-label={text.message}
          placeholder={text.placeholder}
          rows={1}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
          onPaste={(event) => {
            const pasted = [...event.clipboardData.files];
            if (!pasted.length) return;
            event.preventDefault();
            void add(pasted);
          }}
          onKeyDown={(event) => {
            if (event.nativeEvent.isComposing) return;
            if (event.key === "Enter" && !event.shiftKey) {
              event.preventDefault();
              send();
            } else if (event.key === "ArrowUp" && !typed && !running) {
              event.preventDefault();
              onEditLast();
            }
          }}
          className="field-sizing-content max-h-[40dvh] min-h-7 w-full resize-none bg-transparent px-1 text-chat outline-none"
        />
        <div className="flex min-w-0 items-center gap-1">
          <IconButton label={text.attach} onClick={() => input.current?.click()} className="-ml-1">
            <Paperclip aria-hidden size={17} />
          </IconButton>
          <input
            ref={input}
            type="file"
            multiple
            hidden
            aria-label={text.attach}
            onChange={(event) => {
              void add([...(event.target.files ?? [])]);
              event.target.value = "";
            }}
          />
          <div className="min-w-0 flex-1">{model}</div>
          {tools}
          {running ? (
            <button
              type="button"
              aria-label={text.stop}
              title={`${text.stop} (Esc)`}
              onClick={onStop}
              className={buttonClass("plain", "normal", "gap-1.5")}
            >
              <Square aria-hidden size={12} fill="currentColor" />
              {text.stop}
            </button>
          ) : (
            <button
              type="submit"
              aria-label={text.send}
              title={`${text.send} (Enter)`}
              disabled={!able}
              className={buttonClass("primary", "normal", "!w-9 !px-0")}
            >
              <ArrowUp aria-hidden size={17} />
            </button>
          )}
        </div>
      </div>
    </form>
  );
}
