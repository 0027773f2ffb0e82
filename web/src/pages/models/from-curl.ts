// What a pasted curl command says about a provider: format, address, key, model and headers of its own.
import { isPrivateHost, originOf } from "@/lib/base-url";
import { type CurlCommand, readCurl } from "@/lib/curl";
import { readJson } from "@/lib/json-check";
import { type Format, type Preset, presetAt, providerOfKey } from "@/lib/providers";
import { type Source, sourceOfFormat } from "./fill";
import { writeExtras } from "./values";

/** Headers that say nothing of the provider, that carry the key, or that the gateway sends by itself. */
const LEFT_OUT =
  /^(?:authorization|x-api-key|x-goog-api-key|api-key|content-.*|accept.*|host|cookie|connection|user-agent|origin|referer|anthropic-version|sec-.*|priority|transfer-encoding|te|expect|proxy-.*)$/;

/** Read a command, or return null where it is none. */
export function sourceOfCurl(text: string, formats: readonly Format[], presets: readonly Preset[]): Source | null {
  const command = readCurl(text);
  if (command === null) return null;
  const address = /^[a-z]+:\/\//i.test(command.url) ? command.url : `http://${command.url}`;
  const [path = "", query = ""] = address.split("#")[0]?.split("?") ?? [];
  const key = keyOf(command, query);
  const found = endpointOf(path, formats, presets, key);
  if (!found) return null;
  const { format, baseUrl, model } = found;
  const preset = presetAt(presets, baseUrl, format.name);
  const headers = Object.fromEntries(Object.entries(command.headers).filter(([name]) => !LEFT_OUT.test(name)));
  return {
    ...sourceOfFormat(format),
    label: preset?.label ?? format.label,
    baseUrl,
    extraHeaders: writeExtras({ ...format.preset_headers, ...headers }),
    needsKey: key !== null || preset?.needsKey !== false,
    privateNetwork: isPrivateHost(hostOf(baseUrl)),
    key: key && !isPlaceholder(key) ? key : undefined,
    model: model || modelIn(command.body),
  };
}

function keyOf(command: CurlCommand, query: string): string | null {
  const { authorization = "", ...headers } = command.headers;
  const bearer = /^bearer\s+(.+)$/i.exec(authorization)?.[1];
  return (
    bearer ??
    headers["x-api-key"] ??
    headers["x-goog-api-key"] ??
    headers["api-key"] ??
    new URLSearchParams(query).get("key")
  );
}

/** A stand-in as documentation writes it: `$OPENAI_API_KEY`, `<your key>`, `YOUR_KEY`, `sk-...`. */
function isPlaceholder(key: string): boolean {
  return /[$<>{}[\]…]|\.\.\.|^%.*%$|your|xxxx|api[_-]?key/i.test(key);
}

interface Found {
  format: Format;
  baseUrl: string;
  model: string;
}

/** Find the format whose endpoint the address ends with: the one that its provider speaks, else the first. */
function endpointOf(
  path: string,
  formats: readonly Format[],
  presets: readonly Preset[],
  key: string | null,
): Found | undefined {
  if (originOf(path.replace(/[{}%:]+[^/]*$/, "")) === "") return undefined;
  const found: Found[] = [];
  for (const format of formats) {
    for (const endpoint of format.endpoints) {
      if (endpoint.url_suffix === "" || (endpoint.url_suffix === "/models/{model}" && !path.includes("{"))) continue;
      const fits = pattern(endpoint.url_suffix).exec(path);
      if (fits) found.push({ format, baseUrl: path.slice(0, fits.index), model: modelFrom(fits[1]) });
    }
  }
  const shape = providerOfKey(key ?? "");
  const wanted = presets.find((preset) => preset.label === shape)?.format;
  const at = presetAt(presets, path.replace(/[{}%:]+[^/]*$/, ""), wanted ?? "");
  return (
    found.find((each) => each.format.name === wanted) ??
    found.find((each) => each.format.name === at?.format) ??
    found[0] ??
    withoutEndpoint(path, formats, at)
  );
}

function withoutEndpoint(path: string, formats: readonly Format[], at: Preset | undefined): Found | undefined {
  const format = formats.find((each) => each.name === at?.format) ?? formats[0];
  return format && { format, baseUrl: at?.baseUrl ?? path.replace(/\/+$/, ""), model: "" };
}

function pattern(suffix: string): RegExp {
  const escaped = suffix.split(/\{[a-z]+\}/).map((piece) => piece.replace(/[.*+?^$()|[\]\\]/g, "\\$&"));
  // Only the model's place is kept; a streaming action stands for the plain one.
  return new RegExp(`${escaped.join("([^/:?]+)").replace(":generateContent", ":(?:streamG|g)enerateContent")}/?$`);
}

function modelFrom(found: string | undefined): string {
  return found && !/[{}$<>]/.test(found) ? decodeURIComponent(found) : "";
}

function modelIn(body: string): string {
  const read = readJson(body);
  if (read.ok && typeof read.value === "object" && read.value !== null && "model" in read.value) {
    const { model } = read.value;
    if (typeof model === "string") return isPlaceholder(model) ? "" : model;
  }
  return "";
}

function hostOf(baseUrl: string): string {
  return /^[a-z]+:\/\/(\[[^\]]*\]|[^/:]*)/i.exec(baseUrl)?.[1] ?? "";
}
