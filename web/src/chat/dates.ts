// Chats by the day they were last used, as a person counts days.

export type Span = "today" | "yesterday" | "week" | "month" | "older";

export function spanOf(at: string, now = new Date()): Span {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const then = Date.parse(at);
  if (then >= midnight) return "today";
  const days = Math.ceil((midnight - then) / 86_400_000);
  if (days <= 1) return "yesterday";
  if (days <= 7) return "week";
  return days <= 30 ? "month" : "older";
}

/** Split a list that is newest first into spans, in order. */
export function bySpan<Row extends { updated_at: string }>(rows: readonly Row[], now = new Date()): [Span, Row[]][] {
  const spans = new Map<Span, Row[]>();
  for (const row of rows) {
    const span = spanOf(row.updated_at, now);
    spans.set(span, [...(spans.get(span) ?? []), row]);
  }
  return [...spans];
}
