// How a series looks in its chart, for the legend: a plain or striped square, a whole or broken line.
import type { ChartColour } from "@/ui/plot";

const INKS: Record<ChartColour, string> = {
  accent: "text-accent",
  warn: "text-warn",
  danger: "text-danger",
  "line-strong": "text-line-strong",
};

export function Swatch({ kind, colour, dashed }: { kind: "bars" | "lines"; colour: ChartColour; dashed?: number[] }) {
  return (
    <svg aria-hidden="true" width={kind === "bars" ? 10 : 18} height="10" className={INKS[colour]}>
      {kind === "bars" ? (
        <>
          <rect width="10" height="10" rx="2.5" fill="currentColor" />
          {dashed ? <path d="M-1 6 6 -1M1 11 11 1M6 13 13 6" className="stroke-surface" strokeWidth="1.4" /> : null}
        </>
      ) : (
        <path d="M0 5H18" stroke="currentColor" strokeWidth="2" strokeDasharray={dashed?.join(" ")} />
      )}
    </svg>
  );
}
