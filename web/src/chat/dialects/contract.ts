// What a dialect's file must fill: which settings it sends, how a request is written, how an answer is read.
import type { Json } from "@/chat/json";
import type { ServerEvent } from "@/chat/sse";
import type { Delta, Settings, Turn } from "@/chat/types";

export interface Ask {
  model: string;
  turns: readonly Turn[];
  settings: Settings;
  /** Scheme, host and port of the provider. */
  origin: string;
  /** Names that the API model's Extra Body sets by default. */
  defaults: readonly string[];
}

/** Reads the events of one answer, in order. */
export type Reader = (event: ServerEvent) => Delta[];

export interface Dialect {
  /** The gateway's endpoints that this file speaks to: for streams, and for whole answers. */
  streams: string;
  answers: string;
  /** What is added to the address of a stream. */
  query?: string;
  /** Which settings are sent, and within what bounds. */
  temperatureMax: number;
  stopMax: number;
  efforts: readonly string[];
  budget: boolean;
  /** What goes out as the most tokens where nobody said. */
  maxTokens?: number;
  /** Members of the body that Extra JSON may not set. */
  owned: readonly string[];
  write: (ask: Ask) => Json;
  reader: () => Reader;
  /** Read an answer that came whole. */
  whole: (answer: unknown) => Delta[];
}

/** A text file as it is put before a model. */
export function fileText(name: string, text: string): string {
  const fence = "`".repeat(Math.max(3, ...Array.from(text.matchAll(/`+/g), (run) => run[0].length + 1)));
  return `${name}:\n${fence}\n${text}\n${fence}`;
}
