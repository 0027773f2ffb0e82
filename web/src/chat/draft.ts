// An answer as it grows: what came so far, and when. It changes in place; whoever shows it takes a picture of it.
import type { Content, Counts, Delta, Failure, ToolUse } from "@/chat/types";

export class Draft {
  text = "";
  reasoning = "";
  finish: string | undefined;
  usage: Counts | undefined;
  callId: string | undefined;
  #tools = new Map<number, ToolUse>();
  #images: { media_type: string; data: string }[] = [];
  #begun: number;
  #first: number | undefined;
  #thoughtFrom: number | undefined;
  #thoughtUntil: number | undefined;

  constructor(private readonly now: () => number = () => performance.now()) {
    this.#begun = now();
  }

  take(deltas: readonly Delta[]): void {
    for (const delta of deltas) this.#take(delta);
  }

  #take(delta: Delta): void {
    const now = this.now();
    if (delta.type === "reasoning" && delta.text) {
      this.#first ??= now;
      this.#thoughtFrom ??= this.reasoning ? now : this.#begun;
      this.reasoning += delta.text;
      this.#thoughtUntil = now;
    } else if (delta.type === "text" && delta.text) {
      this.#first ??= now;
      if (this.reasoning && !this.text) this.#thoughtUntil = now;
      this.text += delta.text;
    } else if (delta.type === "tool") {
      this.#first ??= now;
      const tool = this.#tools.get(delta.index) ?? { name: "", arguments: "" };
      this.#tools.set(delta.index, {
        name: tool.name || (delta.name ?? ""),
        arguments: tool.arguments + (delta.arguments ?? ""),
      });
    } else if (delta.type === "image") {
      this.#first ??= now;
      this.#images.push({ media_type: delta.media_type, data: delta.data });
    } else if (delta.type === "usage") {
      this.usage = { ...this.usage, ...known(delta.usage) };
    } else if (delta.type === "finish" && delta.reason) {
      this.finish = delta.reason;
    }
  }

  /** What is shown, and kept in the end. */
  content(about: Partial<Content> = {}): Content {
    const content: Content = { text: this.text, ...about };
    if (this.reasoning) {
      content.reasoning = this.reasoning;
      content.reasoning_ms = Math.round((this.#thoughtUntil ?? 0) - (this.#thoughtFrom ?? 0));
    }
    if (this.#tools.size) content.tools = [...this.#tools.values()];
    if (this.#images.length) {
      content.attachments = this.#images.map((image, index) => ({
        kind: "image",
        name: `image ${index + 1}`,
        ...image,
      }));
    }
    if (this.usage) content.usage = this.usage;
    if (this.finish) content.finish = this.finish;
    if (this.callId) content.call_id = this.callId;
    if (this.#first !== undefined) content.first_token_ms = Math.round(this.#first - this.#begun);
    return content;
  }

  /** The same when nothing more will come. */
  ended(about: Partial<Content>, failure: Failure | null, stopped: boolean): Content {
    const content = this.content(about);
    content.total_ms = Math.round(this.now() - this.#begun);
    if (failure) content.error = failure;
    if (stopped) content.stopped = true;
    return content;
  }

  get empty(): boolean {
    return !this.text && !this.reasoning && !this.#tools.size && !this.#images.length;
  }
}

function known(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value !== undefined));
}
