import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { differences } from "@/pages/audit/change";
import { meanings } from "@/text/en/audit";

test("every action that is documented has its meaning on the page, in the same words", () => {
  const docs = readFileSync("../docs/audit.md", "utf8");
  const table = docs.split("<!-- begin actions -->")[1]?.split("<!-- end actions -->")[0] ?? "";
  const rows = [...table.matchAll(/^\| `([^`]+)` \| (.+) \|$/gm)].map(([, action, words]) => [action, words]);
  expect(rows.length).toBeGreaterThan(30);
  expect(meanings).toEqual(Object.fromEntries(rows));
});

test("a change is told field by field, nested ones by their paths", () => {
  const found = differences(
    { name: "a", extra: { header: 1 }, gone: true },
    { name: "b", extra: { header: 2 }, models: ["m"] },
  );
  expect(found).toEqual([
    { field: "name", before: "a", after: "b" },
    { field: "extra.header", before: "1", after: "2" },
    { field: "gone", before: "true", after: null },
    { field: "models", before: null, after: '["m"]' },
  ]);
  expect(differences({}, {})).toEqual([]);
  expect(differences({ a: {} }, { a: null })).toEqual([{ field: "a", before: "{}", after: "null" }]);
});
