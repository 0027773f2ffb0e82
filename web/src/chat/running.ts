// Answers under way, one a chat. They go on while another chat is looked at; what came is shown once a frame.

import type { ChatToken } from "@/chat/chat-token";
import type { Outgoing } from "@/chat/dialects";
import type { Dialect } from "@/chat/dialects/contract";
import { Draft } from "@/chat/draft";
import { send } from "@/chat/send";
import type { Content } from "@/chat/types";

export interface Run {
  messageId: string;
  parentId: string;
  content: Content;
  stop: () => void;
}

export interface Start {
  messageId: string;
  parentId: string;
  dialect: Dialect;
  outgoing: Outgoing;
  token: ChatToken;
  /** What is known of the answer beforehand: its model. */
  about: Partial<Content>;
  onEnd: (content: Content) => void;
}

/** How the last answer of a chat ended. */
export type Ending = "done" | "stopped" | "failed";

const MAX_ENDS = 100;

const runs = new Map<string, Run>();
const ends = new Map<string, Ending>();
const listeners = new Set<() => void>();

export function runOf(chat: string): Run | undefined {
  return runs.get(chat);
}

export function endingOf(chat: string): Ending | undefined {
  return ends.get(chat);
}

export function runningChats(): string {
  return [...runs.keys()].join(" ");
}

export function subscribeToRuns(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Ask, unless an answer is under way in this chat already. */
export function start(chat: string, { messageId, parentId, about, onEnd, ...call }: Start): void {
  if (runs.has(chat)) return;
  const stopping = new AbortController();
  const draft = new Draft();
  let frame = 0;
  const show = () => {
    frame = 0;
    const run = runs.get(chat);
    if (run?.messageId !== messageId) return;
    runs.set(chat, { ...run, content: draft.content(about) });
    tell();
  };
  runs.set(chat, { messageId, parentId, content: draft.content(about), stop: () => stopping.abort() });
  tell();
  void send(call.dialect, call.outgoing, {
    token: call.token,
    signal: stopping.signal,
    onHead: (callId) => {
      draft.callId = callId ?? undefined;
    },
    onDelta: (deltas) => {
      draft.take(deltas);
      frame ||= requestAnimationFrame(show);
    },
  })
    .catch((error: unknown) => ({
      kind: "gateway" as const,
      status: 0,
      said: error instanceof Error ? error.message : String(error),
    }))
    .then((failure) => {
      cancelAnimationFrame(frame);
      const stopped = stopping.signal.aborted;
      onEnd(draft.ended(about, failure, stopped));
      // What was kept is shown first, so that the answer never leaves the page in between.
      setTimeout(() => {
        runs.delete(chat);
        ends.delete(chat);
        ends.set(chat, failure ? "failed" : stopped ? "stopped" : "done");
        for (const old of [...ends.keys()].slice(0, -MAX_ENDS)) ends.delete(old);
        tell();
      });
    });
}

function tell(): void {
  for (const listener of listeners) listener();
}
