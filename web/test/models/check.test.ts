import { describe, expect, it } from "vitest";
import { type Around, isModelId, problemsOf } from "@/pages/models/check";
import {
  type ApiModel,
  blankValues,
  bodyOf,
  changesTo,
  freePrefix,
  type Values,
  valuesOf,
} from "@/pages/models/values";
import { formatOf } from "./formats";

const stored: ApiModel = {
  id: "one", name: "One", format: "openai", base_url: "https://a.example/v1", has_key: true, prefix: "oai/",
  forward_all: false, models: ["m"], extra_headers: { "x-b": "2", "x-a": "1" }, extra_body: {},
  allow_private_network: false, timeouts: null, owner_id: null, private: false, broken: null,
  origin: "https://a.example:443", last_test: null, created_at: "", updated_at: "",
}; // biome-ignore format: one record reads better in few lines.
const fresh: Around = { stored: null, format: formatOf("openai"), others: [stored] };
const editing: Around = { ...fresh, stored };
const good: Values = { ...blankValues(), format: "openai", baseUrl: "https://a.example/v1", key: "k", models: ["m"] };
const wrong = (change: Partial<Values>, around = fresh) => problemsOf({ ...good, ...change }, around);

describe("problemsOf", () => {
  it("finds nothing wrong with a good form, new or stored", () => {
    expect(wrong({})).toEqual({});
    expect(problemsOf(valuesOf(stored), editing)).toEqual({});
  });

  it.each([
    [{ extraHeaders: '{"X-Api-Key": "k"}' }, "extra_headers", "“X-Api-Key” cannot be set here"],
    [{ extraHeaders: '{"x_goog_api_key": "k"}' }, "extra_headers", "“x_goog_api_key” cannot be set here"],
    [{ extraHeaders: '{"Proxy-Authorization": "k"}' }, "extra_headers", "cannot be set here"],
    [{ extraHeaders: "[1]" }, "extra_headers", "this is an array"],
    [{ extraHeaders: "null" }, "extra_headers", "this is null"],
    [{ extraHeaders: '{"a": }' }, "extra_headers", "Line 1, column 7"],
    [{ extraHeaders: '{"a": 1}' }, "extra_headers", "must be one line of text"],
    [{ extraHeaders: '{"a b": "1"}' }, "extra_headers", "is not a header name"],
    [{ extraHeaders: '{"x-a": "1", "X_A": "2"}' }, "extra_headers", "occurs twice"],
    [{ extraBody: '{"stream": true}' }, "extra_body", "“stream” cannot be set here"],
    [{ extraBody: "7" }, "extra_body", "this is a number"],
    [{ extraBody: `{"a": "${"x".repeat(17_000)}"}` }, "extra_body", "16 KiB"],
    [{ usePrefix: true, prefix: "" }, "prefix", "Enter a prefix"],
    [{ usePrefix: true, prefix: "a b#" }, "prefix", "may not hold blanks, #"],
    [{ usePrefix: true, prefix: "models/x" }, "prefix", "may not begin with"],
    [{ usePrefix: true, prefix: "x".repeat(33) }, "prefix", "33 characters"],
    [{ usePrefix: true, prefix: "oai/" }, "prefix", "oai/ is the prefix of One already"],
    [{ models: [] }, "models", "at least one model"],
    [{ models: Array.from({ length: 51 }, (_, at) => `m${at}`) }, "models", "51 models"],
    [{ key: "" }, "api_key", "Paste the key"],
    [{ key: "a b" }, "api_key", "holds blanks"],
    [{ baseUrl: "" }, "base_url", "Enter the address"],
    [{ timeouts: { ...good.timeouts, idle: "0" } }, "idle", "above 0"],
  ] as [Partial<Values>, string, string][])("finds what is wrong with %j", (change, field, words) => {
    const problems = wrong(change) as Record<string, string>;
    expect(Object.keys(problems)).toEqual([field]);
    expect(problems[field]).toContain(words);
  });

  it("needs no list where everything is forwarded, and no key where none is used", () => {
    expect(wrong({ usePrefix: true, prefix: "x/", forwardAll: true, models: [] })).toEqual({});
    expect(wrong({ useKey: false, key: "" })).toEqual({});
  });

  it("lets a stored key stay at its origin, and asks for it again elsewhere", () => {
    const values = valuesOf(stored);
    expect(problemsOf({ ...values, baseUrl: "https://a.example:443/v2" }, editing)).toEqual({});
    expect(problemsOf({ ...values, baseUrl: "https://b.example/v1" }, editing).api_key).toContain(
      "belongs to https://a.example:443",
    );
    const oauth = { ...editing, format: formatOf("anthropic_oauth") };
    expect(problemsOf({ ...values, format: "anthropic_oauth" }, oauth).api_key).toContain("again");
  });

  it("knows the beginning of a format's keys", () => {
    const oauth = { ...fresh, format: formatOf("anthropic_oauth") };
    expect(wrong({ key: "sk-ant-api03-x" }, oauth).api_key).toContain("sk-ant-oat01-");
  });
});

describe("isModelId", () => {
  it.each(["gpt-4o", "org/model:free", "ft:gpt-4o:acme::7", "模型"])("takes %s", (id) =>
    expect(isModelId(id)).toBe(true),
  );
  it.each(["", "a b", "a?b", "a//b", "/a", "a/", "..", "a\u0000", "x".repeat(257)])("refuses %j", (id) =>
    expect(isModelId(id)).toBe(false),
  );
});

describe("changes", () => {
  it("are none where nothing was typed, whatever the order of extras", () => {
    expect(changesTo(stored, bodyOf({ ...valuesOf(stored), extraHeaders: '{"x-a":"1","x-b":"2"}' }, ""))).toEqual({});
  });

  it("name what differs, a key only when it was typed or removed", () => {
    const values = valuesOf(stored);
    expect(changesTo(stored, bodyOf({ ...values, prefix: "new/" }, ""))).toEqual({ prefix: "new/" });
    expect(changesTo(stored, bodyOf({ ...values, key: " k " }, ""))).toEqual({ api_key: "k" });
    expect(changesTo(stored, bodyOf({ ...values, useKey: false }, ""))).toEqual({ api_key: null });
    expect(changesTo({ ...stored, has_key: false }, bodyOf({ ...values, useKey: false }, ""))).toEqual({});
  });

  it("give a duplicate a prefix that is free", () => {
    expect(freePrefix("oai/", ["oai/"])).toBe("oai-2/");
    expect(freePrefix("oai/", ["oai/", "oai-2/"])).toBe("oai-3/");
    expect(freePrefix(`${"x".repeat(31)}/`, []).length).toBe(32);
    expect(freePrefix("", [])).toBe("");
  });
});
