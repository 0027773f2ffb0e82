// One direction as it was: JSON set out in lines, other text as it came, and what is no text only by its size.
import { useMemo } from "react";
import { parse } from "@/chat/json";
import { bytes } from "@/lib/format";
import type { Said } from "@/pages/usage/request/queries";
import { text } from "@/text/en/request";
import { CopyButton } from "@/ui/copy-button";
import { Notice } from "@/ui/notice";

export function SaidBody({ said, copy }: { said: Said; copy: string }) {
  const shown = useMemo(() => setOut(said.text ?? ""), [said.text]);
  if (said.text === null) {
    if (said.bytes === 0) return <p className="text-ink-2">{text.noBody}</p>;
    const kind = [said.content_type ?? "", said.content_encoding ?? ""].filter(Boolean).join(", ");
    return <p className="text-ink-2">{text.notText(bytes(said.bytes), kind)}</p>;
  }
  if (!said.text) return <p className="text-ink-2">{text.noBody}</p>;
  return (
    <>
      {said.truncated ? (
        <Notice kind="warn" className="mb-3" title={text.cut(bytes(new Blob([said.text]).size), bytes(said.bytes))} />
      ) : null}
      <div className="relative">
        <div className="absolute top-1 right-1 z-10 rounded-control bg-surface">
          <CopyButton text={said.text} label={copy} />
        </div>
        <pre
          tabIndex={0}
          className="relative max-h-[70vh] overflow-auto whitespace-pre-wrap break-words pr-10 font-mono text-hint leading-5"
        >
          {shown}
        </pre>
      </div>
    </>
  );
}

function setOut(body: string): string {
  const value = parse(body);
  return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : body;
}
