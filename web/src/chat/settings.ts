// What can be set for a chat, read from wherever it was kept. Which of it a dialect sends is in dialects/.
import { isObject } from "@/chat/json";
import type { Settings } from "@/chat/types";

export const DEFAULTS: Settings = {
  system: "",
  temperature: null,
  top_p: null,
  max_tokens: null,
  stop: [],
  effort: null,
  thinking_budget: null,
  stream: true,
  extra: "",
};

const number = (value: unknown) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const string = (value: unknown) => (typeof value === "string" ? value : "");

/** Read settings that were kept; what is not there or not right is as the provider has it. */
export function readSettings(kept: unknown): Settings {
  const given = isObject(kept) ? kept : {};
  return {
    system: string(given.system),
    temperature: number(given.temperature),
    top_p: number(given.top_p),
    max_tokens: number(given.max_tokens),
    stop: Array.isArray(given.stop) ? given.stop.filter((each) => typeof each === "string" && each !== "") : [],
    effort: string(given.effort) || null,
    thinking_budget: number(given.thinking_budget),
    stream: given.stream !== false,
    extra: string(given.extra),
  };
}
