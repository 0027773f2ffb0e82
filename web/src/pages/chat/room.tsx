// One chat with everything around it, and the keys that belong to it.

import { Link } from "@tanstack/react-router";
import { PanelLeft, SlidersHorizontal, SquarePen } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { hasFailed, saveAgain, subscribeToSaving } from "@/chat/saving";
import type { Attachment } from "@/chat/types";
import { money } from "@/lib/format";
import { hasModifier } from "@/lib/keys";
import { ChatMenu } from "@/pages/chat/chat-menu";
import { Composer } from "@/pages/chat/composer";
import { Conversations } from "@/pages/chat/conversations";
import { Messages } from "@/pages/chat/messages";
import { ModelNote } from "@/pages/chat/model-note";
import { Nothing } from "@/pages/chat/nothing";
import { Picker } from "@/pages/chat/picker";
import { SettingsPanel } from "@/pages/chat/settings";
import { useAsking } from "@/pages/chat/use-asking";
import { useChat, type Wanted } from "@/pages/chat/use-chat";
import { useStatus } from "@/pages/chat/use-status";
import { useWide } from "@/pages/chat/use-wide";
import { text } from "@/text/en/chat";
import { Button, buttonClass, IconButton } from "@/ui/button";
import { writeClipboard } from "@/ui/copy-button";
import { Notice } from "@/ui/notice";
import { Sheet } from "@/ui/sheet";

