// Each dialect: what it writes, and what it reads of a stream and of a whole answer.
import { describe, expect, test } from "vitest";
import { dialectOf, type Format, readExtra, writeRequest } from "@/chat/dialects";
import { anthropic } from "@/chat/dialects/anthropic";
import type { Ask, Dialect } from "@/chat/dialects/contract";
import { gemini } from "@/chat/dialects/gemini";
import { openai } from "@/chat/dialects/openai";
import { responses } from "@/chat/dialects/responses";
import { Draft } from "@/chat/draft";
import { DEFAULTS } from "@/chat/settings";
import type { Content, Settings, Turn } from "@/chat/types";

const IMAGE = { kind: "image", name: "dot.png", media_type: "image/png", data: "iVBO" } as const;
const FILE = { kind: "text", name: "a.md", media_type: "text/markdown", data: "has ```` in it" } as const;
const TURNS: Turn[] = [
  { role: "user", text: "Look", attachments: [IMAGE, FILE] },
  { role: "assistant", text: "I see.", attachments: [] },
  { role: "user", text: "And now?", attachments: [] },
];
const SETTINGS: Settings = {
  ...DEFAULTS,
  system: "Be brief.",
  temperature: 0,
  top_p: 0.5,
  max_tokens: 100,
  stop: ["END"],
  effort: "low",
};

function ask(settings: Partial<Settings> = {}, more: Partial<Ask> = {}): Ask {
  const all = { ...SETTINGS, ...settings };
  return { model: "p/m", turns: TURNS, settings: all, origin: "https://llm.example", defaults: [], ...more };
}

function read(dialect: Dialect, events: unknown[]): Content {
  const draft = new Draft(() => 0);
  const reader = dialect.reader();
  for (const each of events) {
    draft.take(reader({ event: "message", data: typeof each === "string" ? each : JSON.stringify(each) }));
  }
  return draft.content();
}

function readWhole(dialect: Dialect, answer: unknown): Content {
  const draft = new Draft(() => 0);
  draft.take(dialect.whole(answer));
  return draft.content();
}

describe("chat completions", () => {
  const events = [
    { choices: [{ delta: { role: "assistant", content: "" } }] },
    { choices: [{ delta: { reasoning_content: "Hm." } }] },
    { choices: [{ delta: { content: "Hel" } }] },
    { choices: [{ delta: { content: "lo" } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, id: "1", function: { name: "find", arguments: "" } }] } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{"a":' } }] } }] },
    { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: "1}" } }] } }] },
    { choices: [{ delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 3, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 1 } } },
    "[DONE]",
  ];

  test("every setting is in the body", () => {
    expect(openai.write(ask())).toEqual({
      model: "p/m",
      messages: [
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: "data:image/png;base64,iVBO" } },
            { type: "text", text: "a.md:\n`````\nhas ```` in it\n`````" },
            { type: "text", text: "Look" },
          ],
        },
        { role: "assistant", content: "I see." },
        { role: "user", content: "And now?" },
      ],
      temperature: 0,
      top_p: 0.5,
      max_tokens: 100,
      stop: ["END"],
      reasoning_effort: "low",
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test("OpenAI itself gets the newer name of the limit", () => {
    const body = openai.write(ask({}, { origin: "https://api.openai.com" }));
    expect(body).toMatchObject({ max_completion_tokens: 100 });
    expect(body).not.toHaveProperty("max_tokens");
  });

  test("a setting that nobody set is not sent", () => {
    expect(openai.write({ ...ask(), settings: { ...DEFAULTS, stream: false } })).toEqual({
      model: "p/m",
      messages: expect.anything(),
      stream: false,
    });
  });

  test("a stream is read", () => {
    expect(read(openai, events)).toMatchObject({
      text: "Hello",
      reasoning: "Hm.",
      tools: [{ name: "find", arguments: '{"a":1}' }],
      finish: "stop",
      usage: { input: 3, output: 5, cached: 1 },
    });
  });

  test("a whole answer is read", () => {
    const message = {
      content: "<think>Hm.</think>\nHello",
      tool_calls: [{ function: { name: "f", arguments: "{}" } }],
    };
    const answer = {
      choices: [{ message, finish_reason: "length" }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    };
    expect(readWhole(openai, answer)).toMatchObject({
      text: "Hello",
      reasoning: "Hm.",
      tools: [{ name: "f", arguments: "{}" }],
      finish: "length",
    });
  });

  test("thoughts within the text are told apart wherever they are cut", () => {
    const said = "<think>one < two</think>\n\nAnswer <think>";
    for (let cut = 0; cut <= said.length; cut += 1) {
      const chunks = [said.slice(0, cut), said.slice(cut)].map((content) => ({ choices: [{ delta: { content } }] }));
      expect(read(openai, [...chunks, "[DONE]"])).toMatchObject({ reasoning: "one < two", text: "Answer <think>" });
    }
    expect(read(openai, [{ choices: [{ delta: { content: "<th" } }] }, "[DONE]"]).text).toBe("<th");
  });

  test("an error within a stream is told", () => {
    const reader = openai.reader();
    const data = JSON.stringify({ error: { message: "Overloaded", type: "server_error" } });
    expect(reader({ event: "message", data })).toEqual([{ type: "error", said: "Overloaded", word: "server_error" }]);
    expect(reader({ event: "message", data: "{not json" })).toEqual([]);
  });
});

