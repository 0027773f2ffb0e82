// What went wrong, told apart: the gateway's own errors, the provider's, pages of HTML, broken streams.

import { parse } from "@/chat/json";
import { saidOf, waitIn } from "@/chat/problem";
import type { Failure } from "@/chat/types";

const MAX_REPLY = 4_000;

/** Read an answer whose status says that it is an error. */
export function failureOf(response: Response, body: string, now = new Date()): Failure {
  const code = response.headers.get("x-bodhi-error");
  const answer = parse(body);
  const found = saidOf(answer);
  const told = Number(response.headers.get("retry-after"));
  const wait = Number.isFinite(told) && told > 0 ? Math.ceil(told) : waitIn(answer);
  const failure: Failure = {
    kind: kindOf(response.status, code, isPage(response, body)),
    status: response.status,
    said: found?.said,
    word: found?.word,
    reply: code ? undefined : clipped(body),
    at: now.toISOString(),
  };
  if (code) failure.code = code;
  if (wait !== undefined) failure.wait = wait;
  return failure;
}

/** An answer that has a good status and holds nothing that can be read. */
export function oddAnswer(response: Response, body: string): Failure {
  return { kind: isPage(response, body) ? "page" : "odd", status: response.status, reply: clipped(body) };
}

function kindOf(status: number, code: string | null, page: boolean): Failure["kind"] {
  if (code) return "gateway";
  if (page) return "page";
  if (status === 401 || status === 403) return "refused_key";
  if (status === 404) return "not_found";
  if (status === 429) return "limited";
  return status >= 500 ? "provider" : "refused";
}

function isPage(response: Response, body: string): boolean {
  return /^text\/html/i.test(response.headers.get("content-type") ?? "") || /^\s*<(?:!doctype|html)\b/i.test(body);
}

export function clipped(body: string): string | undefined {
  return body.length > MAX_REPLY ? `${body.slice(0, MAX_REPLY)}…` : body || undefined;
}
