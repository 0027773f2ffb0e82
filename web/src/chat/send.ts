// One model call from this page: sent with the short-lived token, read as it comes. What is written is dialects/'s.
import { setOffline } from "@/api/gate";
import type { ChatToken } from "@/chat/chat-token";
import type { Outgoing } from "@/chat/dialects";
import type { Dialect } from "@/chat/dialects/contract";
import { clipped, failureOf, oddAnswer } from "@/chat/failure";
import { parse } from "@/chat/json";
import { EventParser, type ServerEvent } from "@/chat/sse";
import type { Delta, Failure } from "@/chat/types";

export interface Sending {
  token: ChatToken;
  signal: AbortSignal;
  onHead?: (callId: string | null) => void;
  onDelta: (deltas: Delta[]) => void;
  fetch?: typeof fetch;
}

/** Send a request and pass on what is answered. Returns what went wrong, or null; a stopped call is not wrong. */
export async function send(dialect: Dialect, outgoing: Outgoing, sending: Sending): Promise<Failure | null> {
  try {
    const response = await reach(outgoing, sending);
    sending.onHead?.(response.headers.get("x-bodhi-request-id"));
    if (!response.ok) return failureOf(response, await response.text());
    const type = response.headers.get("content-type") ?? "";
    if (/^text\/event-stream/i.test(type)) return await readStream(dialect, response, sending);
    return await readWhole(dialect, response, sending);
  } catch (error) {
    if (sending.signal.aborted) return null;
    if (error instanceof TypeError) {
      setOffline(true);
      return { kind: "lost", status: 0 };
    }
    throw error;
  }
}

async function reach({ path, body }: Outgoing, { token, signal, fetch: go = fetch }: Sending): Promise<Response> {
  for (let attempt = 0; ; attempt += 1) {
    const bearer = await token.get();
    signal.throwIfAborted();
    const response = await go(path, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      // The session's cookie opens no model; the token alone does.
      credentials: "omit",
      signal,
    });
    setOffline(false);
    const ours = response.status === 401 && response.headers.has("x-bodhi-error");
    if (!ours || attempt > 0) return response;
    token.drop(bearer);
    await response.body?.cancel();
  }
}

async function readStream(dialect: Dialect, response: Response, sending: Sending): Promise<Failure | null> {
  const read = dialect.reader();
  const parser = new EventParser();
  let finished = false;
  let failure: Failure | null = null;
  const take = (events: ServerEvent[]) => {
    const deltas = events.flatMap(read);
    for (const delta of deltas) {
      if (delta.type === "finish") finished = true;
      if (delta.type === "error") failure = { kind: "provider", status: 0, said: delta.said, word: delta.word };
    }
    if (deltas.length) sending.onDelta(deltas);
  };
  try {
    for await (const text of pieces(response)) {
      sending.signal.throwIfAborted();
      take(parser.push(text));
    }
    take(parser.end());
  } catch (error) {
    if (sending.signal.aborted) return null;
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return failure ?? (finished ? null : { kind: "broke", status: response.status });
  }
  return failure ?? (finished ? null : { kind: "broke", status: response.status });
}

async function* pieces(response: Response): AsyncGenerator<string> {
  if (!response.body) return;
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      yield decoder.decode(value, { stream: true });
    }
    yield decoder.decode();
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

async function readWhole(dialect: Dialect, response: Response, sending: Sending): Promise<Failure | null> {
  let body: string;
  try {
    body = await response.text();
  } catch (error) {
    if (sending.signal.aborted) return null;
    if (error instanceof TypeError) return { kind: "broke", status: response.status };
    throw error;
  }
  const answer = parse(body);
  if (answer === undefined) return oddAnswer(response, body);
  const deltas = dialect.whole(answer);
  const wrong = deltas.find((delta) => delta.type === "error");
  if (deltas.length) sending.onDelta(deltas);
  if (wrong) return { kind: "provider", status: 0, said: wrong.said, word: wrong.word, reply: clipped(body) };
  return deltas.length ? null : oddAnswer(response, body);
}