describe("responses", () => {
  test("every setting is in the body", () => {
    expect(responses.write(ask())).toEqual({
      model: "p/m",
      instructions: "Be brief.",
      input: [
        {
          role: "user",
          content: [
            { type: "input_image", image_url: "data:image/png;base64,iVBO" },
            { type: "input_text", text: expect.stringContaining("a.md") },
            { type: "input_text", text: "Look" },
          ],
        },
        { role: "assistant", content: [{ type: "output_text", text: "I see." }] },
        { role: "user", content: [{ type: "input_text", text: "And now?" }] },
      ],
      temperature: 0,
      top_p: 0.5,
      max_output_tokens: 100,
      reasoning: { effort: "low", summary: "auto" },
      stream: true,
      store: false,
    });
  });

  const usage = { input_tokens: 3, output_tokens: 5, output_tokens_details: { reasoning_tokens: 2 } };

  test("a stream is read", () => {
    const content = read(responses, [
      { type: "response.created", response: { status: "in_progress", error: null } },
      { type: "response.reasoning_summary_text.delta", item_id: "r", summary_index: 0, delta: "One." },
      { type: "response.reasoning_summary_text.delta", item_id: "r", summary_index: 1, delta: "Two." },
      { type: "response.output_text.delta", delta: "Hel" },
      { type: "response.output_text.delta", delta: "lo" },
      { type: "response.output_item.added", output_index: 2, item: { type: "function_call", name: "find" } },
      { type: "response.function_call_arguments.delta", output_index: 2, delta: "{}" },
      { type: "response.completed", response: { status: "completed", error: null, usage } },
    ]);
    expect(content).toMatchObject({
      text: "Hello",
      reasoning: "One.\n\nTwo.",
      tools: [{ name: "find", arguments: "{}" }],
      usage: { input: 3, output: 5, reasoning: 2 },
      finish: "completed",
    });
  });

  test("a whole answer is read", () => {
    const output = [
      { type: "reasoning", summary: [{ type: "summary_text", text: "Hm." }] },
      { type: "message", content: [{ type: "output_text", text: "Hello" }] },
      { type: "function_call", name: "f", arguments: "{}" },
    ];
    const answer = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, output, usage };
    expect(readWhole(responses, answer)).toMatchObject({
      text: "Hello",
      reasoning: "Hm.",
      tools: [{ name: "f", arguments: "{}" }],
      finish: "max_output_tokens",
    });
  });

  test("errors are told in both of their shapes", () => {
    const reader = responses.reader();
    const failed = { type: "response.failed", response: { status: "failed", error: { code: "x", message: "No." } } };
    expect(reader({ event: "", data: JSON.stringify(failed) })).toEqual([{ type: "error", said: "No.", word: "x" }]);
    const flat = { type: "error", code: "server_error", message: "Broke." };
    expect(reader({ event: "", data: JSON.stringify(flat) })).toMatchObject([{ type: "error", said: "Broke." }]);
  });
});

