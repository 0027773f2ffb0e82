// Rows that come by themselves: those on top of the list, and those that wait until the reader lets them in. No React.
import type { Call } from "@/pages/usage/filters";

/** Beyond so many rows the list is begun anew instead. */
export const MOST_ROWS = 500;

export interface LiveRows {
  shown: readonly Call[];
  waiting: readonly Call[];
  /** There were more than can be kept: what is on top no longer joins what was loaded before. */
  overflowed: boolean;
}

export const NO_ROWS: LiveRows = { shown: [], waiting: [], overflowed: false };

export type LiveEvent =
  | { type: "came"; call: Call; held: boolean }
  | { type: "overflowed" }
  | { type: "let in" }
  | { type: "cleared" };

export function withEvent(rows: LiveRows, event: LiveEvent): LiveRows {
  switch (event.type) {
    case "came": {
      if (rows.overflowed) return rows;
      if (rows.shown.length + rows.waiting.length >= MOST_ROWS) return { ...rows, overflowed: true };
      if (event.held) return { ...rows, waiting: [event.call, ...rows.waiting] };
      return { ...rows, shown: [event.call, ...rows.waiting, ...rows.shown], waiting: [] };
    }
    case "overflowed":
      return { ...rows, overflowed: true };
    case "let in":
      return rows.waiting.length ? { ...rows, shown: [...rows.waiting, ...rows.shown], waiting: [] } : rows;
    case "cleared":
      return NO_ROWS;
  }
}

/** What is newer than all that is known, oldest first, or null where more was missed than there is. */
export function missed(newest: readonly Call[], known: readonly Call[]): Call[] | null {
  const ids = new Set(known.map((call) => call.id));
  const met = newest.findIndex((call) => ids.has(call.id));
  if (met < 0) return known.length === 0 || newest.length === 0 ? [...newest].reverse() : null;
  return newest.slice(0, met).reverse();
}

/** The rows on top and those that were loaded, each call once. */
export function merged(live: readonly Call[], loaded: readonly Call[]): Call[] {
  const seen = new Set<string>();
  return [...live, ...loaded].filter(({ id }) => !seen.has(id) && seen.add(id));
}
