// Thoughts that a model writes at the beginning of its text, between <think> and </think>, told apart from the answer.
import type { Delta } from "@/chat/types";

const OPEN = "<think>";
const CLOSE = "</think>";

export interface Splitter {
  push: (text: string) => Delta[];
  /** Give out what was held back. */
  end: () => Delta[];
}

/** Take text in pieces cut anywhere, and return it as thoughts and answer. */
export function thoughtSplitter(): Splitter {
  let state: "start" | "thinking" | "behind" | "answer" = "start";
  let held = "";

  const answer = (text: string): Delta[] => {
    // Blank lines stand between the thoughts and the answer.
    const said = state === "behind" ? text.trimStart() : text;
    if (said) state = "answer";
    return said ? [{ type: "text", text: said }] : [];
  };
  const think = (text: string): Delta[] => {
    held += text;
    const close = held.indexOf(CLOSE);
    const ready = close < 0 ? held.length - overlap(held) : close;
    const thought = held.slice(0, ready);
    const rest = close < 0 ? "" : held.slice(close + CLOSE.length);
    held = close < 0 ? held.slice(ready) : "";
    if (close >= 0) state = "behind";
    return [...(thought ? [{ type: "reasoning", text: thought } as const] : []), ...(rest ? answer(rest) : [])];
  };
  const start = (text: string): Delta[] => {
    held += text;
    const begun = held.trimStart();
    if (begun.length < OPEN.length && OPEN.startsWith(begun)) return [];
    const thinks = begun.startsWith(OPEN);
    const rest = thinks ? begun.slice(OPEN.length) : held;
    held = "";
    state = thinks ? "thinking" : "answer";
    return thinks ? think(rest) : answer(rest);
  };
  return {
    push: (text) => (state === "start" ? start(text) : state === "thinking" ? think(text) : answer(text)),
    end: () => {
      const text = held;
      held = "";
      return text ? [{ type: state === "thinking" ? "reasoning" : "text", text }] : [];
    },
  };
}

/** How many of the last characters may be the beginning of the closing tag. */
function overlap(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length -= 1) {
    if (CLOSE.startsWith(text.slice(-length))) return length;
  }
  return 0;
}
