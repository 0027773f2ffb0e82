// What is wrong with the form, field by field, by the gateway's own rules. The gateway checks again, and has the last word.
import { isBaseUrl, originOf, readBaseUrl } from "@/lib/base-url";
import { readJson } from "@/lib/json-check";
import type { Format } from "@/lib/providers";
import { text } from "@/text/en/form";
import { type ApiModel, DEADLINES, type Deadline, type Values } from "./values";

export type FieldName =
  | "name"
  | "format"
  | "base_url"
  | "api_key"
  | "prefix"
  | "models"
  | "extra_headers"
  | "extra_body"
  | "allow_private_network"
  | Deadline;

export type Problems = Partial<Record<FieldName, string>>;

export interface Around {
  stored: ApiModel | null;
  format: Format | undefined;
  /** All api models that one sees, this one included. */
  others: readonly ApiModel[];
}

export const MAX_MODELS = 50;
const MAX_EXTRAS = 16 * 1024;
const RESERVED_HEADERS = new Set([
  "authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "host", "content-length", "transfer-encoding",
  "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "content-encoding",
]); // biome-ignore format: a list reads better in few lines.
const RESERVED_MEMBERS = ["model", "stream"];

/** Every problem that keeps the form from being saved. */
export function problemsOf(values: Values, around: Around): Problems {
  const found: Record<string, string | null> = {
    name: values.name.length > 255 ? text.nameLong : null,
    base_url: baseUrlProblem(values.baseUrl),
    api_key: keyProblem(values, around),
    prefix: values.usePrefix ? prefixProblem(values.prefix, around) : null,
    models: modelsProblem(values),
    extra_headers: extrasProblem(values.extraHeaders, headersProblem),
    extra_body: extrasProblem(values.extraBody, membersProblem),
  };
  for (const name of DEADLINES) found[name] = deadlineProblem(values.timeouts[name]);
  return Object.fromEntries(Object.entries(found).filter(([, problem]) => problem)) as Problems;
}

export function baseUrlProblem(given: string): string | null {
  const read = readBaseUrl(given);
  return isBaseUrl(read) ? null : text.baseUrlProblems[read];
}

/** Whether a stored key may stay: it belongs to the origin that it was entered for. */
export function keyMayStay(values: Values, { stored, format }: Around): boolean {
  if (!stored?.has_key) return false;
  const read = readBaseUrl(values.baseUrl);
  return isBaseUrl(read) && read.origin === stored.origin && (format?.private ?? false) === stored.private;
}

function keyProblem(values: Values, around: Around): string | null {
  if (!values.useKey) return null;
  const key = values.key.trim();
  if (key === "") {
    if (keyMayStay(values, around)) return null;
    if (!around.stored?.has_key) return text.keyMissing;
    const { origin } = around.stored;
    return originOf(values.baseUrl) === origin ? text.keyAgain : text.keyForOther(origin);
  }
  if (!/^[\x21-\x7e]+$/.test(key)) return text.keyCharacters;
  const begins = around.format?.key_prefix ?? "";
  return key.startsWith(begins) ? null : text.keyBegins(begins);
}

export function prefixProblem(prefix: string, { others, stored }: Pick<Around, "others" | "stored">): string | null {
  if (prefix === "") return text.prefixMissing;
  const forbidden = [...new Set(prefix.replace(/[A-Za-z0-9\-_./:@]/g, ""))];
  if (forbidden.length > 0) return text.prefixCharacters(forbidden.map((sign) => text.signs[sign] ?? sign));
  if (prefix.length > 32) return text.prefixLong(prefix.length);
  if (prefix.includes("..") || prefix.includes("//") || /^(?:\/|\.\/|models\/)/.test(prefix)) return text.prefixPath;
  const other = others.find((each) => each.prefix === prefix && each.id !== stored?.id);
  return other ? text.prefixTaken(prefix, other.name) : null;
}

function modelsProblem(values: Values): string | null {
  if (values.usePrefix && values.forwardAll) return null;
  if (values.models.length > MAX_MODELS) return text.modelsMany(values.models.length);
  return values.models.length === 0 ? text.modelsMissing : null;
}

/** Whether a text can be a model id, by the gateway's rule. */
export function isModelId(id: string): boolean {
  return /^[^\s\p{C}\\?#]{1,256}$/u.test(id) && !/\.\.|\/\/|^\/|\/$/.test(id);
}

function extrasProblem(given: string, rule: (members: Record<string, unknown>) => string | null): string | null {
  if (given.trim() === "") return null;
  const read = readJson(given);
  if (!read.ok) return text.jsonBroken(read.problem);
  const { value } = read;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return text.jsonObject(kindOf(value));
  if (new TextEncoder().encode(JSON.stringify(value)).length > MAX_EXTRAS) return text.extrasLong;
  return rule(value as Record<string, unknown>);
}

function headersProblem(headers: Record<string, unknown>): string | null {
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(headers)) {
    const canonical = name.toLowerCase().replaceAll("_", "-").trim();
    if (!/^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(name)) return text.headerName(name);
    if (RESERVED_HEADERS.has(canonical) || canonical.startsWith("proxy-")) return text.headerReserved(name);
    if (seen.has(canonical)) return text.twice(name);
    if (typeof value !== "string" || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value) || value !== value.trim())
      return text.headerValue(name);
    seen.add(canonical);
  }
  return null;
}

function membersProblem(members: Record<string, unknown>): string | null {
  const reserved = RESERVED_MEMBERS.find((name) => name in members);
  return reserved ? text.memberReserved(reserved) : null;
}

function deadlineProblem(given: string): string | null {
  if (given.trim() === "") return null;
  const seconds = Number(given);
  return seconds > 0 && seconds <= 86_400 ? null : text.deadlineRange;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return text.kinds.array;
  return value === null ? text.kinds.null : (text.kinds[typeof value as "string"] ?? text.kinds.string);
}
