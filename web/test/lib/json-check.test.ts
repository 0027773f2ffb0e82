import { describe, expect, it } from "vitest";
import { readJson } from "@/lib/json-check";

describe("readJson", () => {
  it.each([
    "{}",
    "[]",
    ' {"a": [1, -2.5e+3, true, false, null, "ü\\n\\u00e4"]} ',
    '"😀"',
    "0",
    '{"a":{"a":{}}}',
    "\n\t[ ]\r\n",
    '{"\\u0061": 1, "b": 2}',
  ])("reads %j as the browser does", (text) => {
    expect(readJson(text)).toEqual({ ok: true, value: JSON.parse(text) });
  });

  it.each([
    ["", 1, 1, "A value is missing."],
    ["{", 1, 2, "The closing brace is missing."],
    ['{"a": 1', 1, 8, "The closing brace is missing."],
    ['{\n  "a": 1,\n}', 3, 1, "There is a comma too many before the closing brace."],
    ['{\n  "a" 1}', 2, 7, "A colon is missing after “a”."],
    ['{"a": 1 "b": 2}', 1, 9, 'A comma or } was expected, not “"”.'],
    ["{a: 1}", 1, 2, "A name in double quotes was expected, not “a”."],
    ["{'a': 1}", 1, 2, "A name in double quotes was expected, not “'”."],
    ["{\"a\": 'b'}", 1, 7, "Texts stand in double quotes."],
    ['{"a": yes}', 1, 7, "A value was expected, not “yes”."],
    ['{"a": 01}', 1, 8, "A comma or } was expected, not “1”."],
    ['{"a": "b', 1, 7, "This text has no closing quote."],
    ['{"a": "b\nc"}', 1, 7, "This text has no closing quote."],
    ['{"a": "\\x"}', 1, 8, "No such escape."],
    ['{"a": "\t"}', 1, 8, "A control character must be escaped."],
    ["[1, ]", 1, 5, "There is a comma too many before the closing bracket."],
    ["[1 2]", 1, 4, "A comma or ] was expected, not “2”."],
    ["{} {}", 1, 4, "Nothing may follow the end, but “{” does."],
    ['{"a": 1, "a": 2}', 1, 10, "“a” occurs twice."],
    ['{"😀😀": }', 1, 8, "A value was expected, not “}”."],
  ])("says where and why %j breaks", (text, line, column, reason) => {
    expect(readJson(text)).toEqual({ ok: false, problem: { line, column, reason } });
  });

  it("does not recurse without end", () => {
    const read = readJson("[".repeat(100_000));
    expect(read.ok).toBe(false);
  });

  it("refuses exactly what the browser refuses", () => {
    const pieces = ['"a"', "{", "}", "[", "]", ":", ",", "1", "-", ".5", "true", " ", "\\", "nul", "\n", "1e5"];
    let seed = 7;
    const next = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return seed;
    };
    for (let round = 0; round < 20_000; round += 1) {
      const text = Array.from({ length: 1 + (next() % 6) }, () => pieces[next() % pieces.length]).join("");
      let readable = true;
      try {
        JSON.parse(text);
      } catch {
        readable = false;
      }
      expect([text, readJson(text).ok]).toEqual([text, readable]);
    }
  });
});
