// Tables: thin lines, numbers at the right, and a scroll area that the keyboard reaches where the window is narrow.
import clsx from "clsx";
import type { HTMLAttributes, ReactNode, TdHTMLAttributes, ThHTMLAttributes } from "react";

export function Table({ label, children, className }: { label: string; children: ReactNode; className?: string }) {
  return (
    <div
      role="region"
      aria-label={label}
      tabIndex={0}
      className="relative overflow-x-auto rounded-card border border-line bg-surface"
    >
      <table className={clsx("w-full border-collapse text-left", className)}>{children}</table>
    </div>
  );
}

export function Th({ className, number, ...rest }: ThHTMLAttributes<HTMLTableCellElement> & { number?: boolean }) {
  return (
    <th
      scope="col"
      {...rest}
      className={clsx(
        "h-10 whitespace-nowrap px-3 font-medium text-hint text-ink-2 first:pl-4 last:pr-4",
        number && "text-right",
        className,
      )}
    />
  );
}

export function Td({ className, number, ...rest }: TdHTMLAttributes<HTMLTableCellElement> & { number?: boolean }) {
  return (
    <td
      {...rest}
      className={clsx(
        "h-11 px-3 py-1.5 align-middle first:pl-4 last:pr-4",
        number && "whitespace-nowrap text-right tabular",
        className,
      )}
    />
  );
}

export function Tr({ className, ...rest }: HTMLAttributes<HTMLTableRowElement>) {
  return <tr {...rest} className={clsx("border-line border-t", className)} />;
}
