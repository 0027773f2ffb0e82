// Chat completions (platform.openai.com/docs/api-reference/chat), as OpenAI and the many compatible servers speak them.
import { type Ask, type Dialect, fileText, type Reader } from "@/chat/dialects/contract";
import { thoughtSplitter } from "@/chat/dialects/think";
import { at, countAt, defined, type Json, listAt, parse, textAt } from "@/chat/json";
import { problemOf } from "@/chat/problem";
import type { Delta, Turn } from "@/chat/types";

/** OpenAI's newer models refuse `max_tokens`, and most compatible servers know nothing else. */
const NEW_LIMIT = "https://api.openai.com";

function write({ model, turns, settings, origin }: Ask): Json {
  const limit = origin === NEW_LIMIT ? "max_completion_tokens" : "max_tokens";
  return defined({
    model,
    messages: [
      ...(settings.system ? [{ role: "system", content: settings.system }] : []),
      ...turns.map(({ role, ...turn }) => ({ role, content: contentOf(turn) })),
    ],
    temperature: settings.temperature ?? undefined,
    top_p: settings.top_p ?? undefined,
    [limit]: settings.max_tokens ?? undefined,
    stop: settings.stop.length ? settings.stop : undefined,
    reasoning_effort: settings.effort ?? undefined,
    stream: settings.stream,
    stream_options: settings.stream ? { include_usage: true } : undefined,
  });
}

function contentOf({ text, attachments }: Omit<Turn, "role">): unknown {
  if (!attachments.length) return text;
  return [
    ...attachments.map((each) =>
      each.kind === "image"
        ? { type: "image_url", image_url: { url: `data:${each.media_type};base64,${each.data}` } }
        : { type: "text", text: fileText(each.name, each.data) },
    ),
    ...(text ? [{ type: "text", text }] : []),
  ];
}

function reader(): Reader {
  const splitter = thoughtSplitter();
  return ({ data }) => {
    if (data === "[DONE]") return [...splitter.end(), { type: "finish", reason: "" }];
    const chunk = parse(data);
    const problem = problemOf(chunk);
    if (problem) return [...splitter.end(), { type: "error", ...problem }];
    return deltasOf(chunk, "delta", splitter);
  };
}

function whole(answer: unknown): Delta[] {
  const splitter = thoughtSplitter();
  const problem = problemOf(answer);
  if (problem) return [{ type: "error", ...problem }];
  return [...deltasOf(answer, "message", splitter), ...splitter.end()];
}

function deltasOf(chunk: unknown, name: "delta" | "message", splitter: ReturnType<typeof thoughtSplitter>): Delta[] {
  const choice = at(chunk, "choices", 0);
  const said = at(choice, name);
  const deltas: Delta[] = [];
  const thought = textAt(said, "reasoning_content") ?? textAt(said, "reasoning");
  if (thought) deltas.push({ type: "reasoning", text: thought });
  const text = textAt(said, "content") ?? textAt(said, "refusal");
  if (text) deltas.push(...splitter.push(text));
  for (const [position, each] of listAt(said, "tool_calls").entries()) {
    deltas.push({
      type: "tool",
      index: countAt(each, "index") ?? position,
      name: textAt(each, "function", "name"),
      arguments: textAt(each, "function", "arguments"),
    });
  }
  const usage = at(chunk, "usage");
  const output = countAt(usage, "completion_tokens");
  const input = countAt(usage, "prompt_tokens");
  if (input !== undefined || output !== undefined) {
    const cached = countAt(usage, "prompt_tokens_details", "cached_tokens");
    const reasoning = countAt(usage, "completion_tokens_details", "reasoning_tokens");
    deltas.push({ type: "usage", usage: { input, output, cached, reasoning } });
  }
  const reason = textAt(choice, "finish_reason");
  if (reason) deltas.push(...splitter.end(), { type: "finish", reason });
  return deltas;
}

export const openai: Dialect = {
  streams: "openai.chat_completions",
  answers: "openai.chat_completions",
  temperatureMax: 2,
  stopMax: 4,
  efforts: ["none", "minimal", "low", "medium", "high", "xhigh"],
  budget: false,
  owned: ["model", "messages", "stream"],
  write,
  reader,
  whole,
};
