// One act in the list. It opens with everything that the row holds.
import { exactTime, shortTime } from "@/lib/format";
import type { Act } from "@/pages/audit/queries";
import { meanings, text } from "@/text/en/audit";
import { Badge } from "@/ui/badge";
import { Td, Tr } from "@/ui/table";

export function ActRow({ act, onOpen }: { act: Act; onOpen: () => void }) {
  return (
    <Tr
      className="cursor-pointer hover:bg-sunken"
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest("button")) return;
        if (!window.getSelection()?.toString()) onOpen();
      }}
    >
      <Td>
        <button
          type="button"
          aria-label={text.open(act.seq)}
          onClick={onOpen}
          className="rounded-[4px] underline decoration-line-strong underline-offset-3 hover:decoration-current"
        >
          <time dateTime={act.at} title={exactTime(act.at)} className="whitespace-nowrap tabular">
            {shortTime(act.at)}
          </time>
        </button>
      </Td>
      <Td className="max-w-48 truncate">{whoOf(act)}</Td>
      <Td className="max-w-96">
        <span className="block font-mono text-hint">{act.action}</span>
        <span className="block text-hint text-ink-2">{meaningOf(act)}</span>
      </Td>
      <Td className="max-w-48 truncate">{act.subject_name ?? act.subject_id ?? "–"}</Td>
      <Td className="whitespace-nowrap">{act.address ?? (act.via === "host" ? text.host : "–")}</Td>
      <Td className="whitespace-nowrap">
        <Outcome act={act} />
      </Td>
    </Tr>
  );
}

export function Outcome({ act }: { act: Act }) {
  const refused = act.outcome === "refused";
  return (
    <span className="flex items-center gap-1.5">
      <Badge kind={refused ? "danger" : "good"}>{text.outcomes[act.outcome] ?? act.outcome}</Badge>
      {act.count > 1 ? <span className="text-hint text-ink-2">{text.times(act.count)}</span> : null}
    </span>
  );
}

export function whoOf(act: Act): string {
  if (act.user_name) return act.user_name;
  if (act.via === "gateway") return text.gateway;
  return act.user_id ?? text.nobody;
}

/** What an act means; of a refused one, why it was refused. */
export function meaningOf(act: Act): string {
  return act.outcome === "refused" ? text.tried(act.reason ?? "") : (meanings[act.action] ?? "");
}
