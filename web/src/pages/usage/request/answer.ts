// A captured answer, streamed or whole, read as the chat reads one.
import { dialectOfEndpoint } from "@/chat/dialects";
import { Draft } from "@/chat/draft";
import { parse } from "@/chat/json";
import { EventParser } from "@/chat/sse";
import type { Content, Delta } from "@/chat/types";

export interface Answer {
  content: Content;
  /** What the provider said went wrong. */
  said: string | null;
}

/** Read an answer, or return null where it is none that can be read. */
export function answerOf(endpoint: string, contentType: string | null, body: string): Answer | null {
  const dialect = dialectOfEndpoint(endpoint);
  if (!dialect) return null;
  const deltas: Delta[] = [];
  if (contentType?.includes("event-stream")) {
    const parser = new EventParser();
    const read = dialect.reader();
    for (const event of [...parser.push(body), ...parser.end()]) deltas.push(...read(event));
  } else {
    const answer = parse(body);
    if (answer === undefined) return null;
    deltas.push(...dialect.whole(answer));
  }
  const draft = new Draft(() => 0);
  draft.take(deltas);
  const wrong = deltas.find((delta) => delta.type === "error");
  return { content: draft.content(), said: wrong ? wrong.said : null };
}
