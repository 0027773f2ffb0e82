// Gemini's generateContent and streamGenerateContent (ai.google.dev/api/generate-content).
import { type Ask, type Dialect, fileText } from "@/chat/dialects/contract";
import { at, countAt, defined, type Json, listAt, parse, textAt } from "@/chat/json";
import { problemOf } from "@/chat/problem";
import type { Delta, Turn } from "@/chat/types";

function write({ turns, settings }: Ask): Json {
  const { effort, thinking_budget: budget } = settings;
  const thinking = effort !== null || budget !== null;
  const generation = defined({
    temperature: settings.temperature ?? undefined,
    topP: settings.top_p ?? undefined,
    maxOutputTokens: settings.max_tokens ?? undefined,
    stopSequences: settings.stop.length ? settings.stop : undefined,
    thinkingConfig: thinking
      ? defined({
          thinkingLevel: effort ?? undefined,
          thinkingBudget: budget ?? undefined,
          includeThoughts: budget === 0 ? undefined : true,
        })
      : undefined,
  });
  return defined({
    systemInstruction: settings.system ? { parts: [{ text: settings.system }] } : undefined,
    contents: turns.map((turn) => ({ role: turn.role === "user" ? "user" : "model", parts: partsOf(turn) })),
    generationConfig: Object.keys(generation).length ? generation : undefined,
  });
}

function partsOf({ text, attachments }: Turn): unknown[] {
  return [
    ...attachments.map((each) =>
      each.kind === "image"
        ? { inlineData: { mimeType: each.media_type, data: each.data } }
        : { text: fileText(each.name, each.data) },
    ),
    ...(text ? [{ text }] : []),
  ];
}

function deltasOf(chunk: unknown, tools: { count: number }): Delta[] {
  const problem = problemOf(chunk);
  if (problem) return [{ type: "error", ...problem }];
  const deltas: Delta[] = [];
  const candidate = at(chunk, "candidates", 0);
  for (const part of listAt(candidate, "content", "parts")) {
    const text = textAt(part, "text");
    if (text) deltas.push({ type: at(part, "thought") === true ? "reasoning" : "text", text });
    const call = at(part, "functionCall");
    if (call) {
      const given = JSON.stringify(at(call, "args") ?? {});
      deltas.push({ type: "tool", index: tools.count, name: textAt(call, "name") ?? "", arguments: given });
      tools.count += 1;
    }
    const image = textAt(part, "inlineData", "data");
    const kind = textAt(part, "inlineData", "mimeType");
    if (image && kind) deltas.push({ type: "image", media_type: kind, data: image });
  }
  const usage = at(chunk, "usageMetadata");
  const input = countAt(usage, "promptTokenCount");
  if (input !== undefined) {
    const shown = countAt(usage, "candidatesTokenCount") ?? 0;
    const reasoning = countAt(usage, "thoughtsTokenCount");
    const cached = countAt(usage, "cachedContentTokenCount");
    // Thoughts are counted beside the candidates, not within.
    deltas.push({ type: "usage", usage: { input, output: shown + (reasoning ?? 0), cached, reasoning } });
  }
  const blocked = textAt(chunk, "promptFeedback", "blockReason");
  const reason = textAt(candidate, "finishReason") ?? blocked;
  if (reason) deltas.push({ type: "finish", reason });
  return deltas;
}

export const gemini: Dialect = {
  streams: "gemini.stream_generate_content",
  answers: "gemini.generate_content",
  query: "alt=sse",
  temperatureMax: 2,
  stopMax: 5,
  efforts: ["minimal", "low", "medium", "high"],
  budget: true,
  owned: ["contents"],
  write,
  reader: () => {
    const tools = { count: 0 };
    return ({ data }) => deltasOf(parse(data), tools);
  },
  whole: (answer) => {
    const tools = { count: 0 };
    return Array.isArray(answer) ? answer.flatMap((each) => deltasOf(each, tools)) : deltasOf(answer, tools);
  },
};
