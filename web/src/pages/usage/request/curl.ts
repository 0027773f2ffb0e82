// A call as a command for the shell, with the token in a variable. No React here.
import type { Schemas } from "@/api/client";
import type { Call } from "@/pages/usage/filters";

type Format = Schemas["FormatShown"];

export interface Place {
  method: string;
  /** As a client calls it where nothing can be mistaken. */
  path: string;
  /** The same without the format's own beginning, as most write it. */
  shown: string;
}

/** The method and the path, as a client calls it, of an endpoint; null for what is none of ours. */
export function placeOf(
  call: Pick<Call, "endpoint" | "format" | "model_asked">,
  formats: readonly Format[],
): Place | null {
  const ordered = [...formats].sort(
    (one, other) => Number(other.name === call.format) - Number(one.name === call.format),
  );
  for (const { mount, endpoints } of ordered) {
    const endpoint = endpoints.find((each) => each.name === call.endpoint);
    if (!endpoint) continue;
    const model = (call.model_asked ?? "model").split("/").map(encodeURIComponent).join("/");
    const path = endpoint.path
      .replace("{version}", "v1beta")
      .replace("[models/]", "models/")
      .replace("{model}", () => model);
    return { method: endpoint.method, path: mount + path, shown: path };
  }
  return null;
}

/** Write the command. Without what was said a short question stands in its place. */
export function curlOf(call: Call, place: Place | null, said: string | null, origin: string): string {
  if (!place) return "";
  const streams = call.endpoint === "gemini.stream_generate_content" ? "?alt=sse" : "";
  const lines = [`curl ${quoted(origin + place.path + streams)}`, `  -H "${credential(call.endpoint)}"`];
  if (place.method !== "GET" && place.method !== "DELETE") {
    lines.push('  -H "Content-Type: application/json"', `  -d ${quoted(said ?? JSON.stringify(questionOf(call)))}`);
  } else if (place.method !== "GET") {
    lines[0] = lines[0]?.replace("curl", `curl -X ${place.method}`) ?? "";
  }
  if (call.endpoint.startsWith("anthropic.")) lines.splice(2, 0, '  -H "anthropic-version: 2023-06-01"');
  return lines.join(" \\\n");
}

function credential(endpoint: string): string {
  if (endpoint.startsWith("anthropic.")) return "x-api-key: $BODHI_TOKEN";
  return endpoint.startsWith("gemini.") ? "x-goog-api-key: $BODHI_TOKEN" : "Authorization: Bearer $BODHI_TOKEN";
}

function questionOf({ endpoint, model_asked: model, stream }: Call): unknown {
  const messages = [{ role: "user", content: "Hello" }];
  const streams = stream ? { stream } : {};
  if (endpoint === "openai.chat_completions") return { model, messages, ...streams };
  if (endpoint === "responses.create") return { model, input: "Hello", ...streams };
  if (endpoint === "anthropic.messages") return { model, max_tokens: 1024, messages, ...streams };
  if (endpoint.startsWith("gemini.")) return { contents: [{ parts: [{ text: "Hello" }] }] };
  return { model, input: "Hello" };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