export function Room({ id, asked }: { id: string | undefined; asked: Wanted | undefined }) {
  const view = useChat(id, asked);
  const asking = useAsking(view);
  const [sheet, setSheet] = useState<"list" | "settings" | null>(null);
  const [picking, setPicking] = useState<"composer" | "settings" | null>(null);
  const [editing, setEditing] = useState<string | null>(null);
  const [dropped, setDropped] = useState<File[]>([]);
  const [over, setOver] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const wideList = useWide(1280);
  const wideSettings = useWide(1024);
  const failed = useSyncExternalStore(subscribeToSaving, () => (id ? hasFailed(id) : false));
  const status = useStatus(id);
  const { chat, path, run, choice, gone, error } = view;
  const title = chat?.title ?? text.newChat;

  useEffect(() => {
    document.title = `${title} · Bodhi`;
  }, [title]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another chat is another place to write.
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) area.current?.focus({ preventScroll: true });
    setEditing(null);
  }, [id]);
  const stop = () => {
    asking.stop();
    area.current?.focus();
  };
  useKeys({
    stop: run ? stop : undefined,
    copy: () => {
      const last = path.findLast((message) => message.role === "assistant");
      if (last) void writeClipboard(last.content.text);
    },
  });

  // Somebody was faster than the page: the question goes out as soon as it can.
  const [waiting, setWaiting] = useState(false);
  useEffect(() => {
    if (!waiting || !view.ready) return;
    setWaiting(false);
    area.current?.form?.requestSubmit();
  }, [waiting, view.ready]);
  const send = (typed: string, files: Attachment[]) => {
    if (!view.ready) {
      setWaiting(true);
      return false;
    }
    if (!asking.able) {
      setPicking("composer");
      return false;
    }
    asking.send(typed, files);
    return true;
  };
  const picker = (look: "control" | "word", place: "composer" | "settings", fieldId?: string) => (
    <Picker
      id={fieldId}
      apiModels={view.apiModels ?? []}
      chosen={choice?.id ?? gone?.id}
      onChoose={view.choose}
      open={picking === place}
      onOpen={(open) => setPicking(open ? place : null)}
      look={look}
    />
  );
  const settings = <SettingsPanel view={view} model={(fieldId) => picker("control", "settings", fieldId)} />;
  const cost = (chat?.messages ?? []).reduce((sum, { content }) => sum + Number(content.cost_usd ?? 0), 0);
  return (
    <div className="flex h-[calc(100dvh-52px)] overflow-hidden md:h-dvh">
      {wideList ? (
        <aside aria-label={text.conversations} className="flex w-56 shrink-0 flex-col border-line border-r">
          <Conversations current={id} />
        </aside>
      ) : null}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: files can be dropped anywhere here; the button does the same. */}
      <div
        className="relative flex min-w-0 flex-1 flex-col"
        onDragOver={(event) => {
          if (!event.dataTransfer.types.includes("Files")) return;
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={(event) => !event.currentTarget.contains(event.relatedTarget as Node | null) && setOver(false)}
        onDrop={(event) => {
          if (!event.dataTransfer.files.length) return;
          event.preventDefault();
          setOver(false);
          setDropped([...event.dataTransfer.files]);
        }}
      >
        <header className="flex h-12 shrink-0 items-center gap-1 border-line border-b px-2">
          {wideList ? null : (
            <IconButton label={text.openList} onClick={() => setSheet("list")}>
              <PanelLeft aria-hidden size={17} />
            </IconButton>
          )}
          <h1 className="min-w-0 flex-1 truncate px-2 font-semibold">{title}</h1>
          {cost > 0 ? (
            <span className="tabular hidden shrink-0 px-1 text-hint text-ink-2 sm:inline">
              {text.cost(money(cost * 1e9))}
            </span>
          ) : null}
          {chat ? <ChatMenu row={chat} current label={text.chatActions} /> : null}
          {wideList ? null : (
            <Link
              to="/chat/"
              search={{}}
              aria-label={text.newChat}
              title={text.newChat}
              className={buttonClass("quiet", "normal", "!w-9 !px-0")}
            >
              <SquarePen aria-hidden size={17} />
            </Link>
          )}
          {wideSettings ? null : (
            <IconButton label={text.openSettings} onClick={() => setSheet("settings")}>
              <SlidersHorizontal aria-hidden size={17} />
            </IconButton>
          )}
        </header>
        {error || path.length === 0 ? (
          <Nothing view={view} />
        ) : (
          <Messages key={id} view={view} asking={asking} editing={editing} onEditing={setEditing} />
        )}
        {error ? null : (
          <>
            <div className="mx-auto w-full max-w-[808px] px-3 sm:px-5">
              {failed && id ? (
                <Notice
                  kind="warn"
                  className="mb-2"
                  title={text.notSaved}
                  actions={
                    <Button size="small" onClick={() => saveAgain(id)}>
                      {text.notSavedAgain}
                    </Button>
                  }
                />
              ) : null}
              <ModelNote view={view} onPick={() => setPicking("composer")} />
            </div>
            <Composer
              key={id ?? "new"}
              draft={id ?? "new"}
              area={area}
              running={run !== undefined}
              onSend={send}
              onStop={stop}
              onEditLast={() => setEditing(path.findLast((message) => message.role === "user")?.id ?? null)}
              model={picker("word", "composer")}
              dropped={dropped}
              onDropTaken={() => setDropped([])}
            />
          </>
        )}
        {over ? (
          <div className="pointer-events-none absolute inset-2 z-10 grid place-items-center rounded-dialog border-2 border-accent border-dashed bg-bg/90 font-medium">
            {text.dropHere}
          </div>
        ) : null}
        <p role="status" className="sr-only">
          {status}
        </p>
      </div>
      {wideSettings ? (
        <aside aria-label={text.settings} className="flex w-72 shrink-0 flex-col border-line border-l">
          {settings}
        </aside>
      ) : null}
      <Sheet open={sheet === "list" && !wideList} onClose={() => setSheet(null)} title={text.conversations} side="left">
        <Conversations current={id} onChosen={() => setSheet(null)} />
      </Sheet>
      <Sheet
        open={sheet === "settings" && !wideSettings}
        onClose={() => setSheet(null)}
        title={text.settings}
        side="right"
      >
        {settings}
      </Sheet>
    </div>
  );
}

function useKeys({ stop, copy }: { stop: (() => void) | undefined; copy: () => void }) {
  const latest = useRef({ stop, copy });
  latest.current = { stop, copy };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented) return;
      if (hasModifier(event) && event.shiftKey && event.key.toLowerCase() === "c") {
        event.preventDefault();
        latest.current.copy();
      } else if (
        event.key === "Escape" &&
        latest.current.stop &&
        !document.querySelector("[role=dialog],[role=menu]")
      ) {
        event.preventDefault();
        latest.current.stop();
      }
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);
}
