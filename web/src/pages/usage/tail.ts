// Calls as they come: one stream of events with the page's filters, begun anew when it is lost.
import { useEffect, useEffectEvent, useState } from "react";
import { ApiError, api, OFFLINE, toApiError } from "@/api/client";
import { parse } from "@/chat/json";
import { EventParser, type ServerEvent } from "@/chat/sse";
import { type Call, keyOf, queryOf, type Search } from "@/pages/usage/filters";

export type TailState = "off" | "connecting" | "open" | "lost" | "refused";

export interface Tail {
  state: TailState;
  /** What the gateway said where it refused. */
  said: string;
}

/** The gateway sends a sign of life every fifteen seconds. */
const SILENCE_MS = 40_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

export interface TailEvents {
  onCall: (call: Call) => void;
  onDropped: (count: number) => void;
  /** The stream is there: what came between the list and it has to be asked for. */
  onOpen: () => void;
}

export function useTail(search: Search, on: boolean, events: TailEvents): Tail {
  const [tail, setTail] = useState<Tail>({ state: "off", said: "" });
  const key = keyOf(search);
  const take = useEffectEvent((event: ServerEvent) => {
    const value = parse(event.data);
    if (event.event === "call") events.onCall(value as Call);
    else if (event.event === "dropped") events.onDropped(Number((value as { count?: number })?.count ?? 0));
  });
  const open = useEffectEvent(events.onOpen);
  const filters = useEffectEvent(() => ({ ...queryOf(search, Date.now()), since: undefined, until: undefined }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: other filters mean another stream.
  useEffect(() => {
    if (!on) {
      setTail({ state: "off", said: "" });
      return;
    }
    const ending = new AbortController();
    const { signal } = ending;
    void keepFollowing({
      signal,
      filters,
      take,
      open,
      tell: (state, said = "") => signal.aborted || setTail({ state, said }),
    });
    return () => ending.abort();
  }, [on, key]);
  return tail;
}

interface Following {
  signal: AbortSignal;
  filters: () => ReturnType<typeof queryOf>;
  take: (event: ServerEvent) => void;
  open: () => void;
  tell: (state: TailState, said?: string) => void;
}

async function keepFollowing({ signal, filters, take, open, tell }: Following): Promise<void> {
  let wait = FIRST_WAIT_MS;
  tell("connecting");
  while (!signal.aborted) {
    try {
      await follow(filters(), signal, take, () => {
        tell("open");
        open();
        wait = FIRST_WAIT_MS;
      });
      tell("lost");
    } catch (error) {
      if (signal.aborted) return;
      const refused = error instanceof ApiError && error.code !== OFFLINE;
      tell(refused ? "refused" : "lost", refused ? error.message : "");
      if (refused && error.retryAfter) wait = Math.max(wait, error.retryAfter * 1000);
    }
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

async function follow(
  query: ReturnType<typeof queryOf>,
  ending: AbortSignal,
  take: (event: ServerEvent) => void,
  opened: () => void,
): Promise<void> {
  const quiet = new AbortController();
  const signal = AbortSignal.any([ending, quiet.signal]);
  const { response, error } = await api.GET("/bodhi/v1/usage/tail", { params: { query }, parseAs: "stream", signal });
  if (!response.ok || !response.body) throw toApiError(response, error);
  opened();
  const parser = new EventParser();
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let alarm = setTimeout(() => quiet.abort(), SILENCE_MS);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      clearTimeout(alarm);
      alarm = setTimeout(() => quiet.abort(), SILENCE_MS);
      for (const event of parser.push(decoder.decode(value, { stream: true }))) {
        if (event.event === "end") return;
        take(event);
      }
    }
  } finally {
    clearTimeout(alarm);
    quiet.abort();
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
