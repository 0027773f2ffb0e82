// Following the bottom: only while the reader is at it, within 48 px. Any scroll up lets go; a button takes hold again.
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";

const NEAR = 48;
const UP = new Set(["ArrowUp", "PageUp", "Home"]);
const DOWN = new Set(["ArrowDown", "PageDown", "End"]);

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
  // The reader asked to go up, and may not be out of reach of the end yet.
  const leaving = useRef(false);
  const [away, setAway] = useState(false);

  const toEnd = useCallback(() => {
    const area = box.current;
    if (!area) return;
    area.scrollTop = area.scrollHeight;
    last.current = area.scrollTop;
  }, []);
  const jump = useCallback(() => {
    follows.current = true;
    leaving.current = false;
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

  // The page hears of scrolling only when it has happened. What grows in between would pull the reader back.
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    return onGoing(area, (up) => {
      leaving.current = up && area.scrollTop > 0;
      if (leaving.current) follows.current = false;
    });
  }, []);

  const onScroll = useCallback(() => {
    const area = box.current;
    if (!area) return;
    const far = distance(area) > NEAR;
    if (far) leaving.current = false;
    // What grew since the last look puts distance between, too; only going up lets go.
    if (!far && !leaving.current) follows.current = true;
    else if (area.scrollTop < last.current - 1) follows.current = false;
    last.current = area.scrollTop;
    setAway(far && !follows.current);
  }, []);

  return { box, inner, away, onScroll, jump };
}

function distance(area: HTMLElement | null): number {
  return area ? area.scrollHeight - area.scrollTop - area.clientHeight : 0;
}

/** Tell when the reader asks to go up or down, by wheel, finger or key; returns what ends it. */
function onGoing(area: HTMLElement, tell: (up: boolean) => void): () => void {
  let finger = 0;
  const ending = new AbortController();
  const options = { passive: true, signal: ending.signal };
  area.addEventListener("wheel", (event) => event.deltaY && tell(event.deltaY < 0), options);
  area.addEventListener("touchstart", (event) => (finger = event.touches[0]?.clientY ?? 0), options);
  area.addEventListener("touchmove", (event) => tell((event.touches[0]?.clientY ?? 0) > finger), options);
  area.addEventListener(
    "keydown",
    (event) => event.target === area && (UP.has(event.key) || DOWN.has(event.key)) && tell(UP.has(event.key)),
    options,
  );
  return () => ending.abort();
}
