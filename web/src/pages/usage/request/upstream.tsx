// What was sent to the provider against what the client sent: each difference with its reason.
import type { Sent } from "@/pages/usage/request/queries";
import { SaidBody } from "@/pages/usage/request/said-body";
import { text } from "@/text/en/request";
import { Badge, statusKind } from "@/ui/badge";
import { Table, Td, Th, Tr } from "@/ui/table";

type Change = Sent["changes"][number];

export function Upstream({ sent }: { sent: Sent | null }) {
  if (!sent) return <p className="text-ink-2">{text.notSent}</p>;
  return (
    <>
      <p className="mb-3 flex flex-wrap items-center gap-2">
        <span className="break-all font-mono text-hint">{text.sentTo(sent.method, sent.url)}</span>
        {sent.response_status === null ? (
          <Badge kind="danger">{text.unanswered}</Badge>
        ) : (
          <Badge kind={statusKind(sent.response_status)}>{text.answered(sent.response_status)}</Badge>
        )}
      </p>
      {sent.changes.length === 0 ? (
        <p className="text-ink-2">{text.noChanges}</p>
      ) : (
        <Table label={text.changesTable} className="min-w-[560px]">
          <thead>
            <tr>
              <Th>
                <span className="sr-only">{text.changesTable}</span>
              </Th>
              <Th>{text.part}</Th>
              <Th>{text.name}</Th>
              <Th>{text.received}</Th>
              <Th>{text.sent}</Th>
              <Th>{text.why}</Th>
            </tr>
          </thead>
          <tbody>
            {sent.changes.map((change, place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a header may be changed twice, and rows never move.
              <ChangeRow key={place} change={change} />
            ))}
          </tbody>
        </Table>
      )}
      {sent.body === null ? (
        <p className="mt-3 text-ink-2">{text.sameBody}</p>
      ) : (
        <details className="mt-3">
          <summary className="mb-2 w-fit font-medium">{text.wholeBody}</summary>
          <SaidBody said={sent.body} copy={text.copySent} />
        </details>
      )}
    </>
  );
}

function ChangeRow({ change }: { change: Change }) {
  const { before, after } = change;
  const [sign, word, ink] =
    before === null
      ? ["+", text.added, "text-accent"]
      : after === null
        ? ["−", text.removed, "text-danger"]
        : ["±", text.altered, "text-warn"];
  return (
    <Tr>
      <Td className={`w-8 text-center font-mono font-semibold ${ink}`}>
        <span aria-hidden>{sign}</span>
        <span className="sr-only">{word}</span>
      </Td>
      <Td className="text-ink-2">{text.parts[change.part] ?? change.part}</Td>
      <Td className="max-w-48 break-words font-mono text-hint">{change.name}</Td>
      <Td className="max-w-64 break-all font-mono text-hint">
        {before === null ? null : <del className="rounded-[3px] bg-danger-soft px-1 no-underline">{before}</del>}
      </Td>
      <Td className="max-w-64 break-all font-mono text-hint">
        {after === null ? null : <ins className="rounded-[3px] bg-accent-soft px-1 no-underline">{after}</ins>}
      </Td>
      <Td className="text-ink-2">{change.reason}</Td>
    </Tr>
  );
}
