// Puts the outcome of a trial into words: whose provider it was, and what its machine reason means to a person.
import type { Schemas } from "@/api/client";
import { isBaseUrl, missingPath, readBaseUrl } from "@/lib/base-url";
import { type Format, type Preset, presetAt } from "@/lib/providers";
import { advice, happened, type Told, text } from "@/text/en/trials";

export type Outcome = Schemas["Tested"];

export interface Said {
  /** What happened, in one sentence. */
  happened: string;
  /** The provider's own words, or "". */
  words: string;
  /** The gateway's own, where it knows more than `happened` tells, or "". */
  detail: string;
  advice: string;
}

export interface Asked {
  baseUrl: string;
  format: Format | undefined;
  presets: readonly Preset[];
  keyed: boolean;
}

export function say(outcome: Outcome, asked: Asked): Said {
  const kind = outcome.kind ?? "other";
  const told = tell(outcome, asked);
  return {
    happened: happened[kind](told),
    // Where no provider answered, the detail is the gateway's own sentence, which stands in `happened` already.
    words: outcome.status !== null && outcome.reply !== "" && !isOurs(outcome.detail) ? outcome.detail : "",
    detail: MORE_IS_KNOWN.has(kind) && (outcome.status === null || isOurs(outcome.detail)) ? outcome.detail : "",
    advice: advice[kind](told),
  };
}

const MORE_IS_KNOWN: ReadonlySet<string> = new Set(["unreachable", "tls", "provider_failed", "other"]);

function isOurs(detail: string): boolean {
  return detail.startsWith("The provider answered") || detail.startsWith("The provider has nothing");
}

function tell(outcome: Outcome, { baseUrl, format, presets, keyed }: Asked): Told {
  const called = readBaseUrl(outcome.url.split("?")[0] ?? "");
  const base = readBaseUrl(baseUrl);
  const read = isBaseUrl(called) ? called : isBaseUrl(base) ? base : null;
  const preset = presetAt(presets, baseUrl, format?.name ?? "");
  return {
    who: preset && !preset.privateNetwork ? preset.label : (preset?.label ?? read?.host ?? text.provider),
    status: outcome.status,
    site: read?.site ?? baseUrl,
    host: read?.host ?? baseUrl,
    path: read?.path || "/",
    local: preset?.privateNetwork ? preset.label : "",
    version: missingPath(baseUrl, format?.base_url ?? ""),
    keyed,
    ms: outcome.duration_ms,
  };
}
