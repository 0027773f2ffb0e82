// Reads a curl command that somebody copied from a provider's documentation: its URL, headers and body. What they mean
// for the form is pages/models/from-curl's part. Nothing is run.

export interface CurlCommand {
  url: string;
  /** Names in lower case; the last of several holds. */
  headers: Record<string, string>;
  body: string;
}

const WITH_BODY = new Set(["-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json"]);
/** Options of curl that take a value and say nothing about the connection. */
const WITH_VALUE = new Set([
  "-X", "--request", "-o", "--output", "-m", "--max-time", "--connect-timeout", "--retry", "-A", "--user-agent",
  "-e", "--referer", "-b", "--cookie", "-c", "--cookie-jar", "-x", "--proxy", "-w", "--write-out", "--cacert", "-F",
  "--form", "--data-urlencode", "-E", "--cert", "--key", "--resolve", "-r", "--range",
]); // biome-ignore format: a list reads better in few lines.

/** Read a curl command, or return null where it is none or names no URL. */
export function readCurl(text: string): CurlCommand | null {
  const words = shellWords(text.trim().replace(/^[$>%]\s+/, ""));
  if (words === null || !/^(?:.*[\\/])?curl(?:\.exe)?$/.test(words[0] ?? "")) return null;
  const found: CurlCommand = { url: "", headers: {}, body: "" };
  for (let at = 1; at < words.length; at += 1) {
    const [option, attached] = split(words[at] ?? "");
    const value = () => attached ?? words[++at] ?? "";
    if (option === "-H" || option === "--header") addHeader(found, value());
    else if (WITH_BODY.has(option)) found.body += value();
    else if (option === "--oauth2-bearer") found.headers.authorization = `Bearer ${value()}`;
    else if (option === "--url") found.url = value();
    else if (WITH_VALUE.has(option)) value();
    else if (!option.startsWith("-") && found.url === "") found.url = option;
  }
  return found.url === "" ? null : found;
}

/** Take a word apart where an option carries its value: `--header=x`, `-Hx`. */
function split(word: string): [string, string | undefined] {
  const long = /^(--[a-z0-9-]+)=([\s\S]*)$/.exec(word);
  if (long) return [long[1] ?? "", long[2]];
  const short = /^(-[HdXo])([\s\S]+)$/.exec(word);
  return short ? [short[1] ?? "", short[2]] : [word, undefined];
}

function addHeader(command: CurlCommand, line: string): void {
  const colon = line.indexOf(":");
  if (colon > 0) command.headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
}

/** Split a command as a shell does: quotes, $'…', backslashes and line continuations. Null where a quote stays open. */
export function shellWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    // Windows' prompt continues lines with ^, PowerShell with `.
    if ((sign === "\\" || sign === "^" || sign === "`") && /^\r?\n/.test(text.slice(at + 1, at + 3))) {
      at += text[at + 1] === "\r" ? 2 : 1;
      continue;
    }
    if (/\s/.test(sign)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    const dollar = sign === "$" && text[at + 1] === "'" && word === null;
    const quote = dollar ? "'" : sign;
    if (quote === "'" || quote === '"') {
      const read = quoted(text, dollar ? at + 2 : at + 1, quote, dollar);
      if (read === null) return null;
      word = (word ?? "") + read.text;
      at = read.end;
    } else if (sign === "\\") {
      at += 1;
      word = (word ?? "") + (text[at] ?? "");
    } else {
      word = (word ?? "") + sign;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

const ESCAPED: Record<string, string> = { n: "\n", r: "\r", t: "\t" };

function quoted(text: string, start: number, quote: string, ansi: boolean): { text: string; end: number } | null {
  let read = "";
  for (let at = start; at < text.length; at += 1) {
    const sign = text[at] ?? "";
    if (sign === quote) return { text: read, end: at };
    if (sign !== "\\" || (quote === "'" && !ansi)) {
      read += sign;
      continue;
    }
    at += 1;
    const next = text[at] ?? "";
    if (ansi) read += ESCAPED[next] ?? next;
    else if (next === "\n") continue;
    else read += '"\\$`'.includes(next) ? next : `\\${next}`;
  }
  return null;
}
