// A captured request as a conversation, in any of the dialects. Answers are read by the chat's own readers.
import { at, isObject, listAt, parse, textAt } from "@/chat/json";

export type Part =
  | { kind: "text" | "reasoning"; text: string }
  | { kind: "image"; source: string }
  | { kind: "elsewhere"; address: string }
  | { kind: "file"; name: string }
  | { kind: "call"; name: string; text: string }
  | { kind: "result"; name: string; text: string }
  | { kind: "other"; text: string };

export interface SaidTurn {
  role: string;
  parts: Part[];
}

/** The turns of a request, or null where its endpoint carries none or it cannot be read. */
export function turnsOf(endpoint: string, body: string): SaidTurn[] | null {
  const request = parse(body);
  if (!isObject(request)) return null;
  const turns = readers.find(([start]) => endpoint.startsWith(start))?.[1](request);
  return turns ? turns.filter((turn) => turn.parts.length > 0) : null;
}

const readers: [string, (request: Record<string, unknown>) => SaidTurn[]][] = [
  ["openai.chat_completions", (request) => listAt(request, "messages").map(openaiTurn)],
  ["openai.completions", (request) => [{ role: "user", parts: textsOf(at(request, "prompt")) }]],
  ["responses.", responsesTurns],
  ["anthropic.messages", anthropicTurns],
  ["gemini.", geminiTurns],
];

export function isConversation(endpoint: string): boolean {
  return readers.some(([start]) => endpoint.startsWith(start)) && !endpoint.endsWith("embed_content");
}

function openaiTurn(message: unknown): SaidTurn {
  const role = textAt(message, "role") ?? "";
  const thought = textAt(message, "reasoning_content") ?? textAt(message, "reasoning");
  const content = at(message, "content");
  if (role === "tool" || role === "function") {
    return { role, parts: [{ kind: "result", name: textAt(message, "name") ?? "", text: plain(content) }] };
  }
  const calls = listAt(message, "tool_calls").map(
    (call): Part => ({
      kind: "call",
      name: textAt(call, "function", "name") ?? textAt(call, "custom", "name") ?? "",
      text: textAt(call, "function", "arguments") ?? textAt(call, "custom", "input") ?? "",
    }),
  );
  return {
    role,
    parts: [...(thought ? [{ kind: "reasoning", text: thought } as const] : []), ...partsOf(content), ...calls],
  };
}

function responsesTurns(request: Record<string, unknown>): SaidTurn[] {
  const given = textAt(request, "instructions");
  const system: SaidTurn[] = given ? [{ role: "system", parts: [{ kind: "text", text: given }] }] : [];
  const input = textAt(request, "input");
  if (input !== undefined) return [...system, { role: "user", parts: textsOf(input) }];
  return [...system, ...listAt(request, "input").map(responsesItem)];
}

function responsesItem(item: unknown): SaidTurn {
  const kind = textAt(item, "type") ?? "message";
  if (kind === "message") return { role: textAt(item, "role") ?? "user", parts: partsOf(at(item, "content")) };
  if (kind === "reasoning") {
    const texts = listAt(item, "summary").map((part) => textAt(part, "text") ?? "");
    return { role: "assistant", parts: texts.some(Boolean) ? [{ kind: "reasoning", text: texts.join("\n\n") }] : [] };
  }
  if (kind.endsWith("_call_output")) {
    return { role: "tool", parts: [{ kind: "result", name: "", text: plain(at(item, "output")) }] };
  }
  if (kind.endsWith("_call")) {
    const text = textAt(item, "arguments") ?? textAt(item, "input") ?? "";
    return { role: "assistant", parts: [{ kind: "call", name: textAt(item, "name") ?? kind, text }] };
  }
  return { role: textAt(item, "role") ?? "", parts: [other(item)] };
}

function anthropicTurns(request: Record<string, unknown>): SaidTurn[] {
  const system = partsOf(at(request, "system"));
  const said = listAt(request, "messages").map((message) => ({
    role: textAt(message, "role") ?? "",
    parts: partsOf(at(message, "content")),
  }));
  return [...(system.length ? [{ role: "system", parts: system }] : []), ...said];
}

