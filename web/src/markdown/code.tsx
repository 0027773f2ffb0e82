// A block of code: its language, a button to copy it, and colours once it is whole. Colouring is loaded on first need.
import { useEffect, useState } from "react";
import { text as words } from "@/text/en/markdown";
import { CopyButton } from "@/ui/copy-button";

type Highlight = typeof import("@/markdown/highlight").highlight;

/** Code that is longer is left uncoloured: colouring it would hold up the page. */
const LONGEST = 20_000;
/** So is what has such words, gaps or lines: highlight.js looks for some patterns from each of their signs to the end. */
const TANGLED = /[\w$]{301}|\s{201}|.{2001}/;
let loaded: Highlight | null = null;

export interface CodeBlockProps {
  code: string;
  language: string;
  /** More of it is coming: it is coloured when it is whole, once. */
  open: boolean;
}

export function CodeBlock({ code, language, open }: CodeBlockProps) {
  const name = language.trim().split(/\s/, 1)[0]?.slice(0, 32) ?? "";
  const colored = useColors(code, name, !open && name !== "" && isSimple(code));
  return (
    <div className="code" dir="ltr">
      <div className="code-head">
        <span>{name || words.plain}</span>
        <CopyButton text={code} label={words.copyCode} />
      </div>
      <div className="code-scroll" role="group" aria-label={name ? words.codeIn(name) : words.code} tabIndex={0}>
        <pre>
          {colored === null ? (
            <code>{code}</code>
          ) : (
            // biome-ignore lint/security/noDangerouslySetInnerHtml: highlight.ts lets spans with a class through, no more.
            <code dangerouslySetInnerHTML={{ __html: colored }} />
          )}
        </pre>
      </div>
    </div>
  );
}

function isSimple(code: string): boolean {
  return code.length <= LONGEST && !TANGLED.test(code);
}

function useColors(code: string, language: string, wanted: boolean): TrustedHTML | null {
  const [highlight, setHighlight] = useState<Highlight | null>(() => loaded);
  useEffect(() => {
    if (!wanted || loaded) return;
    let gone = false;
    // Without colours the code is as readable, so nothing is said when they cannot be loaded.
    import("@/markdown/highlight").then(
      (module) => {
        loaded = module.highlight;
        if (!gone) setHighlight(() => module.highlight);
      },
      () => undefined,
    );
    return () => {
      gone = true;
    };
  }, [wanted]);
  const [done, setDone] = useState<{ code: string; html: TrustedHTML } | null>(null);
  if (!wanted || !highlight) return null;
  if (done?.code === code) return done.html;
  const html = highlight(code, language);
  if (html === null) return null;
  setDone({ code, html });
  return html;
}
