// Everything that one row of the trail holds, with what it changed.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { exactTime } from "@/lib/format";
import { meaningOf, Outcome, whoOf } from "@/pages/audit/act-row";
import { differences } from "@/pages/audit/change";
import { type Act, actQuery } from "@/pages/audit/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/audit";
import { buttonClass } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Dialog } from "@/ui/dialog";
import { Loading } from "@/ui/page";
import { Table, Td, Th, Tr } from "@/ui/table";

export function ActDialog({ seq, onClose }: { seq: number; onClose: () => void }) {
  const { data: act, error, refetch } = useQuery(actQuery(seq));
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={act ? <span className="font-mono">{act.action}</span> : text.number(seq)}
      description={act ? meaningOf(act) : null}
    >
      {error ? <Failed error={error} again={() => void refetch()} what={text.what} /> : null}
      {act === undefined && !error ? <Loading rows={3} what={text.what} /> : null}
      {act === null ? <p className="pb-3 text-ink-2">{text.notThere}</p> : null}
      {act ? <Everything act={act} /> : null}
    </Dialog>
  );
}

function Everything({ act }: { act: Act }) {
  return (
    <div className="flex flex-col gap-5 pb-3">
      <dl className="grid gap-x-6 gap-y-3 sm:grid-cols-2">
        <Fact name={text.when}>
          {exactTime(act.at)} · {text.number(act.seq)}
        </Fact>
        <Fact name={text.result}>
          <Outcome act={act} />
          {act.reason ? <code className="font-mono text-hint">{act.reason}</code> : null}
        </Fact>
        <Fact name={text.who}>{whoOf(act)}</Fact>
        <Fact name={text.where}>
          {act.address ?? "–"} · {text.ways[act.via] ?? act.via}
        </Fact>
        {act.subject_id || act.subject_name ? (
          <Fact name={text.whom}>
            {act.subject_name ?? ""}{" "}
            {act.subject_id ? <code className="break-all font-mono text-hint text-ink-2">{act.subject_id}</code> : null}
          </Fact>
        ) : null}
        {act.token_id ? (
          <Fact name={text.token}>{<code className="font-mono text-hint">{act.token_id}</code>}</Fact>
        ) : null}
        {act.session_id ? (
          <Fact name={text.session}>{<code className="font-mono text-hint">{act.session_id}</code>}</Fact>
        ) : null}
      </dl>
      <Changed act={act} />
      <div>
        <p className="text-hint text-ink-2">{text.mac}</p>
        <p className="flex items-center gap-2">
          <code className="min-w-0 truncate font-mono text-hint">{act.mac}</code>
          <CopyButton text={act.mac} label={text.copyMac} />
        </p>
      </div>
      <div className="flex flex-wrap gap-2">
        {act.user_id ? (
          <Link to="/audit/" search={{ user_id: act.user_id }} className={buttonClass("plain", "small")}>
            {text.byThem}
          </Link>
        ) : null}
        {act.subject_id ? (
          <Link to="/audit/" search={{ subject_id: act.subject_id }} className={buttonClass("plain", "small")}>
            {text.aboutIt}
          </Link>
        ) : null}
      </div>
    </div>
  );
}

function Changed({ act }: { act: Act }) {
  const changes = differences(act.before, act.after);
  if (changes.length === 0) return <p className="text-ink-2">{text.noChange}</p>;
  return (
    <Table label={text.changed} className="min-w-[440px]">
      <thead>
        <tr>
          <Th>{text.field}</Th>
          <Th>{text.before}</Th>
          <Th>{text.after}</Th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ field, before, after }) => (
          <Tr key={field}>
            <Td className="align-top font-mono text-hint text-ink-2">{field}</Td>
            <Td className="break-all align-top font-mono text-hint">
              {before === null ? (
                "–"
              ) : before === after ? (
                before
              ) : (
                <del className="rounded-[3px] bg-danger-soft px-1 no-underline">{before}</del>
              )}
            </Td>
            <Td className="break-all align-top font-mono text-hint">
              {after === null ? (
                "–"
              ) : before === after ? (
                after
              ) : (
                <ins className="rounded-[3px] bg-accent-soft px-1 no-underline">{after}</ins>
              )}
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-hint text-ink-2">{name}</dt>
      <dd className="flex flex-wrap items-center gap-x-1.5 break-words">{children}</dd>
    </div>
  );
}
