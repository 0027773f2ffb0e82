// Server-sent events out of text that comes in pieces cut anywhere (html.spec.whatwg.org, 9.2.6). Fetching is send.ts.

export interface ServerEvent {
  event: string;
  data: string;
}

/** A provider that never ends a line is given up at this many characters. */
export const MAX_EVENT = 64 * 1024 * 1024;

export class EventParser {
  #rest = "";
  #event = "";
  #data: string[] = [];
  #size = 0;
  #begun = false;
  #afterReturn = false;

  /** Take the next piece, and return the events that it completes. */
  push(piece: string): ServerEvent[] {
    let text = piece;
    if (!this.#begun && text) {
      this.#begun = true;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    // A line feed right after a carriage return that ended the last piece belongs to it.
    if (this.#afterReturn && text.startsWith("\n")) text = text.slice(1);
    if (text) this.#afterReturn = text.endsWith("\r");
    this.#size += text.length;
    if (this.#size > MAX_EVENT) throw new RangeError("An event of the stream is too long.");
    const lines = (this.#rest + text).split(/\r\n|\n|\r/);
    this.#rest = lines.pop() ?? "";
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.#line(line);
      if (event) events.push(event);
    }
    return events;
  }

  /** Return what a stream without a last blank line leaves, if it is a whole event. */
  end(): ServerEvent[] {
    const last = this.#rest ? this.#line(this.#rest) : null;
    this.#rest = "";
    const closed = this.#line("");
    return [last, closed].filter((event) => event !== null);
  }

  #line(line: string): ServerEvent | null {
    if (line === "") {
      const event = this.#data.length ? { event: this.#event || "message", data: this.#data.join("\n") } : null;
      this.#event = "";
      this.#data = [];
      this.#size = 0;
      return event;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(line.charAt(colon + 1) === " " ? colon + 2 : colon + 1);
    if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    return null;
  }
}
