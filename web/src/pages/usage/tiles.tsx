// The five numbers of the window, each with its course and with what it was in the window before.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { compact, count, duration, money, percent } from "@/lib/format";
import { changeOf } from "@/pages/usage/change";
import { type Search, spanOf } from "@/pages/usage/filters";
import type { Series } from "@/pages/usage/queries";
import { text } from "@/text/en/usage";
import { Skeleton } from "@/ui/page";
import { Sparkline } from "@/ui/sparkline";

export function Tiles({ series, search }: { series: Series | undefined; search: Search }) {
  if (!series)
    return (
      <Grid>
        {[0, 1, 2, 3, 4].map((each) => (
          <Skeleton key={each} className="h-27 rounded-card" />
        ))}
      </Grid>
    );
  const { total, before, data } = series;
  const tokens = total.input_tokens + total.output_tokens;
  const tokensBefore = before.input_tokens + before.output_tokens;
  const window = text.before[spanOf(search)] ?? "";
  const rate = total.count ? total.errors / total.count : null;
  const rateBefore = before.count ? before.errors / before.count : null;
  return (
    <Grid>
      <Tile
        name={text.requests}
        value={count(total.count)}
        change={changeOf(total.count, before.count)}
        compared={text.compared(count(before.count), window)}
        hint={text.compared(count(before.count), window)}
        course={data.map((each) => each.count)}
        rows={{}}
      />
      <Tile
        name={text.tokens}
        value={compact(tokens)}
        exact={count(tokens)}
        change={changeOf(tokens, tokensBefore)}
        compared={text.compared(compact(tokensBefore), window)}
        hint={text.tokensSplit(compact(total.input_tokens), compact(total.output_tokens))}
        course={data.map((each) => each.input_tokens + each.output_tokens)}
        rows={{}}
      />
      <Tile
        name={text.cost}
        value={money(total.cost_nano)}
        exact={total.cost_usd ? `$${total.cost_usd}` : undefined}
        change={changeOf(total.cost_nano, before.cost_nano)}
        compared={text.compared(money(before.cost_nano), window)}
        hint={total.unpriced ? text.unpriced(total.unpriced) : text.listPrices}
        course={data.map((each) => each.cost_nano ?? 0)}
        rows={{}}
      />
      <Tile
        name={text.firstTile}
        value={duration(total.first_p95_us)}
        change={changeOf(total.first_p95_us, before.first_p95_us)}
        compared={text.compared(duration(before.first_p95_us), window)}
        hint={text.median(total.first_p50_us)}
        course={data.map((each) => each.first_p95_us)}
        rows={{}}
      />
      <Tile
        name={text.errors}
        value={percent(total.errors, total.count)}
        change={changeOf(rate, rateBefore)}
        compared={text.compared(percent(before.errors, before.count), window)}
        hint={text.errorsOf(total.errors, total.count)}
        course={data.map((each) => (each.count ? each.errors / each.count : 0))}
        rows={{ failed: "true", status: undefined }}
      />
    </Grid>
  );
}

function Grid({ children }: { children: ReactNode }) {
  return (
    <section aria-label={text.totals} className="grid grid-cols-2 gap-3 lg:grid-cols-5">
      {children}
    </section>
  );
}

interface TileProps {
  name: string;
  value: string;
  /** The number in full, where the value is rounded. */
  exact?: string;
  change: string | null;
  /** What the change is against. */
  compared: string;
  hint: string;
  course: readonly (number | null)[];
  /** The change of the address that shows the rows behind the number. */
  rows: Search;
}

function Tile({ name, value, exact, change, compared, hint, course, rows }: TileProps) {
  return (
    <div
      role="group"
      aria-label={name}
      className="min-w-0 rounded-card border border-line bg-surface px-4 pt-3 pb-2.5 max-lg:last:col-span-2"
    >
      <p className="truncate text-hint text-ink-2">{name}</p>
      <p className="flex items-baseline justify-between gap-2">
        <Link
          to="/usage/"
          search={(now) => ({ ...now, ...rows })}
          hash="requests"
          title={exact}
          className="truncate font-semibold text-[1.25rem] leading-7 tabular underline-offset-4 hover:underline"
        >
          {value}
        </Link>
        {change ? (
          <span title={compared} className="shrink-0 text-tag text-ink-2 tabular">
            {change}
            <span className="sr-only">, {compared}</span>
          </span>
        ) : null}
      </p>
      <p className="mb-1 truncate text-hint text-ink-2" title={hint}>
        {hint}
      </p>
      <Sparkline values={course} />
    </div>
  );
}
