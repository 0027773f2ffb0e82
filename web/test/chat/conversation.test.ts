// Branches, files of chats, models to choose from, records, attachments and days.
import { expect, test, vi } from "vitest";
import { ApiError } from "@/api/client";
import { bySpan } from "@/chat/dates";
import { MAX_TEXT, readFiles } from "@/chat/files";
import { type ApiModel, chats, findChoice, groupsOf, keyOf, readKey, search } from "@/chat/models";
import { recordOf } from "@/chat/record";
import { DEFAULTS, readSettings } from "@/chat/settings";
import { readContent, readMessage } from "@/chat/stored";
import { fileName, NotAChat, readFile, titleOf, toJson, toMarkdown } from "@/chat/transfer";
import { newestLeaf, pathTo, placeOf, treeOf, turnsOf, withMessage } from "@/chat/tree";
import type { Message } from "@/chat/types";
import { newId } from "@/chat/ulid";

const AT = "2026-11-22T12:00:00Z";
const message = (id: string, parent_id: string | null, text = id): Message => ({
  id,
  parent_id,
  role: id.startsWith("u") ? "user" : "assistant",
  content: { text },
  created_at: AT,
});
const MESSAGES = [
  message("u1", null),
  message("a1", "u1"),
  message("a2", "u1"),
  message("u2", "a1"),
  message("u3", null),
];

test("what is read is the path to the leaf", () => {
  const tree = treeOf(MESSAGES);
  expect(pathTo(tree, "u2").map((each) => each.id)).toEqual(["u1", "a1", "u2"]);
  expect(pathTo(tree, null).map((each) => each.id)).toEqual(["u3"]);
  expect(pathTo(tree, "gone").map((each) => each.id)).toEqual(["u3"]);
  expect(pathTo(treeOf([]), null)).toEqual([]);
});

test("siblings are counted, and a branch leads to its newest leaf", () => {
  const tree = treeOf(MESSAGES);
  expect(placeOf(tree, message("a2", "u1"))).toEqual({ position: 1, ids: ["a1", "a2"] });
  expect(placeOf(tree, message("u3", null))).toEqual({ position: 1, ids: ["u1", "u3"] });
  expect(newestLeaf(tree, "a1")).toBe("u2");
  expect(newestLeaf(tree, "a2")).toBe("a2");
});

test("a circle ends", () => {
  const tree = treeOf([message("u1", "a1"), message("a1", "u1")]);
  expect(pathTo(tree, "a1")).toHaveLength(2);
  expect(newestLeaf(tree, "u1")).not.toBeNull();
});

test("only turns that say something are sent", () => {
  const silent = {
    ...message("a9", "u1", " "),
    content: { text: " ", error: { kind: "provider", status: 500 } as const },
  };
  expect(turnsOf([message("u1", null), silent]).map((turn) => turn.text)).toEqual(["u1"]);
  expect(withMessage(MESSAGES, message("u2", "a1", "new")).map((each) => each.content.text)).toContain("new");
  expect(withMessage(MESSAGES, message("u9", "u3"))).toHaveLength(6);
});

test("a chat comes back from JSON with its branches and new ids", () => {
  const chat = { title: "One", settings: { temperature: 1 }, leaf_id: "u2", messages: MESSAGES };
  const back = readFile(toJson(chat));
  expect(back.title).toBe("One");
  expect(back.settings).toEqual({ temperature: 1 });
  expect(pathTo(treeOf(back.messages), back.leaf_id).map((each) => each.content.text)).toEqual(["u1", "a1", "u2"]);
  expect(back.messages.every((each) => each.id.length === 26)).toBe(true);
});

test("a message that was kept is read, whatever is in it", () => {
  const failure = { kind: "limited", status: 429, wait: 3, said: "Slow down", at: AT };
  const content = {
    text: "a", reasoning: "b", reasoning_ms: 1, model: "m", usage: { input: 1 }, cost_usd: "0.1", call_id: "c",
    attachments: [{ kind: "image", name: "i", media_type: "image/png", data: "x" }], tools: [{ name: "t", arguments: "" }],
    error: failure, stopped: true, total_ms: 4,
  }; // biome-ignore format: a list reads better on few lines.
  expect(readContent(content)).toEqual(content);
  expect(readContent({ text: "", error: "It cannot be opened." }).error?.said).toBe("It cannot be opened.");
  const hostile = {
    text: 1,
    cost_usd: "x",
    error: { kind: "y" },
    tools: {},
    usage: 3,
    attachments: [{ kind: "image", media_type: "text/html", data: "x" }, 7],
  };
  expect(readContent(hostile)).toEqual({ text: "" });
  expect(readMessage({ id: "x", role: "system" })).toBeUndefined();
});

test("a chat comes back from Markdown as it was read", () => {
  const tricky = "# heading\n\n<!-- bodhi user -->\n## You\nstill mine";
  const path = [message("u1", null, tricky), { ...message("a1", "u1"), content: { text: "**yes**", model: "oai/x" } }];
  const back = readFile(toMarkdown("My chat", path));
  expect(back.title).toBe("My chat");
  expect(back.messages.map((each) => [each.role, each.content.text])).toEqual([
    ["user", tricky],
    ["assistant", "**yes**"],
  ]);
  expect(back.messages[1]?.content.model).toBe("oai/x");
  expect(back.messages[1]?.parent_id).toBe(back.messages[0]?.id);
});

test("what is no chat is refused", () => {
  for (const text of ["", "# Hello", "{}", '{"format": "bodhi-chat", "messages": [{"id": "x"}]}', "[1]"]) {
    expect(() => readFile(text)).toThrow(NotAChat);
  }
});

