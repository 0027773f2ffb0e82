// Reads JSON as strictly as the gateway does, and says where it breaks: browsers each word that differently, or not at
// all. What the JSON may hold is checked where it is used.

export interface JsonProblem {
  line: number;
  column: number;
  reason: string;
}

export type JsonRead = { ok: true; value: unknown } | { ok: false; problem: JsonProblem };

class Broken extends Error {
  constructor(
    readonly at: number,
    reason: string,
  ) {
    super(reason);
  }
}

const MAX_DEPTH = 200;
const BLANK = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN = /[^"\\\p{Cc}]*/uy;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const WORD = /[\p{L}\p{N}_]+/uy;

/** Read a whole JSON text. */
export function readJson(text: string): JsonRead {
  try {
    const end = skip(text, scanValue(text, skip(text, 0), 0));
    if (end < text.length) throw new Broken(end, `Nothing may follow the end, but ${shown(text, end)} does.`);
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { ok: false, problem: { ...place(text, error.at), reason: error.message } };
  }
}

/** The line and the column of a place in a text, both counted from one. */
export function place(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  const start = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: [...before.slice(start)].length + 1 };
}

function scanValue(text: string, at: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new Broken(at, "This is nested too deeply.");
  const first = text[at];
  if (first === "{") return scanMembers(text, at, depth);
  if (first === "[") return scanItems(text, at, depth);
  if (first === '"') return scanText(text, at);
  for (const word of ["true", "false", "null"]) if (text.startsWith(word, at)) return at + word.length;
  const end = match(NUMBER, text, at);
  if (end > at) return end;
  if (first === "'") throw new Broken(at, "Texts stand in double quotes.");
  throw new Broken(at, at >= text.length ? "A value is missing." : `A value was expected, not ${shown(text, at)}.`);
}

function scanMembers(text: string, open: number, depth: number): number {
  const names = new Set<string>();
  let at = skip(text, open + 1);
  if (text[at] === "}") return at + 1;
  for (;;) {
    if (text[at] !== '"') throw new Broken(at, nameMissing(text, at, names.size > 0));
    const end = scanText(text, at);
    const name: string = JSON.parse(text.slice(at, end));
    if (names.has(name)) throw new Broken(at, `“${name}” occurs twice.`);
    names.add(name);
    const colon = skip(text, end);
    if (text[colon] !== ":") throw new Broken(colon, `A colon is missing after “${name}”.`);
    at = skip(text, scanValue(text, skip(text, colon + 1), depth + 1));
    if (text[at] === "}") return at + 1;
    if (text[at] !== ",") throw new Broken(at, separatorMissing(text, at, "}"));
    at = skip(text, at + 1);
  }
}

function scanItems(text: string, open: number, depth: number): number {
  let at = skip(text, open + 1);
  if (text[at] === "]") return at + 1;
  for (;;) {
    if (text[at] === "]") throw new Broken(at, "There is a comma too many before the closing bracket.");
    at = skip(text, scanValue(text, at, depth + 1));
    if (text[at] === "]") return at + 1;
    if (text[at] !== ",") throw new Broken(at, separatorMissing(text, at, "]"));
    at = skip(text, at + 1);
  }
}

function scanText(text: string, open: number): number {
  let at = open + 1;
  for (;;) {
    at = match(PLAIN, text, at);
    if (text[at] === '"') return at + 1;
    if (at >= text.length || text[at] === "\n") throw new Broken(open, "This text has no closing quote.");
    const end = match(ESCAPE, text, at);
    if (end === at)
      throw new Broken(at, text[at] === "\\" ? "No such escape." : "A control character must be escaped.");
    at = end;
  }
}

function nameMissing(text: string, at: number, afterComma: boolean): string {
  if (at >= text.length) return "The closing brace is missing.";
  if (text[at] === "}" && afterComma) return "There is a comma too many before the closing brace.";
  return `A name in double quotes was expected, not ${shown(text, at)}.`;
}

function separatorMissing(text: string, at: number, close: string): string {
  if (at >= text.length) return `The closing ${close === "}" ? "brace" : "bracket"} is missing.`;
  return `A comma or ${close} was expected, not ${shown(text, at)}.`;
}

function shown(text: string, at: number): string {
  const end = match(WORD, text, at);
  return `“${end > at ? text.slice(at, Math.min(end, at + 20)) : String.fromCodePoint(text.codePointAt(at) ?? 32)}”`;
}

function skip(text: string, at: number): number {
  return match(BLANK, text, at);
}

function match(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
