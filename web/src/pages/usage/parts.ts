// The parts into which a window of time is cut: when they are and what they are called. No React here.
import type { Series } from "@/pages/usage/queries";

type Part = Series["data"][number];

const DAY = 86_400;
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const precise = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const moment = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

/** The middle of each part, and the ends of all, in seconds. */
export function partTimes(data: readonly Part[], length: number): { at: number[]; from: number; until: number } {
  const begun = data.map((part) => Date.parse(part.at) / 1000);
  const from = begun[0] ?? 0;
  return { at: begun.map((each) => each + length / 2), from, until: (begun.at(-1) ?? from) + length };
}

/** When a part began: as exact as its length asks for. */
export function partName(at: string, length: number): string {
  const begun = new Date(at);
  if (Number.isNaN(begun.getTime())) return "";
  if (length < 60) return precise.format(begun);
  return length >= DAY / 20 || new Date().toDateString() !== begun.toDateString()
    ? moment.format(begun)
    : clock.format(begun);
}

export function peakOf(
  data: readonly Part[],
  read: (part: Part) => number | null,
): { part: Part; value: number } | null {
  let peak: { part: Part; value: number } | null = null;
  for (const part of data) {
    const value = read(part);
    if (value !== null && value > (peak?.value ?? 0)) peak = { part, value };
  }
  return peak;
}
