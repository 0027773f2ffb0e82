// The providers that a form can start from, as the gateway lists them, and which one a key or an address belongs to.
import type { Schemas } from "@/api/client";
import { isBaseUrl, readBaseUrl } from "@/lib/base-url";

export type Format = Schemas["FormatShown"];

export interface Preset {
  label: string;
  format: string;
  baseUrl: string;
  needsKey: boolean;
  privateNetwork: boolean;
  keyUrl: string;
}

/** The order of the row: what most people look for first. What is not named comes after. */
const ORDER = [
  "OpenAI", "Anthropic", "Gemini", "OpenRouter", "Hugging Face", "Groq", "Together AI", "Mistral", "DeepSeek", "xAI",
  "OpenAI Responses", "Anthropic OAuth", "Ollama", "LM Studio", "vLLM",
]; // biome-ignore format: a list reads better in few lines.

export function presetsOf(formats: readonly Format[]): Preset[] {
  const all = formats.flatMap((format) =>
    format.providers.map((provider) => ({
      label: provider.label,
      format: format.name,
      baseUrl: provider.base_url,
      needsKey: provider.needs_key,
      privateNetwork: provider.private_network,
      keyUrl: provider.key_url,
    })),
  );
  const rank = ({ label }: Preset) => (ORDER.includes(label) ? ORDER.indexOf(label) : ORDER.length);
  // Several formats offer an address of one's own; the format is chosen in the form.
  const once = all.filter((preset, at) => preset.baseUrl !== "" || all.findIndex((each) => each.baseUrl === "") === at);
  return once.sort((one, other) => rank(one) - rank(other));
}

/** The preset at an address: of the same format if there is one, at the same path before one at the same host. */
export function presetAt(presets: readonly Preset[], baseUrl: string, format: string): Preset | undefined {
  const wanted = readBaseUrl(baseUrl);
  if (!isBaseUrl(wanted)) return undefined;
  const near = presets.filter((preset) => {
    const read = readBaseUrl(preset.baseUrl);
    return isBaseUrl(read) && read.origin === wanted.origin;
  });
  return near.find((preset) => preset.format === format) ?? near[0];
}

/** What keys look like, the longest beginnings first. Only what is certain: many providers' keys say nothing. */
const SHAPES: readonly [RegExp, string][] = [
  [/^sk-ant-oat\d\d-/, "Anthropic OAuth"],
  [/^sk-ant-/, "Anthropic"],
  [/^sk-or-v1-/, "OpenRouter"],
  [/^sk-(?:proj|svcacct|admin)-/, "OpenAI"],
  [/^sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}$/, "OpenAI"],
  [/^sk-[0-9a-f]{32}$/, "DeepSeek"],
  [/^AIza[A-Za-z0-9_-]{35}$/, "Gemini"],
  [/^hf_[A-Za-z0-9]{20,}$/, "Hugging Face"],
  [/^gsk_[A-Za-z0-9]{20,}$/, "Groq"],
  [/^xai-[A-Za-z0-9]{20,}$/, "xAI"],
  [/^tgp_v1_/, "Together AI"],
];

/** The label of the provider whose keys look like this, or null. */
export function providerOfKey(key: string): string | null {
  return SHAPES.find(([shape]) => shape.test(key))?.[1] ?? null;
}