test("titles and names of files come from what was asked", () => {
  expect(titleOf("  Where does\tthe key go?\nmore")).toBe("Where does the key go?");
  expect(titleOf("x".repeat(100))).toHaveLength(60);
  expect(titleOf("", ["plan.md"])).toBe("plan.md");
  expect(fileName("Was? / Größe..", "md")).toBe("Was-Größe.md");
  expect(fileName("???", "json")).toBe("chat.json");
});

const apiModel = (fields: Partial<ApiModel>) =>
  ({
    id: "A",
    name: "OpenAI",
    format: "openai",
    prefix: "oai/",
    models: [],
    forward_all: false,
    broken: null,
    ...fields,
  }) as ApiModel;
const API_MODELS = [
  apiModel({ models: ["gpt-4o", "text-embedding-3-small", "whisper-1", "o4-mini"] }),
  apiModel({ id: "B", name: "Router", prefix: "or/", forward_all: true }),
  apiModel({ id: "C", name: "Embeddings", models: ["bge-m3"] }),
];

test("models are grouped, and those that do not chat are left out", () => {
  expect(
    groupsOf(API_MODELS).map((group) => [group.name, group.forwards, group.choices.map((each) => each.id)]),
  ).toEqual([
    ["OpenAI", null, ["oai/gpt-4o", "oai/o4-mini"]],
    ["Router", "or/", []],
  ]);
  expect(chats("gemini-embedding-001")).toBe(false);
  expect(chats("org/bge-large")).toBe(false);
  expect(chats("dall-e-3")).toBe(false);
  expect(chats("claude-sonnet-4-5")).toBe(true);
});

test("models are found by any part of their name, or of their API model's", () => {
  const ids = (typed: string) =>
    search(groupsOf(API_MODELS), typed).flatMap((group) => group.choices.map((each) => each.id));
  expect(ids("4O")).toEqual(["oai/gpt-4o"]);
  expect(ids("openai")).toEqual(["oai/gpt-4o", "oai/o4-mini"]);
  expect(ids("nothing")).toEqual([]);
});

test("a typed id is listed, or passed on, or nobody's", () => {
  expect(findChoice(API_MODELS, "oai/gpt-4o")?.apiModelId).toBe("A");
  expect(findChoice(API_MODELS, "or/any/thing")?.apiModelId).toBe("B");
  expect(findChoice(API_MODELS, "or/")).toBeUndefined();
  expect(findChoice(API_MODELS, "oai/gpt-4o", "gone")).toBeUndefined();
  expect(readKey(keyOf("a@b", "A"))).toEqual({ id: "a@b", apiModelId: "A" });
});

test("a record is looked for until it is there", async () => {
  const look = vi.fn<() => Promise<number | undefined>>().mockResolvedValueOnce(undefined).mockResolvedValueOnce(7);
  const waits: number[] = [];
  expect(await recordOf(look, async (ms) => void waits.push(ms))).toBe(7);
  expect(waits).toHaveLength(2);
  const pause = async () => undefined;
  expect(await recordOf(async () => undefined, pause)).toBeNull();
  expect(await recordOf(() => Promise.reject(new ApiError(503, "store_unavailable", "No.")), pause)).toBeNull();
});

test("pictures and texts are read, other files and too many are refused", async () => {
  const files = [
    new File([Uint8Array.of(1, 2, 3)], "dot.png", { type: "image/png" }),
    new File(["hello"], "a.txt"),
    new File([Uint8Array.of(255, 254, 0)], "blob.bin"),
    new File(["x".repeat(MAX_TEXT + 1)], "long.txt"),
    new File(["x"], "song.mp3", { type: "audio/mpeg" }),
    new File(["last"], "b.md"),
  ];
  const { taken } = await readFiles(files.slice(0, 2));
  expect(taken).toEqual([
    { kind: "image", name: "dot.png", media_type: "image/png", data: "AQID" },
    { kind: "text", name: "a.txt", media_type: expect.stringContaining("text/plain"), data: "hello" },
  ]);
  const held = Array.from({ length: 9 }, () => taken[1]).filter((each) => each !== undefined);
  expect((await readFiles(files.slice(0, 2), held)).refused).toEqual([{ name: "a.txt", reason: "too_many" }]);
  const large = { kind: "image", name: "l", media_type: "image/png", data: "x".repeat(11 * 1024 * 1024) } as const;
  expect((await readFiles(files.slice(1, 2), [large])).refused).toEqual([{ name: "a.txt", reason: "too_much" }]);
  expect((await readFiles(files.slice(2))).refused.map((each) => each.reason)).toEqual([
    "not_readable",
    "too_large",
    "not_readable",
  ]);
});

test("chats are grouped by the day they were used", () => {
  const now = new Date(2026, 10, 22, 0, 30);
  const row = (hours: number) => ({ updated_at: new Date(now.getTime() - hours * 3_600_000).toISOString() });
  expect(
    bySpan([row(0), row(1), row(23), row(72), row(500), row(9_000)], now).map(([span, rows]) => [span, rows.length]),
  ).toEqual([
    ["today", 1],
    ["yesterday", 2],
    ["week", 1],
    ["month", 1],
    ["older", 1],
  ]);
});

test("ids sort by time, and settings survive whatever was kept", () => {
  const ids = Array.from({ length: 50 }, () => newId(1_000));
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids.map((id) => id.length))).toEqual(new Set([26]));
  expect(readSettings(null)).toEqual(DEFAULTS);
  expect(readSettings({ temperature: "1", stop: [1, "a"], stream: false, extra: 3 })).toEqual({
    ...DEFAULTS,
    stop: ["a"],
    stream: false,
  });
});
