// Following the bottom: only while the reader is at it, within 48 px. Any scroll up lets go; a button takes hold again.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR = 48;

export interface Follow {
  box: RefObject<HTMLDivElement | null>;
  inner: RefObject<HTMLDivElement | null>;
  /** Whether there is something below that the reader does not see. */
  away: boolean;
  onScroll: () => void;
  jump: () => void;
}

/** Follow what grows within a scroll area; another `key` is another text, which is shown from its end. */
export function useFollow(key: string): Follow {
  const box = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const last = useRef(0);
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    const area = box.current;
    if (!area) return;
    area.scrollTop = area.scrollHeight;
    last.current = area.scrollTop;
  }, []);
  const jump = useCallback(() => {
    follows.current = true;
    setAway(false);
    toEnd();
  }, [toEnd]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another text begins at its end.
  useLayoutEffect(jump, [key, jump]);

  useEffect(() => {
    if (!inner.current || !box.current) return;
    const grown = new ResizeObserver(() => {
      if (follows.current) toEnd();
      else setAway(distance(box.current) > NEAR);
    });
    grown.observe(inner.current);
    grown.observe(box.current);
    return () => grown.disconnect();
  }, [toEnd]);

  const onScroll = useCallback(() => {
    const area = box.current;
    if (!area) return;
    const far = distance(area) > NEAR;
    // What grew since the last look puts distance between, too; only going up lets go.
    if (!far) follows.current = true;
    else if (area.scrollTop < last.current - 1) follows.current = false;
    last.current = area.scrollTop;
    setAway(far && !follows.current);
  }, []);

  return { box, inner, away, onScroll, jump };
}

function distance(area: HTMLElement | null): number {
  return area ? area.scrollHeight - area.scrollTop - area.clientHeight : 0;
}
