// Formulas. KaTeX is loaded on first need, and builds elements itself: no text becomes HTML on the way.
import { useEffect, useRef, useState } from "react";
import type { MathToken } from "@/markdown/lexer";

type Katex = typeof import("katex").default;

let loaded: Katex | null = null;
/** Longer ones are shown as they were written. */
const LONGEST = 5_000;

async function load(): Promise<Katex> {
  const [{ default: katex }] = await Promise.all([import("katex"), import("katex/dist/katex.min.css")]);
  loaded = katex;
  return katex;
}

export function Formula({ tex, display, raw }: Pick<MathToken, "tex" | "display" | "raw">) {
  const place = useRef<HTMLSpanElement>(null);
  const [katex, setKatex] = useState<Katex | null>(() => loaded);
  const [wrong, setWrong] = useState<string | null>(null);
  const failed = tex.length > LONGEST || wrong === tex;
  useEffect(() => {
    if (katex || failed) return;
    let gone = false;
    load().then(
      (found) => !gone && setKatex(() => found),
      () => !gone && setWrong(tex),
    );
    return () => {
      gone = true;
    };
  }, [katex, tex, failed]);
  useEffect(() => {
    if (!katex || !place.current || failed) return;
    try {
      // `trust: false` keeps out what could name an address; the bounds keep macros from growing without end.
      katex.render(tex, place.current, {
        displayMode: display,
        throwOnError: true,
        trust: false,
        strict: "ignore",
        maxExpand: 500,
        maxSize: 20,
      });
    } catch {
      setWrong(tex);
    }
  }, [katex, tex, display, failed]);
  if (failed || !katex) return <code>{raw.trim()}</code>;
  return <span ref={place} className={display ? "formula-display" : undefined} tabIndex={display ? 0 : undefined} />;
}
