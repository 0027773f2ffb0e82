// OpenAI Responses (platform.openai.com/docs/api-reference/responses and /responses-streaming).
import { type Ask, type Dialect, fileText, type Reader } from "@/chat/dialects/contract";
import { at, countAt, defined, type Json, listAt, parse, textAt } from "@/chat/json";
import { problemOf } from "@/chat/problem";
import type { Delta, Turn } from "@/chat/types";

function write({ model, turns, settings }: Ask): Json {
  return defined({
    model,
    instructions: settings.system || undefined,
    input: turns.map((turn) => ({ role: turn.role, content: contentOf(turn) })),
    temperature: settings.temperature ?? undefined,
    top_p: settings.top_p ?? undefined,
    max_output_tokens: settings.max_tokens ?? undefined,
    // A summary of thoughts comes only where it is asked for, and models that do not think refuse to be asked.
    reasoning: settings.effort
      ? defined({ effort: settings.effort, summary: settings.effort === "none" ? undefined : "auto" })
      : undefined,
    stream: settings.stream,
    // The conversation is kept here, sealed; the provider need not keep it too.
    store: false,
  });
}

function contentOf({ role, text, attachments }: Turn): unknown {
  if (role === "assistant") return [{ type: "output_text", text }];
  return [
    ...attachments.map((each) =>
      each.kind === "image"
        ? { type: "input_image", image_url: `data:${each.media_type};base64,${each.data}` }
        : { type: "input_text", text: fileText(each.name, each.data) },
    ),
    ...(text ? [{ type: "input_text", text }] : []),
  ];
}

function reader(): Reader {
  let part = "";
  return ({ data }) => {
    const event = parse(data);
    const kind = textAt(event, "type") ?? "";
    const delta = textAt(event, "delta");
    switch (kind) {
      case "response.output_text.delta":
      case "response.refusal.delta":
        return delta ? [{ type: "text", text: delta }] : [];
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta": {
        if (!delta) return [];
        const now = `${textAt(event, "item_id")}/${countAt(event, "summary_index") ?? countAt(event, "content_index")}`;
        const text = part && part !== now ? `\n\n${delta}` : delta;
        part = now;
        return [{ type: "reasoning", text }];
      }
      case "response.output_item.added":
        return toolOf(at(event, "item"), countAt(event, "output_index") ?? 0, "");
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        return [{ type: "tool", index: countAt(event, "output_index") ?? 0, arguments: delta }];
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
        return ending(at(event, "response"));
      default: {
        const problem = kind === "error" || kind === "" ? problemOf(event) : undefined;
        return problem ? [{ type: "error", ...problem }] : [];
      }
    }
  };
}

function toolOf(item: unknown, index: number, given: string): Delta[] {
  const kind = textAt(item, "type") ?? "";
  if (!kind.endsWith("_call")) return [];
  return [{ type: "tool", index, name: textAt(item, "name") ?? kind.replace(/_call$/, ""), arguments: given }];
}

function ending(response: unknown): Delta[] {
  const usage = at(response, "usage");
  const input = countAt(usage, "input_tokens");
  const output = countAt(usage, "output_tokens");
  const cached = countAt(usage, "input_tokens_details", "cached_tokens");
  const reasoning = countAt(usage, "output_tokens_details", "reasoning_tokens");
  const deltas: Delta[] = [];
  if (input !== undefined || output !== undefined) {
    deltas.push({ type: "usage", usage: { input, output, cached, reasoning } });
  }
  const problem = problemOf(response);
  if (textAt(response, "status") === "failed" || problem) {
    return [...deltas, { type: "error", ...(problem ?? { said: "" }) }];
  }
  const reason = textAt(response, "incomplete_details", "reason") ?? textAt(response, "status") ?? "completed";
  return [...deltas, { type: "finish", reason }];
}

function whole(answer: unknown): Delta[] {
  const deltas: Delta[] = [];
  for (const [index, item] of listAt(answer, "output").entries()) {
    const kind = textAt(item, "type");
    if (kind === "message") {
      for (const part of listAt(item, "content")) {
        const text = textAt(part, "text") ?? textAt(part, "refusal");
        if (text) deltas.push({ type: "text", text });
      }
    } else if (kind === "reasoning") {
      const texts = [...listAt(item, "summary"), ...listAt(item, "content")].map((part) => textAt(part, "text") ?? "");
      if (texts.some(Boolean)) deltas.push({ type: "reasoning", text: texts.join("\n\n") });
    } else {
      deltas.push(...toolOf(item, index, textAt(item, "arguments") ?? textAt(item, "input") ?? ""));
    }
  }
  return [...deltas, ...ending(answer)];
}

export const responses: Dialect = {
  streams: "responses.create",
  answers: "responses.create",
  temperatureMax: 2,
  stopMax: 0,
  efforts: ["none", "minimal", "low", "medium", "high", "xhigh"],
  budget: false,
  owned: ["model", "input", "stream"],
  write,
  reader,
  whole,
};
