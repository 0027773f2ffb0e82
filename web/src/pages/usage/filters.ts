// Which calls the usage page shows: the address as it is, and the API's filters made of it. No React here.
import type { Schemas } from "@/api/client";

export type Call = Schemas["CallShown"];

export interface Search {
  span?: string;
  since?: string;
  until?: string;
  model?: string;
  api_model_id?: string;
  token_id?: string;
  user_id?: string;
  status?: string;
  endpoint?: string;
  error?: string;
  failed?: string;
  by?: string;
  sort?: string;
  live?: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Each span's length, and into how many parts a chart cuts it so that parts are round. */
const SPANS = {
  "1h": { length: HOUR, points: 60 },
  "24h": { length: DAY, points: 48 },
  "7d": { length: 7 * DAY, points: 56 },
  "30d": { length: 30 * DAY, points: 60 },
} as const;
const CUSTOM_POINTS = 48;

export type Span = keyof typeof SPANS | "custom";
export const SPAN_NAMES = Object.keys(SPANS) as Span[];

export function spanOf({ span, since, until }: Search): Span {
  if (since || until) return "custom";
  return span !== undefined && Object.hasOwn(SPANS, span) ? (span as Span) : "24h";
}

export function pointsOf(search: Search): number {
  const span = spanOf(search);
  return span === "custom" ? CUSTOM_POINTS : SPANS[span].points;
}

const NAMES = ["model", "api_model_id", "token_id", "user_id", "status", "endpoint", "error"] as const;
export type FilterName = (typeof NAMES)[number] | "failed";

export type UsageFilters = Partial<Record<(typeof NAMES)[number], string>> & {
  failed?: boolean;
  since?: string;
  until?: string;
};

/** The filters without the time. */
export function filtersOf(search: Search): UsageFilters {
  const filters: UsageFilters = {};
  for (const name of NAMES) {
    const value = search[name];
    if (value) filters[name] = value;
  }
  if (search.failed === "true" || search.failed === "false") filters.failed = search.failed === "true";
  return filters;
}

/** The whole query. A span that goes on until now has no end, so that what has just come is within it. */
export function queryOf(search: Search, now: number): UsageFilters {
  const span = spanOf(search);
  if (span !== "custom") return { ...filtersOf(search), since: iso(now - SPANS[span].length) };
  const { since, until } = search;
  const begun = since ?? (until && Number.isFinite(Date.parse(until)) ? iso(Date.parse(until) - DAY) : undefined);
  return { ...filtersOf(search), since: begun, until };
}

export function isFiltered(search: Search): boolean {
  return Object.keys(filtersOf(search)).length > 0;
}

/** Whether calls of now can be among those that are shown. */
export function goesOn(search: Search): boolean {
  return !search.until || Date.parse(search.until) > Date.now();
}

/** What makes two addresses show the same calls. */
export function keyOf(search: Search): string {
  const { since, until } = search;
  return JSON.stringify([filtersOf(search), spanOf(search), since, until]);
}

/** The change of the address that shows a stretch of time, in seconds. */
export function narrowed(from: number, until: number): Pick<Search, "span" | "since" | "until"> {
  const begun = Math.floor(from);
  return { span: undefined, since: iso(begun * 1000), until: iso(Math.max(Math.ceil(until), begun + 1) * 1000) };
}

/** The change that takes all filters away. */
export const UNFILTERED = Object.fromEntries([...NAMES, "failed"].map((name) => [name, undefined])) as Search;

function iso(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z");
}

/** A time as the field for one has it, in the reader's zone, and back. */
export function toField(at: string | number): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return "";
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

export function fromField(field: string): string | undefined {
  const at = Date.parse(field);
  return Number.isFinite(at) ? iso(at) : undefined;
}
