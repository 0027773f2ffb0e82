// A small word in a box: a status, a source, a count.
import clsx from "clsx";
import type { ReactNode } from "react";

export type BadgeKind = "good" | "warn" | "danger" | "plain";

const looks: Record<BadgeKind, string> = {
  good: "bg-accent-soft text-accent",
  warn: "bg-warn-soft text-warn",
  danger: "bg-danger-soft text-danger",
  plain: "border border-line bg-sunken text-ink-2",
};

export function Badge({ kind = "plain", mono, children }: { kind?: BadgeKind; mono?: boolean; children: ReactNode }) {
  return (
    <span
      className={clsx(
        "inline-flex h-5.5 max-w-full items-center gap-1 whitespace-nowrap rounded-[5px] px-1.5 font-medium text-tag",
        mono && "font-mono",
        looks[kind],
      )}
    >
      {children}
    </span>
  );
}

/** The kind of an HTTP status. */
export function statusKind(status: number): BadgeKind {
  return status >= 500 ? "danger" : status >= 400 ? "warn" : "good";
}
