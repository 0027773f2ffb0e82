// marked's lexer with bounds. Some of its rules cost the square of the text, so that a hostile answer of a hundred
// kilobytes could hold up the page for a minute, and again each time its chat is opened. What is over a bound stays as
// it was written. No answer comes near.
import { Lexer, type MarkedOptions, type Token, Tokenizer, type TokensList } from "marked";
import { DEEPEST } from "@/markdown/deepest";

/** Of the text of one paragraph, cell or heading. */
const LONGEST = 20_000;
const LONGEST_WORD = /\S{4001}/;
/** Signs in it that may begin something. */
const MOST_SIGNS = 500;
const SIGNS = new Set(Array.from("*_~`[]<!$\\@&|", (sign) => sign.charCodeAt(0)));
/** A picture within the text is long, and read at once. */
const PICTURE = /\]\(data:image\/[a-z]+;base64,[A-Za-z0-9+/=]+\)/g;
/** How many times as much as the text itself may be read again for what is nested. */
const MOST_AGAIN = 4 * DEEPEST;

export class BoundedLexer extends Lexer {
  #depth = 0;
  #left: number;

  constructor(options: MarkedOptions, length: number) {
    super({ ...options, tokenizer: new Tokenizer() });
    this.#left = MOST_AGAIN * (length + LONGEST);
  }

  /** Raises an error when nested blocks were read over and over. */
  override blockTokens(source: string, tokens?: Token[], clipped?: boolean): Token[];
  override blockTokens(source: string, tokens?: TokensList, clipped?: boolean): TokensList;
  override blockTokens(source: string, tokens: Token[] = [], clipped = false): Token[] {
    this.#left -= source.length;
    if (this.#left < 0) throw new RangeError("blocks nested too often");
    if (this.#depth > DEEPEST) {
      this.state.top = true;
      return addAsIs(source, tokens);
    }
    this.#depth += 1;
    try {
      return super.blockTokens(source, tokens, clipped);
    } finally {
      this.#depth -= 1;
    }
  }

  override inlineTokens(source: string, tokens: Token[] = []): Token[] {
    return isTooMuch(source) ? addAsIs(source, tokens) : super.inlineTokens(source, tokens);
  }
}

function addAsIs(source: string, tokens: Token[]): Token[] {
  tokens.push({ type: "text", raw: source, text: source, escaped: false });
  return tokens;
}

function isTooMuch(source: string): boolean {
  const text = source.includes("](data:image/") ? source.replace(PICTURE, "]()") : source;
  if (text.length > LONGEST) return true;
  if (text.length <= MOST_SIGNS) return false;
  let signs = 0;
  for (let at = 0; at < text.length; at++) if (SIGNS.has(text.charCodeAt(at))) signs += 1;
  return signs > MOST_SIGNS || LONGEST_WORD.test(text);
}