function geminiTurns(request: Record<string, unknown>): SaidTurn[] {
  const system = at(request, "systemInstruction") ?? at(request, "system_instruction");
  const parts = geminiParts(system);
  const said = listAt(request, "contents").map((content) => ({
    role: textAt(content, "role") ?? "user",
    parts: geminiParts(content),
  }));
  return [...(parts.length ? [{ role: "system", parts }] : []), ...said];
}

function geminiParts(content: unknown): Part[] {
  return listAt(content, "parts").map((part): Part => {
    const text = textAt(part, "text");
    if (text !== undefined) return { kind: at(part, "thought") === true ? "reasoning" : "text", text };
    const inline = at(part, "inlineData") ?? at(part, "inline_data");
    if (inline) return imageOf(textAt(inline, "mimeType") ?? textAt(inline, "mime_type"), textAt(inline, "data"));
    const call = at(part, "functionCall");
    if (call) return { kind: "call", name: textAt(call, "name") ?? "", text: pretty(at(call, "args") ?? {}) };
    const result = at(part, "functionResponse");
    if (result)
      return { kind: "result", name: textAt(result, "name") ?? "", text: pretty(at(result, "response") ?? {}) };
    const file = textAt(part, "fileData", "fileUri");
    return file ? { kind: "file", name: file } : other(part);
  });
}

/** The parts of a message as OpenAI, Responses and Anthropic write them: a text, or a list of things with a type. */
function partsOf(content: unknown): Part[] {
  if (typeof content === "string") return textsOf(content);
  if (!Array.isArray(content)) return [];
  return content.map((part): Part => {
    const text = textAt(part, "text") ?? textAt(part, "refusal");
    switch (textAt(part, "type")) {
      case "thinking":
        return { kind: "reasoning", text: textAt(part, "thinking") ?? "" };
      case "image_url":
        return addressOf(textAt(part, "image_url", "url"));
      case "input_image":
        return addressOf(textAt(part, "image_url"));
      case "image":
        return textAt(part, "source", "url")
          ? addressOf(textAt(part, "source", "url"))
          : imageOf(textAt(part, "source", "media_type"), textAt(part, "source", "data"));
      case "tool_use":
      case "server_tool_use":
        return { kind: "call", name: textAt(part, "name") ?? "", text: pretty(at(part, "input") ?? {}) };
      case "tool_result":
        return { kind: "result", name: "", text: plain(at(part, "content")) };
      case "file":
      case "input_file":
      case "document":
        return {
          kind: "file",
          name: textAt(part, "filename") ?? textAt(part, "file", "filename") ?? textAt(part, "title") ?? "",
        };
      default:
        return text === undefined ? other(part) : { kind: "text", text };
    }
  });
}

function textsOf(given: unknown): Part[] {
  if (typeof given === "string") return given ? [{ kind: "text", text: given }] : [];
  return Array.isArray(given) ? given.flatMap(textsOf) : [];
}

const DRAWN = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

/** An image that lies within the request is drawn; one that lies elsewhere is only named, so that nothing is fetched. */
function addressOf(address: string | undefined): Part {
  if (address === undefined) return { kind: "other", text: "" };
  return DRAWN.test(address)
    ? { kind: "image", source: address }
    : { kind: "elsewhere", address: address.slice(0, 300) };
}

function imageOf(type: string | undefined, bytes: string | undefined): Part {
  const address = `data:${type};base64,${bytes}`;
  return DRAWN.test(address) ? { kind: "image", source: address } : { kind: "file", name: type ?? "" };
}

function plain(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return content === undefined || content === null ? "" : pretty(content);
  return content.map((part) => textAt(part, "text") ?? pretty(part)).join("\n");
}

function other(part: unknown): Part {
  return { kind: "other", text: pretty(part).slice(0, 4000) };
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}
