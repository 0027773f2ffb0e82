// What the API model form holds, where it comes from, and what of it is sent. What is wrong with it is `check`'s part.
import type { Schemas } from "@/api/client";
import { readJson } from "@/lib/json-check";

export type ApiModel = Schemas["ApiModelShown"];
export type Body = Schemas["NewApiModel"];

export const DEADLINES = ["connect", "first_byte", "idle", "total", "write_stall"] as const;
export type Deadline = (typeof DEADLINES)[number];

export interface Values {
  format: string;
  name: string;
  baseUrl: string;
  useKey: boolean;
  /** What was typed; a stored key never comes back. */
  key: string;
  usePrefix: boolean;
  prefix: string;
  forwardAll: boolean;
  models: string[];
  extraHeaders: string;
  extraBody: string;
  allowPrivate: boolean;
  timeouts: Record<Deadline, string>;
}

const NO_DEADLINES: Record<Deadline, string> = { connect: "", first_byte: "", idle: "", total: "", write_stall: "" };

export function blankValues(): Values {
  return {
    format: "",
    name: "",
    baseUrl: "",
    useKey: true,
    key: "",
    usePrefix: false,
    prefix: "",
    forwardAll: false,
    models: [],
    extraHeaders: "",
    extraBody: "",
    allowPrivate: false,
    timeouts: NO_DEADLINES,
  };
}

export function valuesOf(model: ApiModel): Values {
  const timeouts = { ...NO_DEADLINES };
  for (const name of DEADLINES) if (model.timeouts) timeouts[name] = String(model.timeouts[name]);
  return {
    format: model.format,
    name: model.name,
    baseUrl: model.base_url,
    useKey: model.has_key,
    key: "",
    usePrefix: model.prefix !== "",
    prefix: model.prefix,
    forwardAll: model.forward_all,
    models: model.models,
    extraHeaders: writeExtras(model.extra_headers),
    extraBody: writeExtras(model.extra_body),
    allowPrivate: model.allow_private_network,
    timeouts,
  };
}

/** A duplicate to start from: all but the key, which is never copied, and a prefix that is free. */
export function copyOf(model: ApiModel, taken: readonly string[]): Values {
  return { ...valuesOf(model), name: `${model.name} copy`.slice(0, 255), prefix: freePrefix(model.prefix, taken) };
}

export function freePrefix(prefix: string, taken: readonly string[]): string {
  if (prefix === "") return "";
  const [, stem = prefix, end = ""] = /^(.*?)([^A-Za-z0-9]*)$/.exec(prefix) ?? [];
  for (let count = 2; ; count += 1) {
    const tail = `-${count}${end}`;
    const free = stem.slice(0, 32 - tail.length) + tail;
    if (!taken.includes(free)) return free;
  }
}

export function writeExtras(extras: Record<string, unknown> | null): string {
  return extras && Object.keys(extras).length > 0 ? JSON.stringify(extras, null, 2) : "";
}

/** The extras that a text holds: empty where it is blank, or where `check` finds fault with it. */
export function readExtras(text: string): Record<string, unknown> {
  const read = text.trim() === "" ? null : readJson(text);
  return read?.ok && typeof read.value === "object" && read.value !== null && !Array.isArray(read.value)
    ? (read.value as Record<string, unknown>)
    : {};
}

/** The body of a request that makes an api model of the form. */
export function bodyOf(values: Values, name: string): Body {
  const body: Body = {
    name: values.name.trim() || name,
    format: values.format,
    base_url: values.baseUrl.trim(),
    prefix: values.usePrefix ? values.prefix : "",
    forward_all: values.usePrefix && values.forwardAll,
    models: values.models,
    extra_headers: readExtras(values.extraHeaders),
    extra_body: readExtras(values.extraBody),
    allow_private_network: values.allowPrivate,
    timeouts: deadlinesOf(values),
  };
  if (!values.useKey) body.api_key = null;
  else if (values.key.trim() !== "") body.api_key = values.key.trim();
  return body;
}

/** Only what differs from the stored api model: what is left out stays, a key that was not typed above all. */
export function changesTo(stored: ApiModel, body: Body): Partial<Body> {
  const changed: Partial<Body> = {};
  const before: Record<string, unknown> = { ...stored, timeouts: stored.timeouts ?? null };
  for (const [field, value] of Object.entries(body)) {
    if (field === "api_key" ? value !== null || stored.has_key : !same(before[field], value))
      Object.assign(changed, { [field]: value });
  }
  return changed;
}

export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, each]) => [name, sorted(each)]),
  );
}

function deadlinesOf(values: Values): Schemas["TimeoutsGiven"] | null {
  const given = DEADLINES.filter((name) => values.timeouts[name].trim() !== "");
  return given.length === 0 ? null : Object.fromEntries(given.map((name) => [name, Number(values.timeouts[name])]));
}
