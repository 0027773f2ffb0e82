// Markdown to tokens: marked's lexer with mathematics added, told in top-level blocks, of which only the last ones are
// read again when more text comes. Nothing is rendered here.
import { Marked, type Token, type TokenizerExtension, type Tokens } from "marked";

export type Block = Token;

export interface MathToken {
  type: "math";
  raw: string;
  tex: string;
  display: boolean;
}

/** A block or a line that is longer is shown as it is: no answer has one, and reading it could take seconds. */
const LONGEST = 100_000;
const LONGEST_LINE = /[^\n]{10001}/;
/** So many blocks at the end may still change their meaning when more text comes. */
const UNSETTLED = 2;

/** `$…$` after pandoc's rule: no blank inside the signs, and no digit behind, so that prices stay prices. */
const INLINE = /^\$(?![\s$])((?:\\.|[^\\$\n])*?[^\s\\$])\$(?!\d)/;
const INLINE_DISPLAY = /^\$\$([^$]+?)\$\$/;
const PARENTHESES = /^\\\(((?:[^\\]|\\(?!\)))+?)\\\)/;
const BRACKETS = /^\\\[((?:[^\\]|\\(?!\]))+?)\\\]/;
const BLOCK = /^(?:\$\$\s*([^$]+?)\s*\$\$|\\\[((?:[^\\]|\\(?!\]))+?)\\\])[ \t]*(?:\n|$)/;

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
  start: (source) => source.search(/^(?:\$\$|\\\[)/m),
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
export function readOn(before: Read | null, text: string): Read {
  if (before === null || before.blocks.length <= UNSETTLED || !text.startsWith(before.text))
    return readFrom(text, 0, [], []);
  if (text === before.text) return before;
  const kept = before.blocks.length - UNSETTLED;
  return readFrom(text, before.starts[kept] ?? 0, before.blocks.slice(0, kept), before.starts.slice(0, kept));
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

/** Read a text. What the lexer fails on, such as ten thousand nested quotes, is one block as it is. */
function readWithSpaces(text: string): Token[] {
  if (LONGEST_LINE.test(text) || (text.length > LONGEST && !text.slice(0, LONGEST).includes("\n\n")))
    return [asIs(text)];
  try {
    return reader.lexer(text);
  } catch {
    return [asIs(text)];
  }
}

function asIs(text: string): Tokens.Text {
  return { type: "text", raw: text, text, escaped: false };
}
