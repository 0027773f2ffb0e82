import { describe, expect, it } from "vitest";
import { firstModels, lostIds, rowsOf } from "@/pages/models/rows";
import type { ApiModel } from "@/pages/models/values";

function model(id: string, more: Partial<ApiModel>): ApiModel {
  return {
    id, name: id, format: "openai", base_url: "https://a.example/v1", has_key: false, prefix: "", forward_all: false,
    models: [], extra_headers: {}, extra_body: {}, allow_private_network: false, timeouts: null, owner_id: null,
    private: false, broken: null, origin: "", last_test: null, created_at: "", updated_at: "", ...more,
  }; // biome-ignore format: one record reads better in few lines.
}

const tested = { at: "", model: "m", message: "", detail: "", status: 200, duration_ms: 1 };
const one = model("one", { prefix: "oai/", models: ["a", "b", "c", "d"], last_test: { ...tested, ok: true } });
const two = model("two", { format: "gemini", models: ["g"], last_test: { ...tested, ok: false } });
const three = model("three", { prefix: "oai/", forward_all: true });

describe("rows", () => {
  it("are found by name, prefix, client's id and address, all words together", () => {
    expect(rowsOf([one, two], { q: "OAI/b" })).toEqual([one]);
    expect(rowsOf([one, two], { q: "a.example two" })).toEqual([two]);
    expect(rowsOf([one, two], { q: "nothing" })).toEqual([]);
  });

  it("are narrowed by format and health", () => {
    expect(rowsOf([one, two, three], { format: "gemini" })).toEqual([two]);
    expect(rowsOf([one, two, three], { health: "ok" })).toEqual([one]);
    expect(rowsOf([one, two, three], { health: "failed" })).toEqual([two]);
    expect(rowsOf([one, two, three], { health: "untested" })).toEqual([three]);
    expect(rowsOf([model("x", { broken: "sealed" })], { health: "failed" })).toHaveLength(1);
  });

  it("show three models and count the rest", () => {
    expect(firstModels(one)).toEqual({ shown: ["oai/a", "oai/b", "oai/c"], more: ["oai/d"] });
  });
});

describe("lostIds", () => {
  it("leaves out what another api model of the format serves", () => {
    expect(lostIds(one, [one, two])).toEqual(["oai/a", "oai/b", "oai/c", "oai/d"]);
    expect(lostIds(one, [one, three])).toEqual([]);
    expect(lostIds(one, [one, model("x", { models: ["oai/a"] })])).toEqual(["oai/b", "oai/c", "oai/d"]);
    expect(lostIds(one, [one, model("x", { format: "gemini", models: ["oai/a"] })])).toHaveLength(4);
  });
});
