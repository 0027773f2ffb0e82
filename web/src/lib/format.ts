// Numbers, money, durations and times as people read them, by `Intl`, in the reader's language and time zone.

const locale = "en";
const whole = new Intl.NumberFormat(locale);
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 2 });
const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "long" });
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });

export const NONE = "–";
const THIN = "\u2009";

export function count(value: number | null | undefined): string {
  return value == null ? NONE : whole.format(value);
}

export function compact(value: number | null | undefined): string {
  return value == null ? NONE : value < 10_000 ? whole.format(value) : short.format(value);
}

/** Billionths of a US dollar as dollars: four decimals for small sums, two from one dollar on. */
export function money(nano: number | null | undefined): string {
  if (nano == null) return NONE;
  const dollars = nano / 1e9;
  if (dollars === 0) return "$0";
  if (dollars < 0.0001) return "<$0.0001";
  return dollars < 1
    ? `$${dollars.toFixed(4)}`
    : `$${new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(dollars)}`;
}

/** Microseconds as milliseconds, seconds or minutes. */
export function duration(us: number | null | undefined): string {
  if (us == null) return NONE;
  const ms = us / 1000;
  if (ms < 9.95) return `${ms === 0 ? "0" : ms < 0.005 ? "<0.01" : ms.toFixed(ms < 1 ? 2 : 1)}${THIN}ms`;
  if (ms < 999.5) return `${Math.round(ms)}${THIN}ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)}${THIN}s`;
  return `${Math.floor(seconds / 60)}${THIN}min ${Math.round(seconds % 60)}${THIN}s`;
}

export function percent(part: number, of: number): string {
  if (!of) return NONE;
  const value = (part / of) * 100;
  return `${value === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)}${THIN}%`;
}

export function bytes(value: number | null | undefined): string {
  if (value == null) return NONE;
  const units = ["B", "KB", "MB", "GB"];
  let step = 0;
  let left = value;
  while (left >= 1024 && step < units.length - 1) {
    left /= 1024;
    step += 1;
  }
  return `${step && left < 10 ? left.toFixed(1) : Math.round(left)}${THIN}${units[step]}`;
}

const spans: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function relativeTime(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000;
  for (const [unit, span] of spans) {
    if (Math.abs(seconds) >= span) return relative.format(Math.trunc(seconds / span), unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

export function exactTime(at: string): string {
  return exact.format(new Date(at));
}

export function clockTime(at: string): string {
  return clock.format(new Date(at));
}

/** The time of day, with the day before it where it was not today. */
export function shortTime(at: string): string {
  const moment = new Date(at);
  const time = clock.format(moment);
  return moment.toDateString() === new Date().toDateString() ? time : `${shortDay.format(moment)} ${time}`;
}

export function dayOf(at: string): string {
  return day.format(new Date(at));
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
