// What went wrong or wants attention, in place: what happened, who said it, what to do; the raw reply folded.
import clsx from "clsx";
import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";

export type NoticeKind = "danger" | "warn" | "info" | "good";

const looks = {
  danger: { box: "border-danger/40 bg-danger-soft", icon: CircleAlert, ink: "text-danger" },
  warn: { box: "border-warn/40 bg-warn-soft", icon: TriangleAlert, ink: "text-warn" },
  info: { box: "border-line bg-sunken", icon: Info, ink: "text-ink-2" },
  good: { box: "border-accent/40 bg-accent-soft", icon: CircleCheck, ink: "text-accent" },
} as const;

export interface NoticeProps {
  kind?: NoticeKind;
  title: ReactNode;
  children?: ReactNode;
  /** The reply as it came, shown on demand. */
  reply?: string | null;
  actions?: ReactNode;
  className?: string;
}

export function Notice({ kind = "info", title, children, reply, actions, className }: NoticeProps) {
  const { box, icon: Icon, ink } = looks[kind];
  return (
    <div
      role={kind === "danger" || kind === "warn" ? "alert" : "status"}
      className={clsx("flex items-start gap-2.5 rounded-control border px-3.5 py-2.5", box, className)}
    >
      <Icon aria-hidden size={16} className={clsx("mt-0.5 shrink-0", ink)} />
      <div className="min-w-0 flex-1">
        <p className="break-words font-medium">{title}</p>
        {children ? <div className="break-words text-hint">{children}</div> : null}
        {reply ? (
          <details className="mt-1 text-hint">
            <summary className="w-fit underline underline-offset-2">Show reply</summary>
            <pre
              tabIndex={0}
              className="relative mt-1 max-h-48 overflow-auto whitespace-pre-wrap break-all font-mono text-tag"
            >
              {reply}
            </pre>
          </details>
        ) : null}
        {actions ? <div className="mt-2 flex flex-wrap gap-2">{actions}</div> : null}
      </div>
    </div>
  );
}
