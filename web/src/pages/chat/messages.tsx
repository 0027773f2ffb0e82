// The conversation: the last messages of the path, earlier ones as one scrolls up, and the answer under way.
import { ArrowDown } from "lucide-react";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Run } from "@/chat/running";
import { placeOf } from "@/chat/tree";
import type { Message } from "@/chat/types";
import { Answer } from "@/pages/chat/answer";
import { Question } from "@/pages/chat/question";
import type { Asking } from "@/pages/chat/use-asking";
import type { ChatView } from "@/pages/chat/use-chat";
import { useFollow } from "@/pages/chat/use-follow";
import { text } from "@/text/en/chat";
import { Button } from "@/ui/button";

/** How many messages are drawn at first, and how many more at a time. A chat may have thousands. */
const DRAWN = 30;

export interface MessagesProps {
  view: ChatView;
  asking: Asking;
  editing: string | null;
  onEditing: (id: string | null) => void;
}

export function Messages({ view, asking, editing, onEditing }: MessagesProps) {
  const { path, tree, run } = view;
  const { box, inner, away, onScroll, jump } = useFollow(view.id ?? "");
  const [drawn, setDrawn] = useState(DRAWN);
  const from = Math.max(0, path.length - drawn);
  const actions = useStable(asking);
  const places = useMemo(() => new Map(path.map((message) => [message.id, placeOf(tree, message)])), [path, tree]);
  // Where a new question appears, the reader looks at it.
  const lastQuestion = path.findLast((message) => message.role === "user")?.id;
  const seen = useRef(lastQuestion);
  useLayoutEffect(() => {
    if (seen.current !== lastQuestion && run) jump();
    seen.current = lastQuestion;
  }, [lastQuestion, run, jump]);

  const more = useEarlier(box, from, () => setDrawn((now) => now + DRAWN));
  const last = path.at(-1);
  const shown = useMemo(() => withRun(path.slice(from), run), [path, from, run]);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={box}
        onScroll={onScroll}
        role="region"
        aria-label={text.conversation}
        tabIndex={0}
        className="relative h-full overflow-y-auto overscroll-contain outline-offset-[-2px] [overflow-anchor:none]"
      >
        {/* What nothing breaks, such as marks piled on one letter, is cut: the conversation never scrolls sideways. */}
        <div ref={inner} className="mx-auto flex w-full max-w-[808px] flex-col gap-3 overflow-x-clip px-5 pt-5 pb-6">
          {from > 0 ? (
            <div ref={more} className="flex justify-center">
              <Button size="small" onClick={() => setDrawn((now) => now + DRAWN)}>
                {text.earlier(from)}
              </Button>
            </div>
          ) : null}
          {shown.map((message) => {
            const place = places.get(message.id) ?? { position: 0, ids: [message.id] };
            return message.role === "user" ? (
              <Question
                key={message.id}
                message={message}
                place={place}
                busy={run !== undefined}
                editing={editing === message.id}
                onEditing={onEditing}
                onEdit={actions.edit}
                onTurn={actions.turnTo}
              />
            ) : (
              <Answer
                key={message.id}
                message={message}
                place={place}
                streaming={message.id === run?.messageId}
                busy={run !== undefined}
                onAgain={actions.again}
                onTurn={actions.turnTo}
              />
            );
          })}
          {last?.role === "user" && !run && asking.able ? (
            <Button size="small" className="self-start" onClick={() => asking.again(last)}>
              {text.getAnswer}
            </Button>
          ) : null}
        </div>
      </div>
      {away ? (
        <div className="-translate-x-1/2 absolute bottom-3 left-1/2">
          <Button size="small" className="shadow-float" icon={<ArrowDown aria-hidden size={14} />} onClick={jump}>
            {text.jump}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

/** What is read, with the answer under way where it belongs to the branch that is read. */
function withRun(path: Message[], run: Run | undefined): Message[] {
  const last = path.at(-1);
  if (!run || (last?.id !== run.parentId && last?.id !== run.messageId)) return path;
  const { messageId: id, parentId: parent_id, content } = run;
  const written: Message = { id, parent_id, role: "assistant", content, created_at: "" };
  return [...path.filter((message) => message.id !== id), written];
}

/** Draw earlier messages when the reader comes near their beginning, without moving what is read. */
function useEarlier(box: React.RefObject<HTMLDivElement | null>, from: number, onNear: () => void) {
  const mark = useRef<HTMLDivElement>(null);
  const height = useRef(0);
  const near = useRef(onNear);
  near.current = onNear;
  const start = useRef(from);

  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    if (from < start.current && height.current) area.scrollTop += area.scrollHeight - height.current;
    start.current = from;
    height.current = 0;
  }, [from, box]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the mark is looked at anew when more is drawn.
  useEffect(() => {
    if (!mark.current || !box.current) return;
    const watching = new IntersectionObserver(
      (entries) => {
        if (!entries.some((entry) => entry.isIntersecting)) return;
        height.current = box.current?.scrollHeight ?? 0;
        near.current();
      },
      { root: box.current, rootMargin: "300px 0px 0px 0px" },
    );
    watching.observe(mark.current);
    return () => watching.disconnect();
  }, [from, box]);
  return mark;
}

interface Stable {
  edit: (message: Message, text: string) => void;
  again: (message: Message) => void;
  turnTo: (id: string) => void;
}

/** The same functions at every render, so that a message that did not change is not drawn again. */
function useStable(asking: Asking): Stable {
  const latest = useRef(asking);
  latest.current = asking;
  return useMemo(
    () => ({
      edit: (message, changed) => latest.current.edit(message, changed),
      again: (message) => latest.current.again(message),
      turnTo: (id) => latest.current.turnTo(id),
    }),
    [],
  );
}
