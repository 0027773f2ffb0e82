// Reading on must come to what reading the whole comes to, and settled blocks must stay the same.
import { expect, test } from "vitest";
import { decodeEntities } from "@/markdown/entities";
import { type MathToken, type Read, readOn, withoutHalf } from "@/markdown/lexer";
import { isOwnPicture, safeHref } from "@/markdown/links";

const ANSWER = [
  "# Title",
  "A paragraph with **bold**, `code` and $a^2$.",
  "| a | b |\n| - | - |\n| 1 | 2 |",
  "1. one\n2. two\n\n   more of two",
  "```python\nprint('$5')\n```",
  "> quote\n> of two lines",
  "$$\n\\sum_i x_i\n$$",
  "<script>alert(1)</script>",
  "The end.",
].join("\n\n");

function streamed(text: string, step: number): Read {
  let read: Read | null = null;
  for (let at = step; at < text.length + step; at += step) read = readOn(read, text.slice(0, at));
  if (read === null) throw new Error("an empty text");
  return read;
}

test.each([1, 3, 7, 50])("a text read in pieces of %d is the text read whole", (step) => {
  const whole = readOn(null, ANSWER);
  expect(streamed(ANSWER, step).blocks.map(({ type, raw }) => [type, raw])).toEqual(
    whole.blocks.map(({ type, raw }) => [type, raw]),
  );
});

test("lines that end as on Windows are read as others", () => {
  const text = ANSWER.replaceAll("\n", "\r\n");
  const expected = readOn(null, ANSWER).blocks.map(({ raw }) => raw);
  expect(readOn(null, text).blocks.map(({ raw }) => raw)).toEqual(expected);
  expect(streamed(text, 1).blocks.map(({ raw }) => raw)).toEqual(expected);
});

test("a formula in the second place of a line cuts no paragraph", () => {
  const text = "a\\[| b |\n\nc\n\nd\n\ne";
  expect(streamed(text, 1).blocks.map(({ raw }) => raw)).toEqual(["a\\[| b |", "c", "d", "e"]);
});

test.each([
  ["Colours:\n-", "Colours:\n"],
  ["- a\n  - ", "- a\n"],
  ["Colours:\n==", "Colours:\n"],
  ["Colours:\n---", "Colours:\n---"],
  ["Colours:\n- red", "Colours:\n- red"],
  ["well-", "well-"],
])("of %j that goes on %j is read", (text, expected) => {
  expect(withoutHalf(text)).toBe(expected);
});

test("settled blocks are the same objects when more text comes", () => {
  const before = readOn(null, ANSWER);
  const first = [...before.blocks];
  const after = readOn(before, `${ANSWER} And more.`);
  expect(after.blocks.slice(0, first.length - 2).every((block, place) => block === first[place])).toBe(true);
});

test("another text is read anew", () => {
  expect(readOn(readOn(null, ANSWER), "Other").blocks).toHaveLength(1);
});

function formulas(text: string): string[] {
  const [block] = readOn(null, text).blocks;
  const tokens = block && "tokens" in block ? (block.tokens ?? []) : [];
  return [...(block?.type === "math" ? [block] : []), ...tokens]
    .filter((token) => token.type === "math")
    .map((token) => (token as unknown as MathToken).tex);
}

test.each([
  ["It costs $5 and $6.", []],
  ["From $5-$6 a month", []],
  ["A lone $ sign", []],
  ["Here $x$ and $y_1$.", ["x", "y_1"]],
  ["Here \\(x\\) too", ["x"]],
  ["$$E = mc^2$$", ["E = mc^2"]],
  ["\\[\n\\frac{1}{2}\n\\]", ["\\frac{1}{2}"]],
])("formulas in %j are %j", (text, expected) => {
  expect(formulas(text)).toEqual(expected);
});

test("ten thousand nested quotes are read without failing", () => {
  expect(readOn(null, ">".repeat(10_000)).blocks.length).toBeGreaterThan(0);
});

test.each(["__a_ ", "$", "*a_b ", "[x][", "a@", "<a "])("a line of many %j stays as it was written", (unit) => {
  const line = unit.repeat(1_000).trim();
  const [block] = readOn(null, line).blocks;
  expect(block && "tokens" in block ? block.tokens : []).toMatchObject([{ type: "text", raw: line }]);
});

test("a long line of code or a large picture leaves the rest of the answer as it is", () => {
  const picture = `![x](data:image/png;base64,${"A".repeat(50_000)})`;
  const text = `# Title\n\n${picture}\n\n\`\`\`js\n${"x".repeat(50_000)}\n\`\`\`\n\n**The end.**`;
  const { blocks } = readOn(null, text);
  expect(blocks.map(({ type }) => type)).toEqual(["heading", "paragraph", "code", "paragraph"]);
  expect(blocks[1]).toMatchObject({ tokens: [{ type: "image" }] });
});

test.each([
  ["https://example.org/a", "https://example.org/a"],
  ["mailto:ada@example.org", "mailto:ada@example.org"],
  ["javascript:alert(1)", null],
  ["JaVaScRiPt:alert(1)", null],
  ["java\nscript:alert(1)", null],
  ["\u0001javascript:alert(1)", null],
  ["data:text/html,<script>1</script>", null],
  ["vbscript:x", null],
  ["blob:https://example.org/x", null],
  ["//example.org/a", null],
  ["/ui/settings/", null],
  ["#anchor", null],
])("the address %j leads to %j", (href, expected) => {
  expect(safeHref(href)).toBe(expected);
});

test.each([
  ["data:image/png;base64,AAAA", true],
  ["data:image/svg+xml;base64,AAAA", false],
  ["data:text/html;base64,AAAA", false],
  ["https://example.org/a.png", false],
])("whether %j is a picture of the answer's own: %j", (source, expected) => {
  expect(isOwnPicture(source)).toBe(expected);
});

test.each([
  ["a &lt;b&gt; &#38; &#x1F600; &unknown; &#0;", "a <b> & 😀 &unknown; \ufffd"],
  ["no references", "no references"],
])("references in %j are %j", (text, expected) => {
  expect(decodeEntities(text)).toBe(expected);
});
