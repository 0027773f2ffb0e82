import { expect, test } from "vitest";
import type { Call } from "@/pages/usage/filters";
import { type LiveEvent, MOST_ROWS, merged, missed, NO_ROWS, withEvent } from "@/pages/usage/live-rows";
import { stacked } from "@/ui/plot";
import { sparkPath } from "@/ui/sparkline";

const call = (id: string) => ({ id }) as Call;
const came = (id: string, held = false): LiveEvent => ({ type: "came", call: call(id), held });
const after = (...events: LiveEvent[]) => events.reduce(withEvent, NO_ROWS);
const ids = (calls: readonly Call[] | null) => calls?.map(({ id }) => id);

test("the newest is on top, and while rows may not move they wait", () => {
  const rows = after(came("1"), came("2"), came("3", true), came("4", true));
  expect([ids(rows.shown), ids(rows.waiting)]).toEqual([
    ["2", "1"],
    ["4", "3"],
  ]);
  expect(ids(withEvent(rows, { type: "let in" }).shown)).toEqual(["4", "3", "2", "1"]);
});

test("when rows may move again, those that waited go in with the next, in order", () => {
  const rows = after(came("1"), came("2", true), came("3"));
  expect([ids(rows.shown), rows.waiting.length]).toEqual([["3", "2", "1"], 0]);
});

test("no more rows are kept than the bound, and the list says so", () => {
  const events = Array.from({ length: MOST_ROWS + 5 }, (_, place) => came(String(place), place % 2 === 0));
  const rows = after(...events);
  expect(rows.shown.length + rows.waiting.length).toBe(MOST_ROWS);
  expect(rows.overflowed).toBe(true);
  expect(withEvent(rows, { type: "cleared" })).toBe(NO_ROWS);
});

test("a call that came and was loaded is there once", () => {
  expect(ids(merged([call("3"), call("2")], [call("2"), call("1")]))).toEqual(["3", "2", "1"]);
});

test("what was missed is what is newer than all that is known, oldest first", () => {
  const [one, two, three] = [call("1"), call("2"), call("3")];
  expect(ids(missed([three, two, one], [one]))).toEqual(["2", "3"]);
  expect(ids(missed([one], [one]))).toEqual([]);
  expect(ids(missed([two, one], []))).toEqual(["1", "2"]);
  expect(missed([three, two], [one])).toBeNull();
});

test("bars lie on each other: each series has its own and all after it", () => {
  const series = [
    [5, 1],
    [2, null],
    [1, 1],
  ].map((values) => ({ label: "", colour: "accent" as const, values }));
  expect(stacked(series)).toEqual([
    [8, 2],
    [3, 1],
    [1, 1],
  ]);
});

test("a course without values has no line, and a gap breaks it", () => {
  expect(sparkPath([])).toBe("");
  expect(sparkPath([null, null])).toBe("");
  expect(sparkPath([1, null, 2]).match(/M/g)).toHaveLength(2);
  expect(sparkPath([0, 0])).not.toContain("NaN");
});
