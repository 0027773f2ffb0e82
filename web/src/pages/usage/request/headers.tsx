// The headers on both sides of Bodhi. Secrets in them were masked before they were kept.
import type { Sent } from "@/pages/usage/request/queries";
import { text } from "@/text/en/request";
import { Table, Td, Th, Tr } from "@/ui/table";

export function Headers({ sent }: { sent: Sent | null }) {
  if (!sent) return <p className="text-ink-2">{text.notSent}</p>;
  return (
    <div className="flex flex-col gap-5">
      <Side name={text.requestHeaders} headers={sent.request_headers} />
      <Side name={text.sentHeaders} headers={sent.headers} />
      <Side name={text.responseHeaders} headers={sent.response_headers} />
    </div>
  );
}

function Side({ name, headers }: { name: string; headers: readonly (readonly [string, string])[] }) {
  return (
    <div>
      <h3 className="mb-2 font-medium">{name}</h3>
      {headers.length === 0 ? (
        <p className="text-ink-2">{text.noHeaders}</p>
      ) : (
        <Table label={name}>
          <thead className="sr-only">
            <tr>
              <Th>{text.name}</Th>
              <Th>{text.value}</Th>
            </tr>
          </thead>
          <tbody>
            {headers.map(([header, value], place) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a header may be there twice, and rows never move.
              <Tr key={place} className="first:border-t-0">
                <Td className="!h-8 w-56 align-top font-mono text-hint text-ink-2">{header}</Td>
                <Td className="!h-8 break-all font-mono text-hint">{value}</Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      )}
    </div>
  );
}
