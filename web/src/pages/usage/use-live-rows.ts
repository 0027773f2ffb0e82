// The list that one reads while new calls come: what is on top of it, what waits, and when to begin anew.
import { useEffect, useReducer, useRef, useState } from "react";
import { queryClient } from "@/api/queries";
import { type Call, keyOf, type Search } from "@/pages/usage/filters";
import { merged, missed, NO_ROWS, withEvent } from "@/pages/usage/live-rows";
import { newestCalls, restartCalls, USAGE } from "@/pages/usage/queries";
import { type Tail, useTail } from "@/pages/usage/tail";

/** While calls come, the sums are asked for again so often at most. */
const SUMS_MS = 30_000;

export interface LiveRowsOptions {
  search: Search;
  on: boolean;
  loaded: readonly Call[];
  /** Whether rows may move now. */
  mayMove: () => boolean;
}

export interface LiveList {
  rows: readonly Call[];
  waiting: number;
  dropped: number;
  tail: Tail;
  letIn: () => void;
  restart: () => void;
}

export function useLiveRows({ search, on, loaded, mayMove }: LiveRowsOptions): LiveList {
  const [live, tell] = useReducer(withEvent, NO_ROWS);
  const [dropped, setDropped] = useState(0);
  const key = keyOf(search);
  const rows = merged(live.shown, loaded);
  const come = (call: Call) => {
    if (rows.some(({ id }) => id === call.id) || live.waiting.some(({ id }) => id === call.id)) return;
    came.current = true;
    tell({ type: "came", call, held: !mayMove() });
  };
  const tail = useTail(search, on, {
    onCall: come,
    onDropped: (count) => setDropped((before) => before + count),
    onOpen: async () => {
      const newest = await newestCalls(search).catch(() => []);
      const calls = missed(newest, [...live.waiting, ...rows]);
      if (calls) for (const call of calls) come(call);
      else tell({ type: "overflowed" });
    },
  });
  const came = useSums(on);
  // biome-ignore lint/correctness/useExhaustiveDependencies: other filters have other rows; a stream that ends has the same.
  useEffect(() => {
    tell({ type: "cleared" });
    setDropped(0);
  }, [key]);
  const restart = () => {
    tell({ type: "cleared" });
    setDropped(0);
    void restartCalls(search);
  };
  return {
    rows,
    waiting: live.waiting.length,
    dropped,
    tail,
    restart,
    letIn: () => (live.overflowed ? restart() : tell({ type: "let in" })),
  };
}

/** Ask for the sums again, now and then, where something came. */
function useSums(on: boolean): { current: boolean } {
  const came = useRef(false);
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      if (!came.current) return;
      came.current = false;
      for (const part of ["series", "groups"]) void queryClient.invalidateQueries({ queryKey: [USAGE, part] });
    }, SUMS_MS);
    return () => clearInterval(timer);
  }, [on]);
  return came;
}
