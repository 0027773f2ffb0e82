// The two charts: how many requests, and how long until the first token. Each with its legend, summary and table.
import { useNavigate } from "@tanstack/react-router";
import { type ReactNode, useMemo, useState } from "react";
import { count, duration, NONE } from "@/lib/format";
import { narrowed } from "@/pages/usage/filters";
import { partName, partTimes, peakOf } from "@/pages/usage/parts";
import type { Series } from "@/pages/usage/queries";
import { text } from "@/text/en/usage";
import { Button } from "@/ui/button";
import { Chart, type ChartProps } from "@/ui/chart";
import { Skeleton } from "@/ui/page";
import type { ChartSeries } from "@/ui/plot";
import { Swatch } from "@/ui/swatch";
import { Table, Td, Th, Tr } from "@/ui/table";

export function Charts({ series }: { series: Series | undefined }) {
  if (!series) {
    return (
      <div className="grid gap-4 lg:grid-cols-2">
        <Skeleton className="h-70 rounded-card" />
        <Skeleton className="h-70 rounded-card" />
      </div>
    );
  }
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <RequestsChart series={series} />
      <FirstChart series={series} />
    </div>
  );
}

function RequestsChart({ series: { data, total, bucket_seconds } }: { series: Series }) {
  const drawn = useMemo<ChartSeries[]>(
    () => [
      { label: text.ok, colour: "accent", values: data.map((each) => each.ok) },
      { label: text.clientErrors, colour: "warn", values: data.map((each) => each.client_errors), dash: [4, 3] },
      { label: text.serverErrors, colour: "danger", values: data.map((each) => each.server_errors) },
    ],
    [data],
  );
  const peak = peakOf(data, (each) => each.count);
  const summary = peak
    ? text.requestsSummary(
        total.count,
        peak.value,
        partName(peak.part.at, bucket_seconds),
        total.client_errors,
        total.server_errors,
      )
    : text.nothingSummary;
  return (
    <ChartCard
      name={text.requests}
      kind="bars"
      drawn={drawn}
      totals={[total.ok, total.client_errors, total.server_errors].map(count)}
      summary={summary}
      format={count}
      data={data}
      length={bucket_seconds}
    />
  );
}

function FirstChart({ series: { data, total, bucket_seconds } }: { series: Series }) {
  const drawn = useMemo<ChartSeries[]>(
    () => [
      { label: "p50", colour: "accent", values: data.map((each) => each.first_p50_us) },
      { label: "p95", colour: "warn", values: data.map((each) => each.first_p95_us), dash: [7, 4] },
      { label: "p99", colour: "line-strong", values: data.map((each) => each.first_p99_us), dash: [2, 3] },
    ],
    [data],
  );
  const slowest = peakOf(data, (each) => each.first_p95_us);
  const summary = slowest
    ? text.firstSummary(
        total.first_p50_us,
        total.first_p95_us,
        total.first_p99_us,
        partName(slowest.part.at, bucket_seconds),
      )
    : text.noFirst;
  return (
    <ChartCard
      name={text.first}
      kind="lines"
      drawn={drawn}
      totals={[total.first_p50_us, total.first_p95_us, total.first_p99_us].map(duration)}
      summary={summary}
      format={duration}
      data={data}
      length={bucket_seconds}
    />
  );
}

interface ChartCardProps extends Pick<ChartProps, "kind" | "summary"> {
  name: string;
  drawn: readonly ChartSeries[];
  totals: readonly string[];
  format: (value: number | null) => string;
  data: Series["data"];
  /** Seconds of a part. */
  length: number;
}

function ChartCard({ name, kind, drawn, totals, summary, format, data, length }: ChartCardProps) {
  const navigate = useNavigate({ from: "/usage" });
  const [asTable, setAsTable] = useState(false);
  const { at, from, until } = useMemo(() => partTimes(data, length), [data, length]);
  return (
    <section
      aria-label={text.overTime(name)}
      className="min-w-0 rounded-card border border-line bg-surface px-4 pt-3 pb-3"
    >
      <header className="mb-2">
        <div className="flex items-center justify-between gap-3">
          <h2 className="font-semibold">{name}</h2>
          <Button
            size="small"
            look="quiet"
            className="-mr-2"
            aria-expanded={asTable}
            aria-label={`${name}: ${asTable ? text.showChart : text.showTable}`}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? text.showChart : text.showTable}
          </Button>
        </div>
        <ul aria-label={text.legendOf(name)} className="flex flex-wrap gap-x-3.5 text-hint text-ink-2">
          {drawn.map((each, index) => (
            <li key={each.label} className="flex items-center gap-1.5 whitespace-nowrap tabular">
              <Swatch kind={kind} colour={each.colour} dashed={each.dash} />
              {each.label} {totals[index]}
            </li>
          ))}
        </ul>
      </header>
      {asTable ? (
        <PartsTable name={name} drawn={drawn} data={data} length={length} format={format} />
      ) : (
        <Chart
          kind={kind}
          from={from}
          until={until}
          at={at}
          series={drawn}
          summary={`${name}. ${summary}`}
          format={(value) => (Number.isFinite(value) ? format(value) : NONE)}
          partName={(index) => partName(data[index]?.at ?? "", length)}
          onNarrow={(since, end) => void navigate({ search: (now) => ({ ...now, ...narrowed(since, end) }) })}
        />
      )}
    </section>
  );
}

function PartsTable({
  name,
  drawn,
  data,
  length,
  format,
}: Omit<ChartCardProps, "kind" | "summary" | "totals">): ReactNode {
  return (
    <div className="[&>div]:max-h-52 [&>div]:overflow-y-auto">
      <Table label={text.tableOf(name)}>
        <thead className="sticky top-0 bg-surface">
          <tr>
            <Th>{text.time}</Th>
            {drawn.map((each) => (
              <Th key={each.label} number>
                {each.label}
              </Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.map((part, index) => (
            <Tr key={part.at}>
              <Td className="!h-8 whitespace-nowrap">{partName(part.at, length)}</Td>
              {drawn.map((each) => (
                <Td key={each.label} number className="!h-8">
                  {format(each.values[index] ?? null)}
                </Td>
              ))}
            </Tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
