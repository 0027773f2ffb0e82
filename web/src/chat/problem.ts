// The provider's own words, out of any of the shapes in which providers put an error.
import { at, isObject, textAt } from "@/chat/json";

export interface Problem {
  said: string;
  word?: string;
}

/**
 * Find an error in an answer or an event. `{"error": {"message": …}}` is OpenAI's, Anthropic's and Google's (in an
 * array where it streams one); `{"error": "…"}` is Ollama's, `{"detail": …}` FastAPI's, a flat `message` with the type
 * `error` that of Responses.
 */
export function problemOf(answer: unknown): Problem | undefined {
  const first = Array.isArray(answer) ? answer[0] : answer;
  if (!isObject(first)) return undefined;
  const error = first.error;
  if (typeof error === "string" && error) return { said: error };
  if (isObject(error)) {
    const raw = textAt(error, "metadata", "raw");
    const said = textAt(error, "message") ?? JSON.stringify(error);
    const code = typeof error.code === "string" ? error.code : undefined;
    return {
      said: raw ? `${said}: ${raw.slice(0, 500)}` : said,
      word: textAt(error, "type") ?? textAt(error, "status") ?? code,
    };
  }
  if (first.type === "error" && typeof first.message === "string") {
    return { said: first.message, word: textAt(first, "code") };
  }
  return undefined;
}

/** The same for an answer whose status already says that it is an error. */
export function saidOf(answer: unknown): Problem | undefined {
  const found = problemOf(answer);
  if (found) return found;
  const said = textAt(answer, "message") ?? textAt(answer, "detail") ?? textAt(answer, "detail", "message");
  const listed = textAt(answer, "detail", 0, "msg");
  const text = said ?? listed ?? (at(answer, "detail") ? JSON.stringify(at(answer, "detail")) : undefined);
  return text ? { said: text } : undefined;
}

/** How long Google asks to wait, which it tells in the body alone (google.rpc.RetryInfo). */
export function waitIn(answer: unknown): number | undefined {
  const first = Array.isArray(answer) ? answer[0] : answer;
  const details = at(first, "error", "details");
  if (!Array.isArray(details)) return undefined;
  for (const each of details) {
    const seconds = Number.parseFloat(textAt(each, "retryDelay") ?? "");
    if (Number.isFinite(seconds) && seconds > 0) return Math.ceil(seconds);
  }
  return undefined;
}
