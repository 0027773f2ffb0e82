// The frame of pages before one is signed in: the mark, one heading, one column.
import { type ReactNode, useEffect } from "react";
import { text } from "@/text/en/entry";
import { Mark } from "@/ui/mark";

export interface EntryProps {
  title: string;
  lead?: ReactNode;
  above?: ReactNode;
  children?: ReactNode;
}

export function Entry({ title, lead, above, children }: EntryProps) {
  useEffect(() => {
    document.title = `${title} · Bodhi`;
  }, [title]);
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-[480px] flex-col justify-center px-4 py-10">
      <p className="mb-6 flex items-center gap-3 font-semibold text-lg">
        <Mark size={28} />
        {text.brand}
      </p>
      {above}
      <h1 className="font-semibold text-page">{title}</h1>
      {lead ? <p className="mt-1.5 text-ink-2">{lead}</p> : null}
      <div className="mt-6">{children}</div>
    </main>
  );
}
