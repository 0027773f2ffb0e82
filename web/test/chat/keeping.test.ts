// Saving in order, and answers that go on while nobody looks.
import { afterEach, expect, test, vi } from "vitest";
import { openai } from "@/chat/dialects/openai";
import { endingOf, runOf, start, subscribeToRuns } from "@/chat/running";
import { forget, hasFailed, isUnsaved, save, saveAgain, subscribeToSaving } from "@/chat/saving";
import { tell } from "@/text/en/chat-failures";

afterEach(() => vi.unstubAllGlobals());

const settled = () => new Promise((done) => setTimeout(done, 5));

test("what is saved of one chat is saved in order", async () => {
  const done: string[] = [];
  save("A", async () => {
    await settled();
    done.push("first");
  });
  save("A", async () => void done.push("second"));
  save("B", async () => void done.push("other"));
  expect(isUnsaved("A")).toBe(true);
  await vi.waitFor(() => expect(isUnsaved("A")).toBe(false));
  expect(done).toEqual(["other", "first", "second"]);
});

test("what failed waits, with all behind it, until it is tried again", async () => {
  const told = vi.fn();
  const leave = subscribeToSaving(told);
  let works = false;
  const done: string[] = [];
  save("A", async () => {
    if (!works) throw new Error("no");
    done.push("first");
  });
  save("A", async () => void done.push("second"));
  await vi.waitFor(() => expect(hasFailed("A")).toBe(true));
  save("A", async () => void done.push("third"));
  await settled();
  expect(done).toEqual([]);
  works = true;
  saveAgain("A");
  await vi.waitFor(() => expect(isUnsaved("A")).toBe(false));
  expect(done).toEqual(["first", "second", "third"]);
  expect(hasFailed("A")).toBe(false);
  expect(told).toHaveBeenCalled();
  leave();
});

test("a chat that is gone is not saved any more", async () => {
  save("A", () => Promise.reject(new Error("no")));
  forget("A");
  await settled();
  expect(isUnsaved("A")).toBe(false);
  expect(hasFailed("A")).toBe(false);
});

function answering(pieces: string[]) {
  const encoded = pieces.map((content) =>
    new TextEncoder().encode(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`),
  );
  return async (_: unknown, { signal }: RequestInit) => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const piece of encoded) controller.enqueue(piece);
        signal?.addEventListener("abort", () => controller.error(new DOMException("stopped", "AbortError")));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
}

test("an answer is shown once a frame, kept when it is stopped, and one chat has one at a time", async () => {
  vi.stubGlobal("fetch", answering(["Hel", "lo"]));
  const told = vi.fn();
  const leave = subscribeToRuns(told);
  const onEnd = vi.fn();
  const token = { get: async () => "t", drop: () => undefined };
  const call = { dialect: openai, outgoing: { path: "/x", body: {} }, token, about: { model: "m" }, onEnd };
  start("A", { ...call, messageId: "M", parentId: "P" });
  start("A", { ...call, messageId: "N", parentId: "P" });
  await vi.waitFor(() => expect(runOf("A")?.content.text).toBe("Hello"));
  expect(runOf("A")?.messageId).toBe("M");
  runOf("A")?.stop();
  await vi.waitFor(() => expect(endingOf("A")).toBe("stopped"));
  expect(runOf("A")).toBeUndefined();
  expect(onEnd).toHaveBeenCalledOnce();
  expect(onEnd.mock.calls[0]?.[0]).toMatchObject({ text: "Hello", model: "m", stopped: true });
  expect(told).toHaveBeenCalled();
  leave();
});

test("a failure is told as what happened, who said it and what to do", () => {
  const at = "2026-11-22T12:00:00Z";
  expect(tell({ kind: "refused_key", status: 401, said: "Incorrect API key" }, "OpenAI", 0)).toEqual({
    title: "OpenAI refused the key (401).",
    said: "Incorrect API key",
    advice: "Open the API model and paste the key again.",
  });
  expect(tell({ kind: "limited", status: 429, wait: 12, at }, "Groq", 12).title).toBe(
    "Groq is limiting this key. It asks to wait 12 s.",
  );
  expect(tell({ kind: "provider", status: 529, word: "overloaded_error" }, "Anthropic", 0).title).toBe(
    "Anthropic failed (529, overloaded).",
  );
  expect(
    tell({ kind: "gateway", status: 502, said: "Network error: connection refused by localhost:11434." }, "", 0),
  ).toEqual({
    title: "Network error: connection refused by localhost:11434.",
  });
  expect(tell({ kind: "broke", status: 200 }, "", 0).title).toContain("The provider");
});
