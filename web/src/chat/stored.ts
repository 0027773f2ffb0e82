// Messages as they were kept, or as a file has them: what is not of the right kind is left out, so that a chat always opens.
import { at, countAt, isObject, listAt, textAt } from "@/chat/json";
import type { Attachment, Content, Counts, Failure, Message } from "@/chat/types";

const KINDS: readonly string[] = [
  "gateway", "refused_key", "not_found", "limited", "provider", "refused", "page", "broke", "lost", "odd",
] satisfies Failure["kind"][]; // biome-ignore format: a list reads better on few lines.
const IMAGE = /^image\/(?:png|jpeg|gif|webp)$/;

export function readMessage(kept: unknown): Message | undefined {
  const id = textAt(kept, "id");
  const role = textAt(kept, "role");
  if (!id || (role !== "user" && role !== "assistant")) return undefined;
  const parent_id = textAt(kept, "parent_id") ?? null;
  return {
    id,
    parent_id,
    role,
    content: readContent(at(kept, "content")),
    created_at: textAt(kept, "created_at") ?? "",
  };
}

export function readContent(kept: unknown): Content {
  const content: Content = { text: textAt(kept, "text") ?? "" };
  for (const name of ["reasoning", "model", "api_model_id", "api_model_name", "format", "call_id", "finish"] as const) {
    const value = textAt(kept, name);
    if (value !== undefined) content[name] = value;
  }
  for (const name of ["reasoning_ms", "first_token_ms", "total_ms"] as const) {
    const value = countAt(kept, name);
    if (value !== undefined) content[name] = value;
  }
  const cost = textAt(kept, "cost_usd");
  if (cost !== undefined && Number.isFinite(Number(cost))) content.cost_usd = cost;
  if (at(kept, "stopped") === true) content.stopped = true;
  const attachments = listAt(kept, "attachments")
    .map(readAttachment)
    .filter((each) => each !== undefined);
  if (attachments.length) content.attachments = attachments;
  const tools = listAt(kept, "tools").map((each) => ({
    name: textAt(each, "name") ?? "",
    arguments: textAt(each, "arguments") ?? "",
  }));
  if (tools.length) content.tools = tools;
  const usage = readCounts(at(kept, "usage"));
  if (usage) content.usage = usage;
  const error = readFailure(at(kept, "error"));
  if (error) content.error = error;
  return content;
}

function readAttachment(kept: unknown): Attachment | undefined {
  const kind = textAt(kept, "kind");
  const data = textAt(kept, "data");
  const media_type = textAt(kept, "media_type") ?? "";
  if (data === undefined || (kind !== "text" && !(kind === "image" && IMAGE.test(media_type)))) return undefined;
  return { kind, name: textAt(kept, "name") ?? "file", media_type, data };
}

function readCounts(kept: unknown): Counts | undefined {
  if (!isObject(kept)) return undefined;
  const counts: Counts = {};
  for (const name of ["input", "output", "cached", "reasoning"] as const) {
    const value = countAt(kept, name);
    if (value !== undefined) counts[name] = value;
  }
  return counts;
}

/** Read why an answer failed. The gateway puts one sentence where a message does not open. */
function readFailure(kept: unknown): Failure | undefined {
  if (typeof kept === "string") return { kind: "gateway", status: 0, said: kept };
  const kind = textAt(kept, "kind");
  if (!kind || !KINDS.includes(kind)) return undefined;
  const failure: Failure = { kind: kind as Failure["kind"], status: countAt(kept, "status") ?? 0 };
  for (const name of ["code", "said", "word", "reply", "at"] as const) {
    const value = textAt(kept, name);
    if (value !== undefined) failure[name] = value;
  }
  const wait = countAt(kept, "wait");
  if (wait !== undefined) failure.wait = wait;
  return failure;
}
