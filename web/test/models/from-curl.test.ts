import { describe, expect, it } from "vitest";
import { presetsOf } from "@/lib/providers";
import { sourceOfCurl } from "@/pages/models/from-curl";
import { formats } from "./formats";

const read = (command: string) => sourceOfCurl(command, formats, presetsOf(formats));

describe("sourceOfCurl", () => {
  it("takes format, address, key and model from a chat completion", () => {
    const source = read(
      `curl https://api.groq.com/openai/v1/chat/completions -H "Authorization: Bearer gsk_secret" -d '{"model":"llama-3.3-70b"}'`,
    );
    expect(source).toMatchObject({
      label: "Groq",
      baseUrl: "https://api.groq.com/openai/v1",
      key: "gsk_secret",
      model: "llama-3.3-70b",
      extraHeaders: "",
    });
    expect(source?.format.name).toBe("openai");
  });

  it("leaves a stand-in for the key out, and keeps headers of its own", () => {
    const source = read(
      `curl https://api.anthropic.com/v1/messages -H "x-api-key: $ANTHROPIC_API_KEY" -H "anthropic-version: 2023-06-01" -H "anthropic-beta: tools" -H "content-type: application/json" -d '{"model":"claude-sonnet-4-5"}'`,
    );
    expect(source).toMatchObject({ key: undefined, needsKey: true, model: "claude-sonnet-4-5" });
    expect(source?.format.name).toBe("anthropic");
    expect(JSON.parse(source?.extraHeaders ?? "")).toEqual({ "anthropic-beta": "tools" });
  });

  it("knows a subscription token by its shape", () => {
    const source = read(
      `curl https://api.anthropic.com/v1/messages -H "Authorization: Bearer sk-ant-oat01-abc" -d '{"model":"claude-sonnet-4-5"}'`,
    );
    expect(source?.format.name).toBe("anthropic_oauth");
  });

  it("finds Gemini's model and key in the URL, streaming or not", () => {
    const source = read(
      "curl 'https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse&key=AIzaSecret'",
    );
    expect(source).toMatchObject({
      baseUrl: "https://generativelanguage.googleapis.com/v1beta",
      model: "gemini-2.5-flash",
      key: "AIzaSecret",
    });
    expect(source?.format.name).toBe("gemini");
  });

  it("allows the private network for a server on this machine, without a key", () => {
    expect(read('curl http://localhost:11434/v1/chat/completions -d \'{"model":"llama3"}\'')).toMatchObject({
      privateNetwork: true,
      needsKey: false,
      model: "llama3",
    });
  });

  it("takes an address without a known endpoint as it is", () => {
    expect(read("curl https://llm.corp.example/api/")).toMatchObject({ baseUrl: "https://llm.corp.example/api" });
  });

  it("refuses what is no command", () => {
    expect(read("https://api.openai.com/v1")).toBeNull();
  });
});
