// What to paste to use Bodhi from a program: one snippet for each client, with the address and path that it needs.
// Facts: Codex takes `wire_api = "responses"` only and reserves the provider names openai, ollama and lmstudio
// (its configuration reference); Gemini CLI reads GOOGLE_GEMINI_BASE_URL and refuses plain http but for localhost.

export interface SnippetModels {
  /** A model id of each kind that this Bodhi serves, as clients send it. */
  openai?: string;
  responses?: string;
  anthropic?: string;
  gemini?: string;
}

export interface Snippet {
  name: string;
  code: string;
  /** What stands in the way here. */
  warning?: string;
}

const VARIABLE = "BODHI_TOKEN";

export function snippets(origin: string, token: string, models: SnippetModels): Snippet[] {
  return [
    curl(origin, token, models),
    python(origin, token, models),
    javaScript(origin, token, models),
    {
      name: "Claude Code",
      code: [
        `export ANTHROPIC_BASE_URL=${origin}/anthropic`,
        `export ANTHROPIC_AUTH_TOKEN=${token}`,
        `claude${models.anthropic ? ` --model ${quoted(models.anthropic)}` : ""}`,
      ].join("\n"),
      warning: models.anthropic ? undefined : "Add an Anthropic API model first: Claude Code speaks that format only.",
    },
    {
      name: "Codex",
      code: [
        "# ~/.codex/config.toml",
        `model = ${quoted(models.responses ?? "your-model")}`,
        'model_provider = "bodhi"',
        "",
        "[model_providers.bodhi]",
        'name = "Bodhi"',
        `base_url = "${origin}/v1"`,
        `env_key = "${VARIABLE}"`,
        'wire_api = "responses"',
        "",
        "# then, in the shell:",
        `# export ${VARIABLE}=${token}`,
        "# codex",
      ].join("\n"),
      warning: models.responses ? undefined : "Add an OpenAI Responses API model first: Codex speaks that format only.",
    },
    {
      name: "Gemini CLI",
      code: [
        `export GOOGLE_GEMINI_BASE_URL=${origin}`,
        `export GEMINI_API_KEY=${token}`,
        `gemini${models.gemini ? ` --model ${quoted(models.gemini)}` : ""}`,
      ].join("\n"),
      warning: geminiWarning(origin, models),
    },
  ];
}

function curl(origin: string, token: string, models: SnippetModels): Snippet {
  const name = "curl";
  const json = (path: string, headers: string[], body: unknown): Snippet => ({
    name,
    code: [`curl ${origin}${path} \\`, ...headers.map((header) => `  -H "${header}" \\`), `  -d '${shell(body)}'`].join(
      "\n",
    ),
  });
  const type = "Content-Type: application/json";
  const messages = [{ role: "user", content: "Hello" }];
  const bearer = `Authorization: Bearer ${token}`;
  if (models.openai || !(models.anthropic || models.gemini || models.responses)) {
    return json("/v1/chat/completions", [bearer, type], { model: models.openai ?? "your-model", messages });
  }
  if (models.responses) return json("/v1/responses", [bearer, type], { model: models.responses, input: "Hello" });
  if (models.anthropic) {
    const headers = [`x-api-key: ${token}`, "anthropic-version: 2023-06-01", type];
    return json("/anthropic/v1/messages", headers, { model: models.anthropic, max_tokens: 1024, messages });
  }
  return json(`/v1beta/models/${models.gemini}:generateContent`, [`x-goog-api-key: ${token}`, type], {
    contents: [{ parts: [{ text: "Hello" }] }],
  });
}

function python(origin: string, token: string, models: SnippetModels): Snippet {
  const name = "Python";
  if (!models.openai && models.anthropic) {
    return {
      name,
      code: `from anthropic import Anthropic

client = Anthropic(base_url="${origin}/anthropic", api_key="${token}")
message = client.messages.create(
    model=${quoted(models.anthropic)},
    max_tokens=1024,
    messages=[{"role": "user", "content": "Hello"}],
)
print(message.content[0].text)`,
    };
  }
  if (!models.openai && models.gemini) {
    return {
      name,
      code: `from google import genai

client = genai.Client(api_key="${token}", http_options={"base_url": "${origin}"})
answer = client.models.generate_content(model=${quoted(models.gemini)}, contents="Hello")
print(answer.text)`,
    };
  }
  const call =
    !models.openai && models.responses
      ? `answer = client.responses.create(model=${quoted(models.responses)}, input="Hello")
print(answer.output_text)`
      : `answer = client.chat.completions.create(
    model=${quoted(models.openai ?? "your-model")},
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`;
  return {
    name,
    code: `from openai import OpenAI\n\nclient = OpenAI(base_url="${origin}/v1", api_key="${token}")\n${call}`,
  };
}

function javaScript(origin: string, token: string, models: SnippetModels): Snippet {
  const name = "JavaScript";
  if (!models.openai && models.anthropic) {
    return {
      name,
      code: `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: "${origin}/anthropic", apiKey: "${token}" });
const message = await client.messages.create({
  model: ${quoted(models.anthropic)},
  max_tokens: 1024,
  messages: [{ role: "user", content: "Hello" }],
});
console.log(message.content[0].text);`,
    };
  }
  if (!models.openai && models.gemini) {
    return {
      name,
      code: `import { GoogleGenAI } from "@google/genai";

const client = new GoogleGenAI({ apiKey: "${token}", httpOptions: { baseUrl: "${origin}" } });
const answer = await client.models.generateContent({ model: ${quoted(models.gemini)}, contents: "Hello" });
console.log(answer.text);`,
    };
  }
  const call =
    !models.openai && models.responses
      ? `const answer = await client.responses.create({ model: ${quoted(models.responses)}, input: "Hello" });
console.log(answer.output_text);`
      : `const answer = await client.chat.completions.create({
  model: ${quoted(models.openai ?? "your-model")},
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);`;
  return {
    name,
    code: `import OpenAI from "openai";\n\nconst client = new OpenAI({ baseURL: "${origin}/v1", apiKey: "${token}" });\n${call}`,
  };
}

function geminiWarning(origin: string, models: SnippetModels): string | undefined {
  if (!models.gemini) return "Add a Gemini API model first: Gemini CLI speaks that format only.";
  const { protocol, hostname } = new URL(origin);
  if (protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname)) {
    return "Gemini CLI takes plain http for localhost only. Serve Bodhi by https, or run the CLI on this computer.";
  }
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** JSON within single quotes of a shell. */
function shell(body: unknown): string {
  return JSON.stringify(body).replaceAll("'", "'\\''");
}