describe("messages", () => {
  test("every setting is in the body", () => {
    expect(anthropic.write(ask({ thinking_budget: 2048 }))).toEqual({
      model: "p/m",
      max_tokens: 100,
      system: "Be brief.",
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBO" } },
            { type: "text", text: expect.stringContaining("a.md") },
            { type: "text", text: "Look" },
          ],
        },
        { role: "assistant", content: "I see." },
        { role: "user", content: "And now?" },
      ],
      temperature: 0,
      top_p: 0.5,
      stop_sequences: ["END"],
      thinking: { type: "enabled", budget_tokens: 2048 },
      output_config: { effort: "low" },
      stream: true,
    });
  });

  test("a limit is always there, unless the API model brings its own", () => {
    expect(anthropic.write(ask({ max_tokens: null }))).toMatchObject({ max_tokens: 4096 });
    expect(anthropic.write(ask({ max_tokens: null, thinking_budget: 1024 }))).toMatchObject({ max_tokens: 5120 });
    expect(anthropic.write(ask({ max_tokens: null }, { defaults: ["max_tokens"] }))).not.toHaveProperty("max_tokens");
  });

  test("a stream is read, with what was cached counted as input", () => {
    const content = read(anthropic, [
      { type: "message_start", message: { usage: { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 1 } } },
      { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } },
      { type: "ping" },
      { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "Hm." } },
      { type: "content_block_delta", index: 0, delta: { type: "signature_delta", signature: "x" } },
      { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Hello" } },
      { type: "content_block_start", index: 2, content_block: { type: "tool_use", name: "find", input: {} } },
      { type: "content_block_delta", index: 2, delta: { type: "input_json_delta", partial_json: "{}" } },
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 9 } },
      { type: "message_stop" },
    ]);
    expect(content).toMatchObject({
      text: "Hello",
      reasoning: "Hm.",
      tools: [{ name: "find", arguments: "{}" }],
      usage: { input: 7, output: 9, cached: 4 },
      finish: "end_turn",
    });
  });

  test("a whole answer and an error are read", () => {
    const content = [
      { type: "text", text: "Hello" },
      { type: "tool_use", name: "f", input: { a: 1 } },
    ];
    expect(readWhole(anthropic, { content, stop_reason: "tool_use", usage: { input_tokens: 1 } })).toMatchObject({
      text: "Hello",
      tools: [{ name: "f", arguments: '{"a":1}' }],
      finish: "tool_use",
    });
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(anthropic.whole(error)).toEqual([{ type: "error", said: "Overloaded", word: "overloaded_error" }]);
  });
});

