// Events out of pieces cut anywhere.
import { expect, test } from "vitest";
import { EventParser, MAX_EVENT, type ServerEvent } from "@/chat/sse";

const STREAM =
  "\uFEFF: a comment\r\n\r\nevent: first\r\ndata: one\r\ndata: two\r\n\r\ndata:three\n\nid: 7\rdata: wörld 🌱\r\rdata\n\nevent: nothing\n\n";
const EVENTS: ServerEvent[] = [
  { event: "first", data: "one\ntwo" },
  { event: "message", data: "three" },
  { event: "message", data: "wörld 🌱" },
  { event: "message", data: "" },
];

function parsed(pieces: string[]): ServerEvent[] {
  const parser = new EventParser();
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

test("every kind of line end ends a line", () => {
  expect(parsed([STREAM])).toEqual(EVENTS);
});

test("a stream cut at any place says the same", () => {
  for (let cut = 0; cut <= STREAM.length; cut += 1) {
    expect(parsed([STREAM.slice(0, cut), STREAM.slice(cut)])).toEqual(EVENTS);
  }
  expect(parsed([...STREAM])).toEqual(EVENTS);
});

test("an event without its blank line is told at the end", () => {
  expect(parsed(["data: half"])).toEqual([{ event: "message", data: "half" }]);
  expect(parsed(["data: half\n"])).toEqual([{ event: "message", data: "half" }]);
  expect(parsed(["event: only"])).toEqual([]);
});

test("an event that never ends is given up", () => {
  const parser = new EventParser();
  const piece = "x".repeat(MAX_EVENT / 4);
  expect(() => {
    for (let times = 0; times < 6; times += 1) parser.push(piece);
  }).toThrow(RangeError);
});
