// Markdown to tokens: marked's lexer with mathematics added, told in top-level blocks, of which only the last ones are
// read again when more text comes. Nothing is rendered here.
import { Marked, type Token, type TokenizerExtension, type Tokens } from "marked";
import { BoundedLexer } from "@/markdown/bounded";

export type Block = Token;

export interface MathToken {
  type: "math";
  raw: string;
  tex: string;
  display: boolean;
}

/** So many blocks at the end may still change their meaning when more text comes. */
const UNSETTLED = 2;

/** `$…$` after pandoc's rule: no blank inside the signs, and no digit behind, so that prices stay prices. */
const INLINE = /^\$(?![\s$])((?:\\.|[^\\$\n])*?[^\s\\$])\$(?!\d)/;
const LONGEST_FORMULA = 5_000;
const INLINE_DISPLAY = /^\$\$([^$]{1,5000})\$\$/;
const PARENTHESES = /^\\\(((?:[^\\]|\\(?!\))){1,5000}?)\\\)/;
const BRACKETS = /^\\\[((?:[^\\]|\\(?!\])){1,5000}?)\\\]/;
/** Alone on its lines, none of them empty: what comes behind an empty line is settled by itself. */
const BLOCK = new RegExp(
  String.raw`^(?:\$\$((?:[^$\n]|\n(?![ \t]*\n)){1,5000})\$\$|` +
    String.raw`\\\[((?:[^\\\n]|\\(?!\])|\n(?![ \t]*\n)){1,5000}?)\\\])[ \t]*(?:\n|$)`,
);

const inlineMath: TokenizerExtension = {
  name: "math",
  level: "inline",
  start: (source) => source.search(/\$|\\[([]/),
  tokenizer(source) {
    for (const [pattern, display] of [
      [INLINE_DISPLAY, true],
      [BRACKETS, true],
      [INLINE, false],
      [PARENTHESES, false],
    ] as const) {
      const found = pattern.exec(source);
      if (found?.[1]) return { type: "math", raw: found[0], tex: found[1].trim(), display };
    }
    return undefined;
  },
};

const blockMath: TokenizerExtension = {
  name: "mathBlock",
  level: "block",
  start: (source) => {
    // At the beginning of a line, which the first character of what is given here is not. Where no formula follows
    // the paragraph is not cut: thousands of cuts would each cost as much as the rest of the text.
    const at = source.search(/(?<=\n)(?:\$\$|\\\[)/);
    return at >= 0 && BLOCK.test(source.slice(at, at + LONGEST_FORMULA)) ? at : undefined;
  },
  tokenizer(source) {
    const found = BLOCK.exec(source);
    const tex = found?.[1] ?? found?.[2];
    return found && tex ? { type: "math", raw: found[0], tex: tex.trim(), display: true } : undefined;
  },
};

const reader = new Marked({ gfm: true, breaks: false, extensions: [inlineMath, blockMath] });

export interface Read {
  text: string;
  blocks: Block[];
  /** Where in the text each block begins. */
  starts: number[];
}

/** Read a text that may be a longer form of one that was read before: settled blocks are kept, and are the same. */
export function readOn(before: Read | null, written: string): Read {
  // As marked does: blocks are found by their length, which must not change on the way.
  const text = written.includes("\r") ? written.replace(/\r\n?/g, "\n") : written;
  if (before === null || !text.startsWith(before.text)) return readFrom(text, 0, [], []);
  if (text === before.text) return before;
  const kept = Math.max(0, before.blocks.length - UNSETTLED);
  const start = before.starts[kept] ?? 0;
  const next = before.blocks[kept];
  // Where marked made a block of more than what was written, its length says nothing about where the next begins.
  if (!next || !text.startsWith(next.raw.trimEnd(), start)) return readFrom(text, 0, [], []);
  return readFrom(text, start, before.blocks.slice(0, kept), before.starts.slice(0, kept));
}

function readFrom(text: string, start: number, blocks: Block[], starts: number[]): Read {
  let at = start;
  for (const block of readWithSpaces(text.slice(start))) {
    if (block.type !== "space") {
      blocks.push(block);
      starts.push(at);
    }
    at += block.raw.length;
  }
  return { text, blocks, starts };
}

/** A text that goes on, without a dash at its end that would for a moment make a heading of the line before it. */
export function withoutHalf(text: string): string {
  const [half] = /\n[ \t>]*[-=]{1,2} *$/.exec(text.slice(-24)) ?? [];
  return half ? text.slice(0, 1 - half.length) : text;
}

/** Read a text. What the lexer fails on is one block as it is. */
function readWithSpaces(text: string): Token[] {
  try {
    return new BoundedLexer(reader.defaults, text.length).lex(text);
  } catch {
    return [asIs(text)];
  }
}

function asIs(text: string): Tokens.Text {
  return { type: "text", raw: text, text, escaped: false };
}