describe("generateContent", () => {
  test("every setting is in the body", () => {
    expect(gemini.write(ask({ thinking_budget: 512 }))).toEqual({
      systemInstruction: { parts: [{ text: "Be brief." }] },
      contents: [
        {
          role: "user",
          parts: [
            { inlineData: { mimeType: "image/png", data: "iVBO" } },
            { text: expect.stringContaining("a.md") },
            { text: "Look" },
          ],
        },
        { role: "model", parts: [{ text: "I see." }] },
        { role: "user", parts: [{ text: "And now?" }] },
      ],
      generationConfig: {
        temperature: 0,
        topP: 0.5,
        maxOutputTokens: 100,
        stopSequences: ["END"],
        thinkingConfig: { thinkingLevel: "low", thinkingBudget: 512, includeThoughts: true },
      },
    });
  });

  test("a stream is read, with thoughts counted as output", () => {
    const content = read(gemini, [
      { candidates: [{ content: { parts: [{ text: "Hm.", thought: true }] } }] },
      { candidates: [{ content: { parts: [{ text: "Hello" }, { functionCall: { name: "f", args: { a: 1 } } }] } }] },
      { candidates: [{ content: { parts: [{ inlineData: { mimeType: "image/png", data: "iV" } }] } }] },
      {
        candidates: [{ finishReason: "STOP" }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, thoughtsTokenCount: 2 },
      },
    ]);
    expect(content).toMatchObject({
      text: "Hello",
      reasoning: "Hm.",
      tools: [{ name: "f", arguments: '{"a":1}' }],
      attachments: [{ kind: "image", media_type: "image/png", data: "iV" }],
      usage: { input: 3, output: 7, reasoning: 2 },
      finish: "STOP",
    });
  });

  test("a blocked question and an error in an array are told", () => {
    expect(gemini.whole({ promptFeedback: { blockReason: "SAFETY" } })).toEqual([{ type: "finish", reason: "SAFETY" }]);
    const error = { error: { code: 503, message: "Overloaded.", status: "UNAVAILABLE" } };
    expect(gemini.whole([error])).toEqual([{ type: "error", said: "Overloaded.", word: "UNAVAILABLE" }]);
  });
});

test("hostile events are read as nothing", () => {
  const hostile = ["null", "[]", '"text"', "1", "{", '{"choices":{}}', '{"choices":[null]}', '{"type":"content_block_delta"}',
    '{"candidates":[{"content":{"parts":[null,1,{"text":{}}]}}]}', '{"type":"response.completed"}', "{}",
  ]; // biome-ignore format: a list reads better on few lines.
  for (const dialect of [openai, responses, anthropic, gemini]) {
    const reader = dialect.reader();
    for (const data of hostile) {
      const deltas = reader({ event: "message", data });
      expect(deltas.filter((delta) => delta.type !== "finish")).toEqual([]);
    }
  }
});

describe("the request", () => {
  const format = (mount: string, ...endpoints: [string, string][]) =>
    ({
      mount,
      endpoints: endpoints.map(([name, path]) => ({ name, path, generating: true, method: "POST" })),
    }) as Format;
  const google = format(
    "/gemini",
    ["gemini.generate_content", "/{version}/[models/]{model}:generateContent"],
    ["gemini.stream_generate_content", "/{version}/[models/]{model}:streamGenerateContent"],
  );

  test("goes to the format's generating endpoint", () => {
    const one = format("/openai", ["openai.chat_completions", "/v1/chat/completions"]);
    expect(dialectOf(one)).toBe(openai);
    expect(writeRequest(one, openai, ask()).path).toBe("/openai/v1/chat/completions");
    expect(dialectOf(google)).toBe(gemini);
    expect(writeRequest(google, gemini, ask({}, { model: "g/a b$&:c" })).path).toBe(
      "/gemini/v1beta/models/g/a%20b%24%26%3Ac:streamGenerateContent?alt=sse",
    );
    expect(writeRequest(google, gemini, ask({ stream: false })).path).toBe("/gemini/v1beta/models/p/m:generateContent");
    expect(dialectOf(format("/other", ["other.call", "/x"]))).toBeUndefined();
  });

  test("holds the extra JSON, merged", () => {
    const extra = '{"generationConfig": {"topK": 4}, "labels": {"a": "b"}, "__proto__": {"x": 1}}';
    const { body } = writeRequest(google, gemini, ask({ extra }));
    expect(body).toMatchObject({ generationConfig: { topK: 4, topP: 0.5 }, labels: { a: "b" } });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test("says what is wrong with extra JSON", () => {
    expect(readExtra("", openai)).toEqual({ value: {} });
    expect(readExtra("[1]", openai).problem).toEqual({ kind: "object" });
    expect(readExtra("{", openai).problem?.kind).toBe("syntax");
    expect(readExtra('{"model": "x"}', openai).problem).toEqual({ kind: "owned", name: "model" });
  });
});
