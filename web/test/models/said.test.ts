import { describe, expect, it } from "vitest";
import { presetsOf } from "@/lib/providers";
import { type Asked, type Outcome, say } from "@/pages/models/said";
import { formatOf, formats } from "./formats";

const asked: Asked = {
  baseUrl: "https://api.openai.com/v1",
  format: formatOf("openai"),
  presets: presetsOf(formats),
  keyed: true,
};

function outcome(kind: Outcome["kind"], more: Partial<Outcome> = {}): Outcome {
  return {
    ok: false,
    message: "Connection failed",
    detail: "",
    status: null,
    duration_ms: 12,
    url: "https://api.openai.com/v1/chat/completions",
    kind,
    retry_after: null,
    reply: "",
    ...more,
  };
}

describe("say", () => {
  it("names the provider, its status and its own words", () => {
    const refused = outcome("refused_key", { status: 401, detail: "Incorrect API key provided: sk-b**.", reply: "{}" });
    expect(say(refused, asked)).toEqual({
      happened: "OpenAI refused the key (401).",
      words: "Incorrect API key provided: sk-b**.",
      detail: "",
      advice: "Paste the key again.",
    });
    expect(say(refused, { ...asked, keyed: false }).advice).toContain("Use API key");
  });

  it("asks whether a server on this machine runs", () => {
    const local = { ...asked, baseUrl: "http://localhost:11434/v1" };
    const url = "http://localhost:11434/v1/chat/completions";
    expect(say(outcome("refused_connection", { url }), local)).toEqual({
      happened: "No answer from http://localhost:11434.",
      words: "",
      detail: "",
      advice: "Nothing is listening there. Is Ollama running?",
    });
  });

  it("asks for the version in an address without a path", () => {
    const bare = { ...asked, baseUrl: "https://llm.corp.example" };
    const url = "https://llm.corp.example/chat/completions?x=1";
    expect(say(outcome("not_found", { url, status: 404 }), bare)).toMatchObject({
      happened: "The address answered, but not at /chat/completions.",
      advice: "Does the base URL need /v1?",
    });
  });

  it("does not say the gateway's own sentence as the provider's", () => {
    const page = outcome("not_json", {
      status: 200,
      detail: "The provider answered 200 with text/html",
      reply: "<html>",
    });
    expect(say(page, asked).words).toBe("");
  });

  it.each([
    ["dns", "There is no server by the name of api.openai.com."],
    ["tls", "The certificate of api.openai.com is not trusted by this server."],
    ["rate_limited", "OpenAI is limiting this key."],
    ["private_network", "api.openai.com is in a private network, where this API model may not go."],
    ["timeout", "OpenAI did not answer within 12\u2009ms."],
  ] as const)("says of %s what happened", (kind, words) => {
    expect(say(outcome(kind), asked).happened).toBe(words);
  });

  it("says what the gateway knows of an answer that broke, or led elsewhere", () => {
    const broke = outcome("provider_failed", { detail: "The provider closed the connection." });
    expect(say(broke, asked)).toMatchObject({
      happened: "OpenAI failed.",
      detail: "The provider closed the connection.",
    });
    const led = outcome("other", { status: 307, detail: "The provider answered with a redirect (307).", reply: "{}" });
    expect(say(led, asked)).toMatchObject({ words: "", detail: "The provider answered with a redirect (307)." });
  });

  it("has a sentence where the reason is none of those", () => {
    expect(say(outcome(null, { status: 418 }), asked).happened).toBe("OpenAI answered 418.");
  });
});
