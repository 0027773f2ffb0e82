// The dialects that a chat speaks: one line each. Which one an API model takes is told by its format's endpoints.
import type { Schemas } from "@/api/client";
import { anthropic } from "@/chat/dialects/anthropic";
import type { Ask, Dialect } from "@/chat/dialects/contract";
import { gemini } from "@/chat/dialects/gemini";
import { openai } from "@/chat/dialects/openai";
import { responses } from "@/chat/dialects/responses";
import { isObject, type Json, merge, parse } from "@/chat/json";

export type Format = Schemas["FormatShown"];

const DIALECTS: readonly Dialect[] = [openai, responses, anthropic, gemini];

/** The dialect whose endpoints a format serves, or undefined where a chat cannot speak it. */
export function dialectOf(format: Format): Dialect | undefined {
  const served = new Set(format.endpoints.filter((each) => each.generating).map((each) => each.name));
  return DIALECTS.find((each) => served.has(each.streams) && served.has(each.answers));
}

/** The dialect that an endpoint speaks, by the endpoint's own name. */
export function dialectOfEndpoint(name: string): Dialect | undefined {
  return DIALECTS.find((each) => each.streams === name || each.answers === name);
}

export interface Outgoing {
  path: string;
  body: Json;
}

/** Write the whole request: where it goes and what it says. */
export function writeRequest(format: Format, dialect: Dialect, ask: Ask): Outgoing {
  const { stream, extra } = ask.settings;
  const wanted = stream ? dialect.streams : dialect.answers;
  const template = format.endpoints.find((each) => each.name === wanted)?.path ?? "";
  const model = ask.model.split("/").map(encodeURIComponent).join("/");
  const path = template
    .replace("{version}", "v1beta")
    .replace("[models/]", "models/")
    .replace("{model}", () => model);
  const query = stream && dialect.query ? `?${dialect.query}` : "";
  const read = readExtra(extra, dialect);
  return { path: format.mount + path + query, body: merge(dialect.write(ask), read.problem ? {} : read.value) };
}

export type ExtraProblem = { kind: "syntax"; detail: string } | { kind: "object" } | { kind: "owned"; name: string };

/** Read the object that somebody typed, or tell what is wrong with it. */
export function readExtra(typed: string, dialect?: Dialect): { value: Json; problem?: ExtraProblem } {
  if (!typed.trim()) return { value: {} };
  const value = parse(typed);
  if (value === undefined) return { value: {}, problem: { kind: "syntax", detail: syntaxOf(typed) } };
  if (!isObject(value)) return { value: {}, problem: { kind: "object" } };
  const owned = dialect?.owned.find((name) => Object.hasOwn(value, name));
  return owned ? { value: {}, problem: { kind: "owned", name: owned } } : { value };
}

function syntaxOf(typed: string): string {
  try {
    JSON.parse(typed);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
