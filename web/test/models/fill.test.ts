import { describe, expect, it } from "vitest";
import { type Preset, presetAt, presetsOf, providerOfKey } from "@/lib/providers";
import { fill, NOTHING_FILLED, sourceOfFormat, sourceOfPreset } from "@/pages/models/fill";
import { blankValues } from "@/pages/models/values";
import { formatOf, formats } from "./formats";

const presets = presetsOf(formats);
const preset = (label: string) => presets.find((each) => each.label === label) as Preset;
const begun = fill(blankValues(), NOTHING_FILLED, sourceOfFormat(formatOf("openai")));

describe("fill", () => {
  it("replaces what it filled in itself without a question", () => {
    const next = fill(begun.replaced, begun.filled, sourceOfFormat(formatOf("anthropic_oauth")));
    expect(next.conflicts).toEqual([]);
    expect(next.replaced.baseUrl).toBe("https://api.anthropic.com/v1");
    expect(JSON.parse(next.replaced.extraHeaders)).toEqual({ "anthropic-beta": "oauth-2025-04-20" });
    const back = fill(next.replaced, next.filled, sourceOfFormat(formatOf("openai")));
    expect(back.replaced).toEqual(begun.replaced);
  });

  it("asks before it replaces what was typed, and can keep it", () => {
    const typed = { ...begun.replaced, baseUrl: "https://llm.corp/v1" };
    const next = fill(typed, begun.filled, sourceOfFormat(formatOf("anthropic")));
    expect(next.conflicts).toEqual([
      { field: "baseUrl", from: "https://llm.corp/v1", to: "https://api.anthropic.com/v1" },
    ]);
    expect(next.kept).toMatchObject({ format: "anthropic", baseUrl: "https://llm.corp/v1" });
    expect(next.replaced.baseUrl).toBe("https://api.anthropic.com/v1");
  });

  it("keeps typed extras where the next format has none of its own", () => {
    const typed = { ...begun.replaced, extraHeaders: '{"x-team":"blue"}' };
    const next = fill(typed, begun.filled, sourceOfFormat(formatOf("gemini")));
    expect(next.conflicts).toEqual([]);
    expect(next.replaced.extraHeaders).toBe('{"x-team":"blue"}');
  });

  it("takes key and private network from a preset, and takes the network back with it", () => {
    const local = fill(begun.replaced, begun.filled, sourceOfPreset(preset("Ollama"), formatOf("openai")));
    expect(local.replaced).toMatchObject({ useKey: false, allowPrivate: true, baseUrl: "http://localhost:11434/v1" });
    const away = fill(local.replaced, local.filled, sourceOfPreset(preset("Groq"), formatOf("openai")));
    expect(away.replaced).toMatchObject({ useKey: true, allowPrivate: false });
  });

  it("does not switch off a key that was typed", () => {
    const typed = { ...begun.replaced, key: "sk-1" };
    expect(fill(typed, begun.filled, sourceOfPreset(preset("Ollama"), formatOf("openai"))).replaced).toMatchObject({
      useKey: true,
      key: "sk-1",
    });
  });
});

describe("providers", () => {
  it("are found by their address, those of the same format first", () => {
    expect(presetAt(presets, "https://api.openai.com/v1/", "openai_responses")?.label).toBe("OpenAI Responses");
    expect(presetAt(presets, "https://api.groq.com/anything", "openai")?.label).toBe("Groq");
    expect(presetAt(presets, "https://elsewhere.example", "openai")).toBeUndefined();
  });

  it.each([
    ["sk-ant-oat01-abc", "Anthropic OAuth"],
    ["sk-ant-api03-abc", "Anthropic"],
    ["sk-or-v1-abc", "OpenRouter"],
    ["sk-proj-abc", "OpenAI"],
    [`AIza${"x".repeat(35)}`, "Gemini"],
    [`hf_${"x".repeat(34)}`, "Hugging Face"],
    [`gsk_${"x".repeat(52)}`, "Groq"],
    [`xai-${"x".repeat(80)}`, "xAI"],
    [`sk-${"0a".repeat(16)}`, "DeepSeek"],
    ["sk-abc", null],
    ["", null],
  ])("are recognised by a key such as %s", (key, label) => {
    expect(providerOfKey(key)).toBe(label);
  });
});
