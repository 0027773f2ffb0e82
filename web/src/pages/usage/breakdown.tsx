// Sums by model, token and so on: the largest by themselves, the others in one row. Numbers open the calls behind them.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useMe } from "@/api/queries";
import { compact, count, duration, money, NONE, percent } from "@/lib/format";
import { atLeast } from "@/lib/roles";
import type { Search } from "@/pages/usage/filters";
import {
  behind,
  COLUMNS,
  type Column,
  GROUP_NAMES,
  type GroupName,
  nextSort,
  type Order,
  orderOf,
  restOf,
  sorted,
  TOP,
} from "@/pages/usage/groups";
import { type Group, groupsQuery } from "@/pages/usage/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/usage";
import { Button } from "@/ui/button";
import { Loading } from "@/ui/page";
import { Select } from "@/ui/select";
import { Table, Td, Th, Tr } from "@/ui/table";

const HEADS: Record<Column, string> = {
  requests: text.requests,
  tokens: text.tokens,
  cost: text.cost,
  p95: text.p95,
  errors: text.errors,
};

export function Breakdown({ search }: { search: Search }) {
  const me = useMe();
  const navigate = useNavigate({ from: "/usage" });
  const by = GROUP_NAMES.find((each) => each === search.by) ?? "model";
  const names = GROUP_NAMES.filter((each) => each !== "user" || atLeast(me.role, "power_user"));
  return (
    <section aria-labelledby="breakdown" className="mt-7">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <h2 id="breakdown" className="font-semibold text-section">
          {text.sums}
        </h2>
        <Select
          aria-label={text.by}
          className="!w-36"
          value={by}
          onChange={(next) =>
            void navigate({
              search: (now) => ({ ...now, by: next === "model" ? undefined : next }),
              resetScroll: false,
            })
          }
          options={names.map((value) => ({ value, label: text.groups[value] ?? value }))}
        />
        {by === "day" ? <span className="text-hint text-ink-2">{text.dayNote}</span> : null}
      </div>
      <Groups search={search} by={by} />
    </section>
  );
}

function Groups({ search, by }: { search: Search; by: GroupName }) {
  const [all, setAll] = useState(false);
  const found = useQuery(groupsQuery(search, by));
  if (found.error) return <Failed error={found.error} again={() => void found.refetch()} what={text.whatGroups} />;
  if (!found.data) return <Loading rows={3} what={text.whatGroups} />;
  if (found.data.data.length === 0) return <p className="text-ink-2">{text.nothingSummary}</p>;
  const order = orderOf(search.sort);
  const groups = sorted(found.data.data, order, (group) => nameOf(by, group));
  const shown = all ? groups : groups.slice(0, TOP);
  const beyond = [...groups.slice(shown.length), ...(found.data.rest ? [found.data.rest] : [])];
  return (
    <>
      <Table label={text.groupsTable(text.groups[by] ?? by)} className="min-w-[640px]">
        <thead>
          <tr>
            <Head order={order} column="name" name={capital(text.groups[by] ?? by)} />
            {COLUMNS.map((column) => (
              <Head key={column} order={order} column={column} name={HEADS[column]} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((group) => (
            <GroupRow key={group.key ?? ""} by={by} group={group} />
          ))}
          {beyond.length ? (
            <Tr className="text-ink-2">
              <Td>{found.data.rest ? text.restMore : text.rest(beyond.length)}</Td>
              <Numbers sums={restOf(beyond)} p95={null} />
            </Tr>
          ) : null}
        </tbody>
      </Table>
      {groups.length > TOP ? (
        <Button size="small" look="quiet" className="mt-2" onClick={() => setAll(!all)}>
          {all ? text.showTop : text.showAll(groups.length)}
        </Button>
      ) : null}
    </>
  );
}

function Head({ order, column, name }: { order: Order; column: Order["column"]; name: string }) {
  const active = order.column === column;
  const Arrow = order.up ? ArrowUp : ArrowDown;
  const number = column !== "name";
  return (
    <Th number={number} aria-sort={active ? (order.up ? "ascending" : "descending") : undefined}>
      <Link
        to="/usage/"
        search={(now) => ({ ...now, sort: nextSort(order, column) })}
        resetScroll={false}
        aria-label={text.sortBy(name)}
        className={`inline-flex min-h-6 items-center gap-1 hover:text-ink ${active ? "text-ink" : ""}`}
      >
        {name}
        {active ? <Arrow aria-hidden size={13} /> : null}
      </Link>
    </Th>
  );
}

function GroupRow({ by, group }: { by: GroupName; group: Group }) {
  const rows = behind(by, group.key);
  const name = nameOf(by, group);
  return (
    <Tr>
      <Td className="max-w-80 break-words">
        <Behind rows={rows}>
          <span className={by === "model" || by === "endpoint" || by === "error" ? "font-mono text-hint" : undefined}>
            {name}
          </span>
        </Behind>
      </Td>
      <Numbers sums={group} p95={group.p95_first_us} rows={rows} name={name} />
    </Tr>
  );
}

interface NumbersProps {
  sums: Pick<Group, "count" | "errors" | "input_tokens" | "output_tokens" | "cost_nano">;
  p95: number | null;
  rows?: Search | null;
  name?: string;
}

function Numbers({ sums, p95, rows = null, name = "" }: NumbersProps) {
  const tokens = sums.input_tokens + sums.output_tokens;
  const failing = rows && (rows.failed === "false" ? null : { ...rows, failed: "true" });
  return (
    <>
      <Td number>
        <Behind rows={rows} again>
          {count(sums.count)}
        </Behind>
      </Td>
      <Td number title={count(tokens)}>
        <Behind rows={rows} again>
          {compact(tokens)}
        </Behind>
      </Td>
      <Td number>
        <Behind rows={rows} again>
          {money(sums.cost_nano)}
        </Behind>
      </Td>
      <Td number>
        <Behind rows={p95 === null ? null : rows} again>
          {p95 === null ? NONE : duration(p95)}
        </Behind>
      </Td>
      <Td number>
        {sums.errors ? (
          <Behind rows={failing} label={`${name}: ${text.errorsOf(sums.errors, sums.count)}`}>
            {percent(sums.errors, sums.count)}
          </Behind>
        ) : (
          percent(0, sums.count)
        )}
      </Td>
    </>
  );
}

interface BehindProps {
  rows: Search | null;
  /** The name of the row leads to the same, so that the keyboard need not stop here too. */
  again?: boolean;
  label?: string;
  children: ReactNode;
}

function Behind({ rows, again, label, children }: BehindProps) {
  if (!rows) return children;
  return (
    <Link
      to="/usage/"
      search={(now) => ({ ...now, ...rows })}
      hash="requests"
      tabIndex={again ? -1 : undefined}
      aria-label={label}
      className="underline-offset-2 hover:underline"
    >
      {children}
    </Link>
  );
}

function nameOf(by: GroupName, { key, name }: Group): string {
  if (key === null) return text.none[by] ?? text.nothingThere;
  if (name !== null) return name;
  return by === "api_model" || by === "token" || by === "user" ? text.gone(key) : key;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
