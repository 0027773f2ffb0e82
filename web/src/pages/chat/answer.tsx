// An answer: thoughts folded, text, tools, pictures, what went wrong, and the line of figures below it.
import { Link } from "@tanstack/react-router";
import { ChevronRight, RefreshCw, SquareArrowOutUpRight, Wrench } from "lucide-react";
import { memo, useState } from "react";
import type { Place } from "@/chat/tree";
import type { Content, Message } from "@/chat/types";
import { count, duration, money } from "@/lib/format";
import { Markdown } from "@/markdown/render";
import { FailureNote } from "@/pages/chat/failure";
import { Files } from "@/pages/chat/files";
import { Versions } from "@/pages/chat/versions";
import { text } from "@/text/en/chat";
import { IconButton } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";

const CUT = new Set(["length", "max_tokens", "max_output_tokens", "MAX_TOKENS"]);
const FILTERED = new Set(["content_filter", "refusal", "SAFETY", "PROHIBITED_CONTENT", "RECITATION", "BLOCKLIST"]);

export interface AnswerProps {
  message: Message;
  place: Place;
  /** Whether it is being written. It stays the same element afterwards, so that nothing is drawn twice. */
  streaming: boolean;
  busy: boolean;
  onAgain: (message: Message) => void;
  onTurn: (id: string) => void;
}

export const Answer = memo(function Answer({ message, place, streaming, busy, onAgain, onTurn }: AnswerProps) {
  const { content, id } = message;
  const again = busy ? undefined : () => onAgain(message);
  const { error, reasoning, tools, attachments, finish } = content;
  const note = content.stopped
    ? text.stopped
    : finish && CUT.has(finish)
      ? text.cut
      : finish && FILTERED.has(finish)
        ? text.filtered
        : null;
  const empty = !content.text && !error && !content.stopped && !tools?.length && !attachments?.length;
  return (
    <article
      aria-label={text.answerOf(content.model ?? "")}
      aria-busy={streaming || undefined}
      data-message={id}
      className="min-w-0"
    >
      {content.model ? (
        <p className="mb-1 break-all font-mono text-ink-2 text-tag">
          <span className="sr-only">{text.answerBy} </span>
          {content.model}
        </p>
      ) : null}
      {reasoning ? (
        <Thoughts reasoning={reasoning} ms={content.reasoning_ms ?? 0} thinking={streaming && !content.text} />
      ) : null}
      {content.text ? (
        <div data-testid="answer" className="min-w-0 text-chat">
          <Markdown text={content.text} streaming={streaming} />
        </div>
      ) : null}
      {streaming && !content.text && !reasoning ? <Waiting /> : null}
      {tools?.map((tool, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: tools keep their order, and have no other key.
        <Tool key={index} name={tool.name} given={tool.arguments} />
      ))}
      {attachments?.length ? (
        <div className="mt-2">
          <Files files={attachments} />
        </div>
      ) : null}
      {empty && !streaming ? <p className="text-ink-2">{text.nothing}</p> : null}
      {note ? <p className="mt-2 text-hint text-ink-2">{note}</p> : null}
      {error ? (
        <div className="mt-2">
          <FailureNote content={content} failure={error} onAgain={again} />
        </div>
      ) : null}
      {streaming ? null : (
        <div className="-ml-1.5 mt-1.5 flex min-h-7 flex-wrap items-center gap-x-1 gap-y-1">
          {content.text ? <CopyButton text={content.text} label={text.copyAnswer} /> : null}
          {error ? null : (
            <IconButton label={text.regenerate} size="small" disabled={busy} onClick={again}>
              <RefreshCw aria-hidden size={14} />
            </IconButton>
          )}
          <Versions place={place} onTurn={onTurn} />
          <Figures content={content} />
        </div>
      )}
    </article>
  );
});

function Thoughts({ reasoning, ms, thinking }: { reasoning: string; ms: number; thinking: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="mb-2 text-ink-2" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="flex min-h-7 w-fit list-none items-center gap-1.5 rounded-control hover:text-ink [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden size={15} className={open ? "rotate-90" : ""} />
        {thinking ? text.thinking : text.thought(duration(ms * 1000))}
      </summary>
      {open ? (
        <div className="mt-1 whitespace-pre-wrap border-line border-l-2 pl-4 [overflow-wrap:anywhere]">{reasoning}</div>
      ) : null}
    </details>
  );
}

function Tool({ name, given }: { name: string; given: string }) {
  return (
    <details className="mt-2 rounded-control border border-line bg-surface">
      <summary className="flex min-h-9 items-center gap-2 px-3">
        <Wrench aria-hidden size={14} className="text-ink-2" />
        <span className="min-w-0 break-words">{text.tool(name)}</span>
      </summary>
      <pre
        tabIndex={0}
        className="relative overflow-x-auto whitespace-pre-wrap break-words border-line border-t px-3 py-2 font-mono text-hint"
      >
        {given}
      </pre>
      <p className="px-3 pb-2 text-hint text-ink-2">{text.toolNote}</p>
    </details>
  );
}

function Waiting() {
  return (
    <p aria-hidden className="flex h-6 items-center gap-1">
      <span className="size-2 animate-pulse rounded-full bg-line-strong" />
    </p>
  );
}

function Figures({ content }: { content: Content }) {
  const { usage, cost_usd, first_token_ms, total_ms, call_id } = content;
  const parts = [
    usage?.input === undefined ? null : text.tokensIn(count(usage.input)),
    usage?.output === undefined ? null : text.tokensOut(count(usage.output)),
    cost_usd ? money(Number(cost_usd) * 1e9) : null,
    first_token_ms === undefined ? null : text.firstToken(duration(first_token_ms * 1000)),
    total_ms === undefined ? null : duration(total_ms * 1000),
  ].filter((part) => part !== null);
  return (
    <span className="tabular ml-1 flex min-w-0 flex-wrap items-center gap-x-1.5 text-ink-2 text-tag">
      <span data-testid="figures">{parts.join(" · ")}</span>
      {call_id ? (
        <>
          {parts.length ? <span aria-hidden>·</span> : null}
          <Link
            to="/usage/$id/"
            params={{ id: call_id }}
            aria-label={text.requestOf}
            className="inline-flex min-h-6 items-center gap-1 underline underline-offset-2 hover:text-ink"
          >
            {text.request}
            <SquareArrowOutUpRight aria-hidden size={11} />
          </Link>
        </>
      ) : null}
    </span>
  );
}
