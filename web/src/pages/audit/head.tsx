// How far the trail has come, signed, and what to do with that.
import { useQuery } from "@tanstack/react-query";
import { Link2 } from "lucide-react";
import { exactTime } from "@/lib/format";
import { headQuery } from "@/pages/audit/queries";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/audit";
import { CopyButton } from "@/ui/copy-button";
import { Skeleton } from "@/ui/page";

export function Head() {
  const { data: head, error, refetch } = useQuery(headQuery);
  return (
    <section aria-labelledby="head" className="mt-8 rounded-card border border-line bg-surface px-4 py-4">
      <h2 id="head" className="flex items-center gap-2 font-semibold text-section">
        <Link2 aria-hidden size={17} className="text-ink-2" />
        {text.head}
      </h2>
      <p className="mt-1 max-w-3xl text-ink-2">{text.headBody}</p>
      {error ? <Failed error={error} again={() => void refetch()} what={text.whatHead} /> : null}
      {head ? (
        <p className="mt-3 flex flex-wrap items-center gap-x-3 gap-y-2">
          <span className="font-medium tabular">{text.headSeq(head.seq)}</span>
          <time dateTime={head.at} className="text-ink-2">
            {exactTime(head.at)}
          </time>
          <code className="min-w-0 max-w-64 truncate font-mono text-hint text-ink-2">{head.mac}</code>
          <CopyButton text={JSON.stringify(head)} label={text.copyHead} spelled />
        </p>
      ) : error ? null : (
        <Skeleton className="mt-3 h-7" />
      )}
      <p className="mt-3 flex flex-wrap items-center gap-2">
        <code className="min-w-0 break-all rounded-control bg-sunken px-2.5 py-1 font-mono text-hint">
          {text.verify}
        </code>
        <CopyButton text={text.verify} label={text.copyVerify} />
      </p>
    </section>
  );
}
