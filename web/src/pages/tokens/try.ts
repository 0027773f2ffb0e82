// One request with a new token, as the snippets send it: proof that the token works from here.
import type { SnippetModels } from "@/lib/snippets";

type Tried = { us: number } | { problem: string; reply: string | null };

const messages = [{ role: "user", content: "Hello" }];

/** The smallest question in each kind of API: path and body. */
const QUESTIONS: { [kind in keyof Required<SnippetModels>]: (model: string) => { path: string; body: unknown } } = {
  openai: (model) => ({ path: "/v1/chat/completions", body: { model, messages } }),
  responses: (model) => ({ path: "/v1/responses", body: { model, input: "Hello" } }),
  anthropic: (model) => ({ path: "/anthropic/v1/messages", body: { model, max_tokens: 16, messages } }),
  gemini: (model) => ({
    path: `/v1beta/models/${model.split("/").map(encodeURIComponent).join("/")}:generateContent`,
    body: { contents: [{ parts: [{ text: "Hello" }] }] },
  }),
};

const LONGEST_MS = 60_000;

export async function tryToken(token: string, models: SnippetModels): Promise<Tried> {
  const kind = (Object.keys(QUESTIONS) as (keyof SnippetModels)[]).find((each) => models[each]);
  const model = kind && models[kind];
  if (!kind || !model) return { problem: "There is no model to ask.", reply: null };
  const { path, body } = QUESTIONS[kind](model);
  const started = performance.now();
  try {
    const response = await fetch(path, {
      method: "POST",
      credentials: "omit",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(LONGEST_MS),
    });
    const reply = await response.text();
    if (response.ok) return { us: (performance.now() - started) * 1000 };
    const ours = response.headers.has("x-bodhi-error");
    return { problem: `${ours ? "The gateway" : "The provider"} answered ${response.status}.`, reply };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error), reply: null };
  }
}
