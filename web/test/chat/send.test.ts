// One call: the token, streams that end well or not, errors of every origin, stopping.
import { expect, test, vi } from "vitest";
import { newChatToken } from "@/chat/chat-token";
import { openai } from "@/chat/dialects/openai";
import { Draft } from "@/chat/draft";
import { type Sending, send } from "@/chat/send";

const OUT = { path: "/openai/v1/chat/completions", body: { model: "m" } };
const chunk = (content: string) => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`;
const STREAM = { headers: { "content-type": "text/event-stream", "x-bodhi-request-id": "call-1" } };

function streamOf(pieces: string[], broken = false): ReadableStream<Uint8Array> {
  const bytes = pieces.map((piece) => new TextEncoder().encode(piece));
  return new ReadableStream({
    pull: (controller) => {
      const next = bytes.shift();
      if (next) controller.enqueue(next);
      else if (broken) controller.error(new TypeError("network error"));
      else controller.close();
    },
  });
}

async function said(response: Response | (() => Promise<Response>), more: Partial<Sending> = {}) {
  const draft = new Draft(() => 0);
  const answer = typeof response === "function" ? response : async () => response;
  const go = vi.fn(answer);
  const token = newChatToken(async () => ({ token: "t1", expires_at: "2999-01-01T00:00:00Z" }));
  const failure = await send(openai, OUT, {
    token,
    signal: new AbortController().signal,
    onHead: (id) => {
      draft.callId = id ?? undefined;
    },
    onDelta: (deltas) => draft.take(deltas),
    fetch: go as unknown as typeof fetch,
    ...more,
  });
  return { failure, content: draft.content(), go };
}

test("a stream is read to its end, and goes out with the token and no cookie", async () => {
  const { failure, content, go } = await said(
    new Response(streamOf([chunk("Hel"), `${chunk("lo")}data: [DONE]\n\n`]), STREAM),
  );
  expect(failure).toBeNull();
  expect(content).toMatchObject({ text: "Hello", call_id: "call-1" });
  expect(go).toHaveBeenCalledWith(OUT.path, expect.objectContaining({ credentials: "omit", body: '{"model":"m"}' }));
  const [, init] = go.mock.calls[0] as unknown as [string, { headers: Record<string, string> }];
  expect(init.headers.authorization).toBe("Bearer t1");
});

test("letters cut in two are put together", async () => {
  const bytes = new TextEncoder().encode(`${chunk("wörld 🌱")}data: [DONE]\n\n`);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect((await said(new Response(body, STREAM))).content.text).toBe("wörld 🌱");
});

test("a stream that breaks keeps what came", async () => {
  for (const broken of [true, false]) {
    const { failure, content } = await said(new Response(streamOf([chunk("Hel")], broken), STREAM));
    expect(failure).toMatchObject({ kind: "broke" });
    expect(content.text).toBe("Hel");
  }
});

test("an error event says more than the end that follows", async () => {
  const event = 'data: {"error": {"message": "The provider closed the connection.", "code": "upstream_broke_off"}}\n\n';
  const { failure, content } = await said(new Response(streamOf([chunk("Hel"), event], true), STREAM));
  expect(failure).toMatchObject({ kind: "provider", said: "The provider closed the connection." });
  expect(content.text).toBe("Hel");
});

test("a whole answer is read, whatever was asked", async () => {
  const answer = { choices: [{ message: { content: "Hello" }, finish_reason: "stop" }] };
  const { failure, content } = await said(Response.json(answer));
  expect(failure).toBeNull();
  expect(content.text).toBe("Hello");
});

const cases: [string, Response, object][] = [
  [
    "a refused key",
    Response.json({ error: { message: "Incorrect API key", code: "invalid_api_key" } }, { status: 401 }),
    { kind: "refused_key", status: 401, said: "Incorrect API key" },
  ],
  [
    "a limit with a time to wait",
    Response.json({ error: { message: "Slow down" } }, { status: 429, headers: { "retry-after": "12" } }),
    { kind: "limited", wait: 12 },
  ],
  [
    "a limit that tells the time in the body",
    Response.json([{ error: { message: "x", details: [{ retryDelay: "2.5s" }] } }], { status: 429 }),
    { kind: "limited", wait: 3 },
  ],
  [
    "an overloaded provider",
    Response.json({ type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, { status: 529 }),
    { kind: "provider", status: 529, word: "overloaded_error", said: "Overloaded" },
  ],
  [
    "a page",
    new Response("<!doctype html><h1>502 Bad Gateway</h1>", { status: 502, headers: { "content-type": "text/html" } }),
    { kind: "page", status: 502, reply: "<!doctype html><h1>502 Bad Gateway</h1>" },
  ],
  [
    "a page with a good status",
    new Response("<html>Welcome</html>", { headers: { "content-type": "text/html" } }),
    { kind: "page", status: 200 },
  ],
  ["nothing at all", new Response(""), { kind: "odd", status: 200 }],
  ["what is no answer", Response.json({ hello: 1 }), { kind: "odd", status: 200 }],
  [
    "FastAPI's words",
    Response.json({ detail: [{ msg: "field required" }] }, { status: 422 }),
    { kind: "refused", said: "field required" },
  ],
  [
    "the gateway's own",
    Response.json(
      { error: { message: "No api model serves the model 'x'." } },
      { status: 404, headers: { "x-bodhi-error": "model_not_found" } },
    ),
    { kind: "gateway", code: "model_not_found", said: "No api model serves the model 'x'." },
  ],
];
test.each(cases)("%s is told", async (_, response, expected) => {
  expect((await said(response)).failure).toMatchObject(expected);
});

test("a gateway that is not there is told", async () => {
  const gone = () => Promise.reject(new TypeError("Failed to fetch"));
  expect((await said(gone)).failure).toEqual({ kind: "lost", status: 0 });
});

test("what is stopped is no failure and keeps what came", async () => {
  const stop = new AbortController();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(new TextEncoder().encode(chunk("Hel")));
      stop.signal.addEventListener("abort", () => controller.error(new DOMException("stopped", "AbortError")));
    },
  });
  const draft = new Draft(() => 0);
  const failure = await send(openai, OUT, {
    token: { get: async () => "t", drop: () => undefined },
    signal: stop.signal,
    onDelta: (deltas) => {
      draft.take(deltas);
      stop.abort();
    },
    fetch: (async () => new Response(body, STREAM)) as typeof fetch,
  });
  expect(failure).toBeNull();
  expect(draft.text).toBe("Hel");
});

test("a token that the gateway refuses is replaced, once", async () => {
  let minted = 0;
  const token = newChatToken(async () => {
    minted += 1;
    return { token: `t${minted}`, expires_at: "2999-01-01T00:00:00Z" };
  });
  const refusal = () =>
    Response.json({ error: { message: "x" } }, { status: 401, headers: { "x-bodhi-error": "token_expired" } });
  const answers = [refusal(), Response.json({ choices: [{ message: { content: "Hi" }, finish_reason: "stop" }] })];
  const { content } = await said(async () => answers.shift() ?? refusal(), { token });
  expect(content.text).toBe("Hi");
  expect(minted).toBe(2);
  expect((await said(async () => refusal(), { token })).failure).toMatchObject({
    kind: "gateway",
    code: "token_expired",
  });
  expect(minted).toBe(3);
});

test("one token serves calls at once, and is renewed before its end", async () => {
  let now = 0;
  const mint = vi.fn(async () => ({
    token: `t${mint.mock.calls.length}`,
    expires_at: new Date(now + 900_000).toISOString(),
  }));
  const token = newChatToken(mint, () => now);
  expect(await Promise.all([token.get(), token.get()])).toEqual(["t1", "t1"]);
  now = 800_000;
  expect(await token.get()).toBe("t1");
  now = 850_000;
  expect(await token.get()).toBe("t2");
  token.drop("t1");
  expect(await token.get()).toBe("t2");
});

test("times of an answer are taken as it grows", () => {
  let now = 0;
  const draft = new Draft(() => now);
  now = 300;
  draft.take([{ type: "reasoning", text: "Hm" }]);
  now = 2_300;
  draft.take([{ type: "text", text: "Hello" }]);
  now = 3_000;
  draft.take([
    { type: "usage", usage: { input: 1 } },
    { type: "usage", usage: { output: 2, input: undefined } },
  ]);
  expect(draft.ended({}, null, true)).toEqual({
    text: "Hello",
    reasoning: "Hm",
    reasoning_ms: 2_300,
    usage: { input: 1, output: 2 },
    first_token_ms: 300,
    total_ms: 3_000,
    stopped: true,
  });
});
