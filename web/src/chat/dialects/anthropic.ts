// Anthropic messages (docs.claude.com/en/api/messages and /streaming).
import { type Ask, type Dialect, fileText, type Reader } from "@/chat/dialects/contract";
import { at, countAt, defined, type Json, listAt, parse, textAt } from "@/chat/json";
import { problemOf } from "@/chat/problem";
import type { Counts, Delta, Turn } from "@/chat/types";

/** A request must name a limit. */
const MAX_TOKENS = 4096;

function write({ model, turns, settings, defaults }: Ask): Json {
  const budget = settings.thinking_budget;
  // The limit counts thoughts too, and must be above their budget.
  const otherwise = defaults.includes("max_tokens") ? undefined : MAX_TOKENS + (budget ?? 0);
  return defined({
    model,
    max_tokens: settings.max_tokens ?? otherwise,
    system: settings.system || undefined,
    messages: turns.map((turn) => ({ role: turn.role, content: contentOf(turn) })),
    temperature: settings.temperature ?? undefined,
    top_p: settings.top_p ?? undefined,
    stop_sequences: settings.stop.length ? settings.stop : undefined,
    thinking: budget ? { type: "enabled", budget_tokens: budget } : undefined,
    output_config: settings.effort ? { effort: settings.effort } : undefined,
    stream: settings.stream,
  });
}

function contentOf({ text, attachments }: Turn): unknown {
  if (!attachments.length) return text;
  return [
    ...attachments.map((each) =>
      each.kind === "image"
        ? { type: "image", source: { type: "base64", media_type: each.media_type, data: each.data } }
        : { type: "text", text: fileText(each.name, each.data) },
    ),
    ...(text ? [{ type: "text", text }] : []),
  ];
}

function reader(): Reader {
  return ({ data }) => {
    const event = parse(data);
    switch (textAt(event, "type")) {
      case "message_start":
        return usageOf(at(event, "message", "usage"));
      case "content_block_start":
        return blockOf(at(event, "content_block"), countAt(event, "index") ?? 0, false);
      case "content_block_delta":
        return deltaOf(at(event, "delta"), countAt(event, "index") ?? 0);
      case "message_delta": {
        const reason = textAt(event, "delta", "stop_reason");
        return [...usageOf(at(event, "usage")), ...(reason ? [{ type: "finish", reason } as const] : [])];
      }
      case "message_stop":
        return [{ type: "finish", reason: "" }];
      default: {
        const problem = problemOf(event);
        return problem ? [{ type: "error", ...problem }] : [];
      }
    }
  };
}

function deltaOf(delta: unknown, index: number): Delta[] {
  const text = textAt(delta, "text");
  if (text) return [{ type: "text", text }];
  const thought = textAt(delta, "thinking");
  if (thought) return [{ type: "reasoning", text: thought }];
  const given = textAt(delta, "partial_json");
  return given ? [{ type: "tool", index, arguments: given }] : [];
}

function blockOf(block: unknown, index: number, complete: boolean): Delta[] {
  switch (textAt(block, "type")) {
    case "text":
      return [{ type: "text", text: textAt(block, "text") ?? "" }];
    case "thinking":
      return [{ type: "reasoning", text: textAt(block, "thinking") ?? "" }];
    case "tool_use":
    case "server_tool_use": {
      const input = complete ? JSON.stringify(at(block, "input") ?? {}) : "";
      return [{ type: "tool", index, name: textAt(block, "name") ?? "", arguments: input }];
    }
    default:
      return [];
  }
}

function usageOf(usage: unknown): Delta[] {
  const fresh = countAt(usage, "input_tokens");
  const output = countAt(usage, "output_tokens");
  const read = countAt(usage, "cache_read_input_tokens");
  const counts: Counts = { output, cached: read };
  // What came from or went into the cache is counted beside the input, not within.
  if (fresh !== undefined) counts.input = fresh + (read ?? 0) + (countAt(usage, "cache_creation_input_tokens") ?? 0);
  return fresh !== undefined || output !== undefined ? [{ type: "usage", usage: counts }] : [];
}

function whole(answer: unknown): Delta[] {
  const problem = problemOf(answer);
  if (problem) return [{ type: "error", ...problem }];
  const reason = textAt(answer, "stop_reason");
  return [
    ...listAt(answer, "content").flatMap((block, index) => blockOf(block, index, true)),
    ...usageOf(at(answer, "usage")),
    ...(reason ? [{ type: "finish", reason } as const] : []),
  ];
}

export const anthropic: Dialect = {
  streams: "anthropic.messages",
  answers: "anthropic.messages",
  temperatureMax: 1,
  stopMax: 16,
  efforts: ["low", "medium", "high", "max"],
  budget: true,
  maxTokens: MAX_TOKENS,
  owned: ["model", "messages", "stream"],
  write,
  reader,
  whole,
};
