// A captured call as the conversation that it was: the turns that were sent, and the answer.
import { useMemo } from "react";
import { answerOf } from "@/pages/usage/request/answer";
import type { Capture } from "@/pages/usage/request/queries";
import { isConversation, type Part, type SaidTurn, turnsOf } from "@/pages/usage/request/turns";
import { text } from "@/text/en/request";
import { Notice } from "@/ui/notice";

export default function Conversation({ endpoint, read }: { endpoint: string; read: Capture }) {
  const turns = useMemo(() => turnsOf(endpoint, read.request.text ?? ""), [endpoint, read.request.text]);
  const answer = useMemo(
    () => answerOf(endpoint, read.response.content_type, read.response.text ?? ""),
    [endpoint, read.response],
  );
  if (!isConversation(endpoint)) return <p className="text-ink-2">{text.noConversation}</p>;
  if (!turns && !answer) return <p className="text-ink-2">{text.unreadable}</p>;
  const content = answer?.content;
  const parts: Part[] = [
    ...(content?.reasoning ? [{ kind: "reasoning", text: content.reasoning } as const] : []),
    ...(content?.text ? [{ kind: "text", text: content.text } as const] : []),
    ...(content?.tools ?? []).map((tool) => ({ kind: "call", name: tool.name, text: tool.arguments }) as const),
    ...(content?.attachments ?? []).map(
      (each) => ({ kind: "image", source: `data:${each.media_type};base64,${each.data}` }) as const,
    ),
  ];
  return (
    <div className="flex flex-col">
      {turns ? (
        turns.map((turn, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: turns never move.
          <Turn key={place} turn={turn} name={text.roles[turn.role] ?? turn.role} />
        ))
      ) : (
        <p className="pb-3 text-ink-2">{text.unreadable}</p>
      )}
      {parts.length ? <Turn turn={{ role: "assistant", parts }} name={text.answer} last /> : null}
      {answer?.said ? <Notice kind="danger" title={answer.said} className="mt-3" /> : null}
      {parts.length || answer?.said ? null : <p className="pt-3 text-ink-2">{text.noAnswer}</p>}
    </div>
  );
}

function Turn({ turn, name, last }: { turn: SaidTurn; name: string; last?: boolean }) {
  return (
    <div
      className={`grid gap-x-5 gap-y-1 border-line border-t py-3 first:border-t-0 first:pt-0 sm:grid-cols-[6.5rem_minmax(0,1fr)] ${last ? "-mx-4 bg-sunken px-4" : ""}`}
    >
      <h3 className="font-medium text-hint text-ink-2">{name}</h3>
      <div className="flex min-w-0 flex-col gap-2">
        {turn.parts.map((part, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts never move.
          <Said key={place} part={part} />
        ))}
      </div>
    </div>
  );
}

function Said({ part }: { part: Part }) {
  switch (part.kind) {
    case "text":
      return <p className="whitespace-pre-wrap break-words">{part.text}</p>;
    case "reasoning":
      return <Folded name={text.thought}>{part.text}</Folded>;
    case "image":
      return (
        <img
          src={part.source}
          alt={text.image}
          className="max-h-72 w-fit max-w-full rounded-control border border-line"
        />
      );
    case "elsewhere":
      return <p className="break-all text-ink-2">{text.elsewhere(part.address)}</p>;
    case "file":
      return <p className="break-all text-ink-2">{text.file(part.name)}</p>;
    case "call":
      return <Code name={text.called(part.name)}>{part.text}</Code>;
    case "result":
      return <Code name={text.result(part.name)}>{part.text}</Code>;
    case "other":
      return <Folded name={text.other}>{part.text}</Folded>;
  }
}

function Folded({ name, children }: { name: string; children: string }) {
  return (
    <details>
      <summary className="w-fit text-ink-2">{name}</summary>
      <p className="mt-1 whitespace-pre-wrap break-words border-line border-l-2 pl-3 text-ink-2">{children}</p>
    </details>
  );
}

function Code({ name, children }: { name: string; children: string }) {
  return (
    <div>
      <p className="mb-1 text-hint text-ink-2">{name}</p>
      <pre className="whitespace-pre-wrap break-words rounded-control border border-line bg-sunken px-3 py-2 font-mono text-hint">
        {children}
      </pre>
    </div>
  );
}
