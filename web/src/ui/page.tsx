// The frame of a page's content: its one heading, its actions, and the width that suits what is on it.
import clsx from "clsx";
import { type ReactNode, useEffect } from "react";

const widths = { form: "max-w-[768px]", table: "max-w-[1152px]" } as const;

export interface PageProps {
  title: string;
  /** Stands in the place of the title, which then only names the window. */
  heading?: ReactNode;
  /** What stands before the heading, such as the way back. */
  above?: ReactNode;
  actions?: ReactNode;
  /** One sentence below the heading. */
  lead?: ReactNode;
  width?: keyof typeof widths;
  children: ReactNode;
}

export function Page({ title, heading, above, actions, lead, width = "table", children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Bodhi`;
  }, [title]);
  return (
    <div className={clsx("mx-auto w-full px-4 pt-7 pb-16 sm:px-6", widths[width])}>
      {above ? <div className="mb-1 text-hint text-ink-2">{above}</div> : null}
      <header className="mb-5 flex flex-wrap items-center justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          <h1 className="break-words font-semibold text-page">{heading ?? title}</h1>
          {lead ? <p className="mt-1 text-ink-2">{lead}</p> : null}
        </div>
        {actions ? <div className="flex flex-wrap gap-2">{actions}</div> : null}
      </header>
      {children}
    </div>
  );
}

/** What will appear here, and the one thing to do about it. */
export function Empty({ children, action }: { children: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-4 rounded-card border border-line border-dashed px-6 py-14 text-center text-ink-2">
      <p className="max-w-md text-balance">{children}</p>
      {action}
    </div>
  );
}

/** A place where something is being loaded. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={clsx("animate-pulse rounded-control bg-sunken", className)} />;
}

/** Rows that are being loaded, told once to screen readers. */
export function Loading({ rows = 4, what }: { rows?: number; what: string }) {
  return (
    <div className="flex flex-col gap-2">
      <p role="status" className="sr-only">
        Loading {what}
      </p>
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows of nothing have no other key.
        <Skeleton key={row} className="h-12" />
      ))}
    </div>
  );
}
