// The words of a conversation: what is kept of a message, what can be set, and what an answer is made of as it comes.

export interface Attachment {
  kind: "image" | "text";
  name: string;
  media_type: string;
  /** Base64 of an image, or the text itself. */
  data: string;
}

export interface ToolUse {
  name: string;
  arguments: string;
}

export interface Counts {
  input?: number;
  output?: number;
  cached?: number;
  reasoning?: number;
}

/** What went wrong, in pieces. The sentences about it are in text/en/chat.ts. */
export interface Failure {
  kind:
    | "gateway"
    | "refused_key"
    | "not_found"
    | "limited"
    | "provider"
    | "refused"
    | "page"
    | "broke"
    | "lost"
    | "odd";
  /** The HTTP status, or 0 where there was none. */
  status: number;
  /** The code of the gateway's own error. */
  code?: string;
  /** What was said about it, by the provider or by the gateway. */
  said?: string;
  /** The provider's word for the kind of error, such as "overloaded". */
  word?: string;
  /** Seconds to wait, where that was asked. */
  wait?: number;
  /** The reply as it came. */
  reply?: string;
  /** When it happened, for the countdown. */
  at?: string;
}

/** What a message holds. The server keeps it and does not look into it. */
export interface Content {
  text: string;
  reasoning?: string;
  reasoning_ms?: number;
  attachments?: Attachment[];
  tools?: ToolUse[];
  model?: string;
  api_model_id?: string;
  api_model_name?: string;
  format?: string;
  usage?: Counts;
  cost_usd?: string | null;
  first_token_ms?: number;
  total_ms?: number;
  call_id?: string;
  finish?: string;
  error?: Failure;
  stopped?: boolean;
}

export type Role = "user" | "assistant";

export interface Message {
  id: string;
  parent_id: string | null;
  role: Role;
  content: Content;
  created_at: string;
}

/** One turn of what is sent. */
export interface Turn {
  role: Role;
  text: string;
  attachments: readonly Attachment[];
}

export interface Settings {
  system: string;
  temperature: number | null;
  top_p: number | null;
  max_tokens: number | null;
  stop: string[];
  effort: string | null;
  thinking_budget: number | null;
  stream: boolean;
  /** A JSON object, as typed, that is merged over the body. */
  extra: string;
}

export type Delta =
  | { type: "text"; text: string }
  | { type: "reasoning"; text: string }
  | { type: "tool"; index: number; name?: string; arguments?: string }
  | { type: "image"; media_type: string; data: string }
  | { type: "usage"; usage: Counts }
  | { type: "finish"; reason: string }
  | { type: "error"; said: string; word?: string };
