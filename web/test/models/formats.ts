// The formats and providers that the tests of the form know, as the gateway would list them.
import type { Format } from "@/lib/providers";

function endpoint(name: string, url_suffix: string, probe: boolean): Format["endpoints"][number] {
  return { name, url_suffix, probe, method: "POST", path: `/v1${url_suffix}`, generating: true };
}

function format(name: string, label: string, base_url: string, suffixes: string[], more: Partial<Format> = {}): Format {
  return {
    name,
    label,
    base_url,
    mount: "",
    key_prefix: "",
    preset_headers: {},
    preset_body: {},
    private: false,
    notice: "",
    providers: [{ label, base_url, needs_key: true, private_network: false, key_url: "" }],
    endpoints: suffixes.map((suffix, at) => endpoint(`${name}.${at}`, suffix, at === 0)),
    ...more,
  };
}

const OPENAI = "https://api.openai.com/v1";
const ANTHROPIC = "https://api.anthropic.com/v1";

export const formats: Format[] = [
  format("openai", "OpenAI", OPENAI, ["/chat/completions", "/embeddings", "/models"], {
    providers: [
      { label: "OpenAI", base_url: OPENAI, needs_key: true, private_network: false, key_url: "" },
      {
        label: "Groq",
        base_url: "https://api.groq.com/openai/v1",
        needs_key: true,
        private_network: false,
        key_url: "",
      },
      { label: "Ollama", base_url: "http://localhost:11434/v1", needs_key: false, private_network: true, key_url: "" },
      { label: "Custom", base_url: "", needs_key: true, private_network: false, key_url: "" },
    ],
  }),
  format("openai_responses", "OpenAI Responses", OPENAI, ["/responses"]),
  format("anthropic", "Anthropic", ANTHROPIC, ["/messages"]),
  format("anthropic_oauth", "Anthropic OAuth", ANTHROPIC, ["/messages"], {
    key_prefix: "sk-ant-oat01-",
    private: true,
    preset_headers: { "anthropic-beta": "oauth-2025-04-20" },
    preset_body: { max_tokens: 4096 },
  }),
  format("gemini", "Gemini", "https://generativelanguage.googleapis.com/v1beta", ["/models/{model}:generateContent"]),
];

export function formatOf(name: string): Format {
  const found = formats.find((each) => each.name === name);
  if (!found) throw new Error(name);
  return found;
}
