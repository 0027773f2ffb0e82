// One's conversations: the list in pages by day, the search, new ones, and those that come from files.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus, Upload } from "lucide-react";
import { useDeferredValue, useRef, useState, useSyncExternalStore } from "react";
import { bySpan } from "@/chat/dates";
import { runningChats, subscribeToRuns } from "@/chat/running";
import { NotAChat, readFile } from "@/chat/transfer";
import { exactTime } from "@/lib/format";
import { ChatMenu } from "@/pages/chat/chat-menu";
import { type ChatRow, chatsQuery, importChat } from "@/pages/chat/chats";
import { text } from "@/text/en/chat";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { controlClass } from "@/ui/input";
import { Notice } from "@/ui/notice";
import { Skeleton } from "@/ui/page";
import { toast } from "@/ui/toast";

export interface ConversationsProps {
  current: string | undefined;
  /** Called when one was chosen, so that a sheet closes. */
  onChosen?: () => void;
}

export function Conversations({ current, onChosen }: ConversationsProps) {
  const [typed, setTyped] = useState("");
  const search = useDeferredValue(typed.trim());
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery(
    chatsQuery(search),
  );
  const running = new Set(useSyncExternalStore(subscribeToRuns, runningChats).split(" "));
  const rows = data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <div className="flex min-h-0 flex-1 flex-col gap-2 p-2">
      <div className="flex gap-1">
        <Link
          to="/chat/"
          search={{}}
          activeOptions={{ exact: true, includeSearch: true }}
          onClick={onChosen}
          className={buttonClass("plain", "normal", "min-w-0 flex-1 !justify-start")}
        >
          <Plus aria-hidden size={16} />
          {text.newChat}
        </Link>
        <Import onDone={onChosen} />
      </div>
      <input
        type="search"
        aria-label={text.search}
        placeholder={text.searchShort}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        className={`${controlClass} h-8 shrink-0 px-3`}
      />
      <nav aria-label={text.conversations} className="-mx-2 relative min-h-0 flex-1 overflow-y-auto px-2 pb-4">
        {error ? (
          <Notice
            kind="danger"
            title={error.message}
            actions={
              <Button size="small" onClick={() => refetch()}>
                {text.again}
              </Button>
            }
          />
        ) : null}
        {isPending ? (
          <div className="flex flex-col gap-2 pt-2">
            <p role="status" className="sr-only">
              {text.loadingList}
            </p>
            {["a", "b", "c"].map((row) => (
              <Skeleton key={row} className="h-8" />
            ))}
          </div>
        ) : null}
        {!isPending && !error && rows.length === 0 ? (
          <p className="px-2 py-3 text-hint text-ink-2">{search ? text.noneFound : text.noChats}</p>
        ) : null}
        {bySpan(rows).map(([span, listed]) => (
          <section key={span} aria-label={text.spans[span]}>
            <h2 className="px-2 pt-3 pb-1 text-hint text-ink-2">{text.spans[span]}</h2>
            <ul>
              {listed.map((row) => (
                <Row
                  key={row.id}
                  row={row}
                  current={row.id === current}
                  running={running.has(row.id)}
                  onChosen={onChosen}
                />
              ))}
            </ul>
          </section>
        ))}
        {hasNextPage ? (
          <Button
            size="small"
            look="quiet"
            className="mt-2 w-full"
            busy={isFetchingNextPage}
            onClick={() => fetchNextPage()}
          >
            {text.loadMore}
          </Button>
        ) : null}
      </nav>
    </div>
  );
}

interface RowProps {
  row: ChatRow;
  current: boolean;
  running: boolean;
  onChosen?: () => void;
}

function Row({ row, current, running, onChosen }: RowProps) {
  return (
    <li className={`group flex items-center rounded-control hover:bg-sunken ${current ? "bg-sunken font-medium" : ""}`}>
      <Link
        to="/chat/"
        search={{ chat: row.id }}
        onClick={onChosen}
        aria-current={current ? "page" : undefined}
        title={`${row.title}\n${exactTime(row.updated_at)}`}
        className="flex min-h-8 min-w-0 flex-1 items-center gap-2 rounded-control px-2"
      >
        {running ? (
          <span className="size-2 shrink-0 animate-pulse rounded-full bg-accent">
            <span className="sr-only">{text.writing}</span>
          </span>
        ) : null}
        <span className="truncate">{row.title}</span>
      </Link>
      <span className="opacity-0 focus-within:opacity-100 group-hover:opacity-100 has-[[data-popup-open]]:opacity-100 [@media(hover:none)]:opacity-100">
        <ChatMenu row={row} current={current} label={text.actionsFor(row.title)} />
      </span>
    </li>
  );
}

function Import({ onDone }: { onDone?: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const navigate = useNavigate();
  const take = async (files: readonly File[]) => {
    setProblem(null);
    const made: string[] = [];
    for (const file of files) {
      try {
        made.push(await importChat(readFile(await file.text())));
      } catch (error) {
        const notOurs = error instanceof NotAChat;
        setProblem(
          notOurs ? text.notAChat(file.name) : `${file.name}: ${error instanceof Error ? error.message : error}`,
        );
      }
    }
    const last = made.at(-1);
    if (!last) return;
    toast(text.imported(made.length));
    onDone?.();
    await navigate({ to: "/chat/", search: { chat: last } });
  };
  return (
    <>
      <IconButton label={text.importChats} onClick={() => input.current?.click()}>
        <Upload aria-hidden size={16} />
      </IconButton>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept=".json,.md,application/json,text/markdown"
        aria-label={text.importChats}
        onChange={(event) => {
          void take([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      {problem ? (
        <div className="fixed right-4 bottom-4 z-60 w-[min(420px,calc(100vw-32px))]">
          <Notice
            kind="danger"
            title={problem}
            className="shadow-float"
            actions={
              <Button size="small" onClick={() => setProblem(null)}>
                {text.close}
              </Button>
            }
          />
        </div>
      ) : null}
    </>
  );
}
