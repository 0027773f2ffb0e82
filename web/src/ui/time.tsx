// A moment as people say it, with the exact time on hover and for machines.
import { useEffect, useState } from "react";
import { exactTime, relativeTime } from "@/lib/format";

export function Time({ at }: { at: string | null | undefined }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  if (!at) return <span className="text-ink-2">never</span>;
  return (
    <time dateTime={at} title={exactTime(at)} className="whitespace-nowrap">
      {relativeTime(at)}
    </time>
  );
}
