// Fills the form from a preset, a format or a pasted command. What a person typed is never replaced unasked: what would
// be, is returned as a question.
import type { Format, Preset } from "@/lib/providers";
import { type Values, writeExtras } from "./values";

/** What the form itself wrote last; a field that still holds it was not typed by anybody. */
export type Filled = Pick<Values, "baseUrl" | "extraHeaders" | "extraBody" | "allowPrivate">;

export const NOTHING_FILLED: Filled = { baseUrl: "", extraHeaders: "", extraBody: "", allowPrivate: false };

export interface Source {
  label: string;
  format: Format;
  /** "" where the address is for the person to type. */
  baseUrl: string;
  extraHeaders: string;
  extraBody: string;
  /** Null: left as it is. */
  needsKey: boolean | null;
  privateNetwork: boolean;
  key?: string;
  model?: string;
}

export interface Conflict {
  field: "baseUrl" | "extraHeaders" | "extraBody";
  from: string;
  to: string;
}

export interface Filling {
  label: string;
  /** The form with every field replaced. */
  replaced: Values;
  /** The form with what was typed still in it. */
  kept: Values;
  conflicts: Conflict[];
  filled: Filled;
}

export function sourceOfFormat(format: Format): Source {
  return {
    label: format.label,
    format,
    baseUrl: format.base_url,
    extraHeaders: writeExtras(format.preset_headers),
    extraBody: writeExtras(format.preset_body),
    needsKey: null,
    privateNetwork: false,
  };
}

export function sourceOfPreset(preset: Preset, format: Format): Source {
  return {
    ...sourceOfFormat(format),
    label: preset.label,
    baseUrl: preset.baseUrl,
    needsKey: preset.needsKey,
    privateNetwork: preset.privateNetwork,
  };
}

export function fill(values: Values, filled: Filled, source: Source): Filling {
  const kept: Values = { ...values, format: source.format.name };
  const conflicts: Conflict[] = [];
  for (const field of ["baseUrl", "extraHeaders", "extraBody"] as const) {
    const wanted = source[field];
    if (isFree(values[field], filled[field])) kept[field] = wanted;
    else if (wanted !== "" && wanted !== values[field].trim())
      conflicts.push({ field, from: values[field].trim(), to: wanted });
  }
  if (source.needsKey !== null && values.key === "") kept.useKey = source.needsKey;
  if (source.key) Object.assign(kept, { key: source.key, useKey: true });
  if (source.model && !values.models.includes(source.model)) kept.models = [...values.models, source.model];
  kept.allowPrivate = source.privateNetwork || (values.allowPrivate && !filled.allowPrivate);
  const replaced = { ...kept };
  for (const { field, to } of conflicts) replaced[field] = to;
  return {
    label: source.label,
    replaced,
    kept,
    conflicts,
    filled: {
      baseUrl: source.baseUrl,
      extraHeaders: source.extraHeaders,
      extraBody: source.extraBody,
      allowPrivate: source.privateNetwork,
    },
  };
}

function isFree(value: string, filled: string): boolean {
  return value.trim() === "" || value === filled;
}
