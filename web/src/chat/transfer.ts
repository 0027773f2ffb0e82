// Chats as files: JSON that holds everything, Markdown that people read. Both come back in. Ids are made anew.
import { isObject, listAt, parse, textAt } from "@/chat/json";
import { readMessage } from "@/chat/stored";
import type { Content, Message, Role } from "@/chat/types";
import { newId } from "@/chat/ulid";

export interface ChatFile {
  title: string;
  settings: Record<string, unknown>;
  leaf_id: string | null;
  messages: Message[];
}

const FORMAT = "bodhi-chat";
const MARK = /^<!-- bodhi (user|assistant)(?: ([^\n]*?))? -->$/gm;
const MAX_TITLE = 200;

export class NotAChat extends Error {}

export function toJson(chat: ChatFile): string {
  const { title, settings, leaf_id, messages } = chat;
  return `${JSON.stringify({ format: FORMAT, version: 1, title, settings, leaf_id, messages }, null, 2)}\n`;
}

/** Write the path that is read, without the branches beside it. */
export function toMarkdown(title: string, path: readonly Message[]): string {
  const parts = path.map(({ role, content }) => {
    const head = role === "user" ? "## You" : `## ${content.model ?? "Assistant"}`;
    const files = (content.attachments ?? []).map((each) =>
      each.kind === "text" ? `\n\n${fenced(each.name, each.data)}` : `\n\n*[${each.name}]*`,
    );
    return `<!-- bodhi ${role} -->\n${head}\n\n${escaped(content.text)}${files.join("")}\n`;
  });
  return [`# ${title.replace(/\s+/g, " ")}\n`, ...parts].join("\n");
}

const escaped = (text: string) => text.replaceAll(/^<!-- bodhi /gm, "<!--  bodhi ");
const fenced = (name: string, text: string) => `${name}:\n\n~~~~~~\n${escaped(text)}\n~~~~~~`;

/** Read a file that was exported here. */
export function readFile(text: string, now: () => Date = () => new Date()): ChatFile {
  const parsed = parse(text);
  if (isObject(parsed)) return readJson(parsed, now);
  return readMarkdown(text, now);
}

function readJson(file: Record<string, unknown>, now: () => Date): ChatFile {
  if (file.format !== FORMAT) throw new NotAChat();
  const ids = new Map<string, string>();
  const messages: Message[] = [];
  for (const each of listAt(file, "messages")) {
    const message = readMessage(each);
    if (!message || ids.has(message.id)) throw new NotAChat();
    const id = newId();
    ids.set(message.id, id);
    const parent_id = ids.get(message.parent_id ?? "") ?? null;
    const created_at = Number.isNaN(Date.parse(message.created_at)) ? now().toISOString() : message.created_at;
    messages.push({ ...message, id, parent_id, created_at });
  }
  return {
    title: (textAt(file, "title") || "Imported chat").slice(0, MAX_TITLE),
    settings: isObject(file.settings) ? file.settings : {},
    leaf_id: ids.get(textAt(file, "leaf_id") ?? "") ?? messages.at(-1)?.id ?? null,
    messages,
  };
}

function readMarkdown(text: string, now: () => Date): ChatFile {
  const marks = [...text.replaceAll("\r\n", "\n").matchAll(MARK)];
  if (!marks.length) throw new NotAChat();
  const source = text.replaceAll("\r\n", "\n");
  const messages: Message[] = [];
  for (const [index, mark] of marks.entries()) {
    const from = mark.index + mark[0].length;
    const body = source.slice(from, marks[index + 1]?.index ?? source.length);
    const [, heading, said] = /^\s*## ([^\n]*)\n([\s\S]*)$/.exec(body) ?? [undefined, undefined, body];
    const role = mark[1] as Role;
    const content: Content = { text: (said ?? "").trim().replaceAll(/^<!-- {2}bodhi /gm, "<!-- bodhi ") };
    if (role === "assistant" && heading && heading !== "Assistant") content.model = heading;
    messages.push({
      id: newId(),
      parent_id: messages.at(-1)?.id ?? null,
      role,
      content,
      created_at: now().toISOString(),
    });
  }
  const title = /^# ([^\n]+)/.exec(source)?.[1]?.trim() || "Imported chat";
  return { title: title.slice(0, MAX_TITLE), settings: {}, leaf_id: messages.at(-1)?.id ?? null, messages };
}

/** A title out of the first question. */
export function titleOf(text: string, files: readonly string[] = []): string {
  const line = text.trim().split("\n", 1)[0]?.replace(/\s+/g, " ").trim() ?? "";
  const title = line || files[0] || "New chat";
  const letters = [...title];
  return letters.length > 60 ? `${letters.slice(0, 59).join("").trimEnd()}…` : title;
}

/** A name for the file, from the title. */
export function fileName(title: string, kind: "json" | "md"): string {
  const name = title
    .normalize("NFC")
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  return `${name || "chat"}.${kind}`;
}
