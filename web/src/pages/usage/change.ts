// A number against the one of the window before, in words. No React here.

const THIN = "\u2009";

/** "+12 %", or null where there is nothing to compare with. */
export function changeOf(now: number | null, before: number | null): string | null {
  if (now === null || before === null || before === 0) return null;
  const change = (now - before) / before;
  if (change >= 9.995) return `×${Math.round(now / before)}`;
  const points = Math.round(change * 100);
  if (points === 0) return `±0${THIN}%`;
  return `${points > 0 ? "+" : "−"}${Math.abs(points)}${THIN}%`;
}
