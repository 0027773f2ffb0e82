// Base URLs as the gateway reads them: what it accepts, where a call then goes, and which addresses are not public.

export interface BaseUrl {
  origin: string;
  /** Without the port where it is the scheme's own, as the gateway writes URLs. */
  site: string;
  host: string;
  path: string;
}

export type BaseUrlProblem = "empty" | "characters" | "scheme" | "unreadable" | "credentials" | "query" | "path";

/** Read a base URL by the gateway's rules, or say what is wrong with it. */
export function readBaseUrl(text: string): BaseUrl | BaseUrlProblem {
  const given = text.trim();
  if (given === "") return "empty";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  if (/[\x00-\x20\x7f-\uffff\\]/.test(given)) return "characters";
  const parts = /^(https?):\/\/([^/?#]*)([^?#]*)(.*)$/i.exec(given);
  if (!parts) return "scheme";
  const [, scheme = "", authority = "", path = "", rest = ""] = parts;
  if (authority.includes("@")) return "credentials";
  if (rest !== "") return "query";
  if (/%|\.\.|\/\//.test(path) || authority.includes("%")) return "path";
  let url: URL;
  try {
    url = new URL(`${scheme}://${authority}`);
  } catch {
    return "unreadable";
  }
  const host = url.hostname.replace(/\.$/, "");
  if (host === "" || url.port === "0") return "unreadable";
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return {
    origin: `${url.protocol}//${host}:${port}`,
    site: `${url.protocol}//${host}${url.port ? `:${url.port}` : ""}`,
    host,
    path: path.replace(/\/+$/, ""),
  };
}

export function isBaseUrl(read: BaseUrl | BaseUrlProblem): read is BaseUrl {
  return typeof read !== "string";
}

/** The origin of a base URL, or "" where there is none. */
export function originOf(text: string): string {
  const read = readBaseUrl(text);
  return isBaseUrl(read) ? read.origin : "";
}

/** The URL that a call goes to, with the model in its path where the format wants it there. */
export function requestUrl(baseUrl: string, suffix: string, model: string): string | null {
  const read = readBaseUrl(baseUrl);
  if (!isBaseUrl(read)) return null;
  return read.site + read.path + suffix.replace("{model}", model ? encodeModel(model) : "{model}");
}

/** The suffix that stands at the end of a base URL although the gateway appends it, or "". */
export function doubledSuffix(baseUrl: string, suffixes: readonly string[]): string {
  const path = baseUrl.trim().replace(/\/+$/, "");
  return suffixes.find((suffix) => suffix !== "" && !suffix.includes("{") && path.endsWith(suffix)) ?? "";
}

/** The last part of a usual base URL, such as "/v1", where a base URL has no path at all; else "". */
export function missingPath(baseUrl: string, usual: string): string {
  const read = readBaseUrl(baseUrl);
  const expected = readBaseUrl(usual);
  return isBaseUrl(read) && isBaseUrl(expected) && read.path === "" ? expected.path : "";
}

const PRIVATE_V4 = /^(?:127|10)\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\./;

/** Whether a host is, as far as its name tells, on this machine or in a private network. */
export function isPrivateHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  if (bare.includes(":")) return bare === "::1" || /^f[cd]/.test(bare);
  if (/^[\d.]+$/.test(bare)) return PRIVATE_V4.test(bare);
  return !bare.includes(".") || /\.(?:localhost|local|internal|lan|home\.arpa)$/.test(bare);
}

function encodeModel(model: string): string {
  return encodeURIComponent(model).replace(/%(2F|3A|40|24|26|2B|2C|3B|3D)/gi, (all) => decodeURIComponent(all));
}
