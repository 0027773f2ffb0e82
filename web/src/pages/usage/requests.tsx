// The calls themselves, newest first: older ones on demand, new ones on top while the reader is at the top.
import { useInfiniteQuery } from "@tanstack/react-query";
import { ArrowUp, Pause, Play } from "lucide-react";
import { useRef, useState } from "react";
import { useMe } from "@/api/queries";
import { atLeast } from "@/lib/roles";
import { CallRow } from "@/pages/usage/call-row";
import { goesOn, type Search } from "@/pages/usage/filters";
import { Nothing } from "@/pages/usage/nothing";
import { callsQuery } from "@/pages/usage/queries";
import { useLiveRows } from "@/pages/usage/use-live-rows";
import { Failed } from "@/shell/page-failed";
import { text } from "@/text/en/usage";
import { Button } from "@/ui/button";
import { Notice } from "@/ui/notice";
import { Loading } from "@/ui/page";
import { Table, Th } from "@/ui/table";

export function Requests({ search }: { search: Search }) {
  const me = useMe();
  const top = useRef<HTMLDivElement>(null);
  const [paused, setPaused] = useState(false);
  const found = useInfiniteQuery(callsQuery(search));
  const loaded = found.data?.pages.flatMap((page) => page.data);
  const on = search.live === "1" && goesOn(search) && found.data !== undefined;
  const live = useLiveRows({ search, on, loaded: loaded ?? [], mayMove: () => !paused && atTop(top.current) });
  const withUser = atLeast(me.role, "power_user");
  const letIn = () => {
    live.letIn();
    if (!atTop(top.current)) top.current?.scrollIntoView({ block: "start" });
  };
  return (
    <section id="requests" aria-labelledby="requests-title" className="mt-7 scroll-mt-16">
      <div ref={top} className="mb-3 flex min-h-8 scroll-mt-16 flex-wrap items-center gap-x-4 gap-y-2">
        <h2 id="requests-title" className="font-semibold text-section">
          {text.requests}
        </h2>
        {search.live === "1" ? (
          <LiveBar
            state={goesOn(search) ? (paused && live.tail.state === "open" ? "paused" : live.tail.state) : "off"}
            said={live.tail.said}
            paused={paused}
            onPause={() => {
              if (paused) letIn();
              setPaused(!paused);
            }}
          />
        ) : null}
      </div>
      {live.dropped ? (
        <Notice
          kind="warn"
          className="mb-3"
          title={text.dropped(live.dropped)}
          actions={
            <Button size="small" onClick={live.restart}>
              {text.reloadList}
            </Button>
          }
        />
      ) : null}
      {live.waiting ? (
        <div role="status" className="pointer-events-none sticky top-15 z-10 flex h-0 justify-center md:top-3">
          <Button
            look="primary"
            size="small"
            className="pointer-events-auto shadow-float"
            icon={<ArrowUp aria-hidden size={14} />}
            onClick={letIn}
          >
            {text.newRows(live.waiting)}
          </Button>
        </div>
      ) : null}
      {found.error ? (
        <Failed error={found.error} again={() => void found.refetch()} what={text.whatRequests} />
      ) : !loaded ? (
        <Loading rows={6} what={text.whatRequests} />
      ) : live.rows.length === 0 ? (
        <Nothing search={search} />
      ) : (
        <Table label={text.requestsTable} className="min-w-[860px]">
          <thead>
            <tr>
              <Th>{text.time}</Th>
              <Th>{text.status}</Th>
              <Th>{text.model}</Th>
              <Th>{text.apiModelColumn}</Th>
              <Th>{text.token}</Th>
              {withUser ? <Th>{text.user}</Th> : null}
              <Th number>{text.input}</Th>
              <Th number>{text.output}</Th>
              <Th number>{text.cost}</Th>
              <Th number>{text.firstColumn}</Th>
              <Th number>{text.total}</Th>
            </tr>
          </thead>
          <tbody>
            {live.rows.map((call) => (
              <CallRow key={call.id} call={call} withUser={withUser} />
            ))}
          </tbody>
        </Table>
      )}
      {found.hasNextPage ? (
        <Button className="mt-3" busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {text.more}
        </Button>
      ) : null}
    </section>
  );
}

/** Whether the beginning of the list is in sight and nobody has put the focus into it: rows may move then. */
function atTop(top: HTMLElement | null): boolean {
  if (!top) return true;
  const focused = document.activeElement?.closest("tbody");
  return top.getBoundingClientRect().bottom >= 0 && !(focused && top.parentElement?.contains(focused));
}

function LiveBar({
  state,
  said,
  paused,
  onPause,
}: {
  state: string;
  said: string;
  paused: boolean;
  onPause: () => void;
}) {
  const good = state === "open";
  return (
    <>
      <p
        role="status"
        className={`flex items-center gap-2 text-hint ${state === "lost" || state === "refused" ? "text-warn" : "text-ink-2"}`}
      >
        <span aria-hidden className={`size-2 rounded-full ${good ? "animate-pulse bg-accent" : "bg-line-strong"}`} />
        {state === "refused" ? text.liveRefused(said) : (text.liveStates[state] ?? text.liveUntil)}
      </p>
      {state === "open" || state === "paused" ? (
        <Button
          size="small"
          className="ml-auto"
          icon={paused ? <Play aria-hidden size={14} /> : <Pause aria-hidden size={14} />}
          onClick={onPause}
        >
          {paused ? text.resume : text.pause}
        </Button>
      ) : null}
    </>
  );
}
