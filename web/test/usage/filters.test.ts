import { describe, expect, test } from "vitest";
import { changeOf } from "@/pages/usage/change";
import {
  filtersOf,
  fromField,
  isFiltered,
  keyOf,
  narrowed,
  pointsOf,
  queryOf,
  spanOf,
  toField,
  UNFILTERED,
} from "@/pages/usage/filters";
import { behind, nextSort, orderOf, restOf, sorted } from "@/pages/usage/groups";
import type { Group } from "@/pages/usage/queries";

const NOW = Date.parse("2026-11-22T12:00:00Z");

describe("the address", () => {
  test("without anything it means the last day, up to now", () => {
    expect(spanOf({})).toBe("24h");
    expect(queryOf({}, NOW)).toEqual({ since: "2026-11-21T12:00:00Z" });
    expect(pointsOf({})).toBe(48);
  });

  test("an unknown span means the default, and no member of Object is one", () => {
    expect(spanOf({ span: "9y" })).toBe("24h");
    expect(spanOf({ span: "constructor" })).toBe("24h");
  });

  test("a time of its own wins over a span, and an end alone begins a day before", () => {
    expect(spanOf({ span: "7d", until: "2026-11-20T00:00:00Z" })).toBe("custom");
    expect(queryOf({ until: "2026-11-20T00:00:00Z" }, NOW).since).toBe("2026-11-19T00:00:00Z");
    expect(queryOf({ since: "nonsense" }, NOW).since).toBe("nonsense");
    expect(queryOf({ until: "nonsense" }, NOW)).toEqual({ since: undefined, until: "nonsense" });
  });

  test("filters are passed on as they are; only true and false say whether calls failed", () => {
    expect(filtersOf({ model: "a/b", failed: "true", status: "" })).toEqual({ model: "a/b", failed: true });
    expect(filtersOf({ failed: "perhaps" })).toEqual({});
    expect(isFiltered({ span: "1h", by: "day", live: "1" })).toBe(false);
    expect(isFiltered({ ...{ model: "m" }, ...UNFILTERED })).toBe(false);
  });

  test("what does not change which calls are shown does not change the key", () => {
    expect(keyOf({ by: "day", sort: "cost", live: "1" })).toBe(keyOf({}));
    expect(keyOf({ model: "m" })).not.toBe(keyOf({}));
  });

  test("a stretch that was dragged over is at least a second long", () => {
    expect(narrowed(100.4, 100.5)).toEqual({
      span: undefined,
      since: "1970-01-01T00:01:40Z",
      until: "1970-01-01T00:01:41Z",
    });
  });

  test("a field's time goes there and back", () => {
    expect(fromField(toField("2026-11-22T12:34:00Z"))).toBe("2026-11-22T12:34:00Z");
    expect([toField("nonsense"), fromField("")]).toEqual(["", undefined]);
  });
});

function group(key: string | null, count: number, more: Partial<Group> = {}): Group {
  return {
    key,
    name: null,
    count,
    errors: 0,
    unpriced: 0,
    input_tokens: count,
    output_tokens: 1,
    cached_tokens: 0,
    reasoning_tokens: 0,
    cache_write_tokens: 0,
    cost_nano: null,
    cost_usd: null,
    mean_us: null,
    longest_us: null,
    first: null,
    last: null,
    p95_first_us: null,
    p95_total_us: null,
    ...more,
  };
}

describe("sums", () => {
  const names = (found: Group[]) => found.map((each) => each.key);

  test("are in the order that the address names, those without a value last both ways", () => {
    const groups = [group("a", 1, { cost_nano: 5 }), group("b", 3), group("c", 2, { cost_nano: 9 })];
    const by = (sort?: string) => names(sorted(groups, orderOf(sort), (each) => each.key ?? ""));
    expect(by()).toEqual(["b", "c", "a"]);
    expect(by("-cost")).toEqual(["c", "a", "b"]);
    expect(by("cost")).toEqual(["a", "c", "b"]);
    expect(by("name")).toEqual(["a", "b", "c"]);
    expect(by("-nonsense")).toEqual(["b", "c", "a"]);
  });

  test("a click turns a column round, and another column begins with its largest", () => {
    expect(nextSort(orderOf(undefined), "requests")).toBe("requests");
    expect(nextSort(orderOf("requests"), "requests")).toBe("-requests");
    expect(nextSort(orderOf(undefined), "cost")).toBe("-cost");
    expect(nextSort(orderOf(undefined), "name")).toBe("name");
  });

  test("what is not shown by itself is added up, and no cost is known where none is", () => {
    expect(restOf([group("a", 1), group("b", 2)])).toMatchObject({ count: 3, input_tokens: 3, cost_nano: null });
    expect(restOf([group("a", 1, { cost_nano: 4 }), group("b", 2)]).cost_nano).toBe(4);
  });

  test("each group leads to its calls, where a filter can name them", () => {
    expect(behind("model", "m")).toEqual({ model: "m" });
    expect(behind("token", "t")).toEqual({ token_id: "t" });
    expect(behind("day", "2026-11-22")).toMatchObject({ since: "2026-11-22T00:00:00Z", until: "2026-11-23T00:00:00Z" });
    expect(behind("error", null)).toEqual({ failed: "false" });
    expect(behind("model", null)).toBeNull();
  });
});

test("a change is told in per cent, as a multiple where it is large, and not against nothing", () => {
  expect(changeOf(112, 100)).toBe("+12\u2009%");
  expect(changeOf(99, 100)).toBe("−1\u2009%");
  expect(changeOf(1001, 1000)).toBe("±0\u2009%");
  expect(changeOf(500, 10)).toBe("×50");
  expect([changeOf(1, 0), changeOf(null, 1), changeOf(1, null)]).toEqual([null, null, null]);
});
