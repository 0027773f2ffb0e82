// Where the time of a call went: steps whose durations add up to its total. No React here.
import type { Call } from "@/pages/usage/filters";

export type StepName = "checked" | "read" | "chosen" | "connected" | "first" | "answer" | "sent" | "left" | "ended";

export interface Step {
  name: StepName;
  /** Microseconds from the call's start. */
  from: number;
  took: number;
}

type Timed = Pick<
  Call,
  "checked_us" | "read_us" | "chosen_us" | "connected_us" | "first_byte_us" | "total_us" | "stream" | "error"
>;

/** Each step begins where the one before ended. What the call did not come to is left out, and the next has its time. */
export function stepsOf(call: Timed): Step[] {
  const marks: [StepName, number | null][] = [
    ["checked", call.checked_us],
    ["read", call.read_us],
    ["chosen", call.chosen_us],
    ["connected", call.connected_us],
    [call.stream ? "first" : "answer", call.first_byte_us],
  ];
  const steps: Step[] = [];
  let from = 0;
  for (const [name, at] of marks) {
    if (at === null) continue;
    const until = Math.min(Math.max(at, from), call.total_us);
    steps.push({ name, from, took: until - from });
    from = until;
  }
  steps.push({ name: lastOf(call), from, took: call.total_us - from });
  return steps;
}

function lastOf({ first_byte_us, error }: Timed): StepName {
  if (error === "client_left") return "left";
  return first_byte_us === null ? "ended" : "sent";
}

/** Shorter streams say nothing about a rate. */
const LEAST_US = 100_000;

/** Tokens a second while the answer was streamed. */
export function rateOf(call: Timed & Pick<Call, "output_tokens">): number | null {
  const streamed = call.first_byte_us === null ? 0 : call.total_us - call.first_byte_us;
  if (!call.stream || !call.output_tokens || streamed < LEAST_US) return null;
  return Math.round(call.output_tokens / (streamed / 1e6));
}
