import { describe, expect, test } from "vitest";
import type { Schemas } from "@/api/client";
import { answerOf } from "@/pages/usage/request/answer";
import { curlOf, placeOf } from "@/pages/usage/request/curl";
import { rateOf, stepsOf } from "@/pages/usage/request/steps";
import { turnsOf } from "@/pages/usage/request/turns";

const times = {
  checked_us: 200,
  read_us: 500,
  chosen_us: 700,
  connected_us: 84_700,
  first_byte_us: 696_700,
  total_us: 9_796_700,
  stream: true,
  error: null,
  output_tokens: 1022,
};
const sum = (call: Parameters<typeof stepsOf>[0]) => stepsOf(call).reduce((all, step) => all + step.took, 0);

describe("the steps", () => {
  test("add up to the total, whatever the call did not come to and however odd its clock was", () => {
    const missing = { ...times, connected_us: null, first_byte_us: null };
    const odd = { ...times, read_us: 100, first_byte_us: 99_000_000 };
    for (const call of [times, missing, odd, { ...times, checked_us: null, read_us: null, chosen_us: null }]) {
      expect(sum(call)).toBe(call.total_us);
      expect(stepsOf(call).every((step) => step.took >= 0)).toBe(true);
    }
  });

  test("are named after what happened", () => {
    const names = (call: Parameters<typeof stepsOf>[0]) => stepsOf(call).map((step) => step.name);
    expect(names(times)).toEqual(["checked", "read", "chosen", "connected", "first", "sent"]);
    expect(names({ ...times, stream: false }).at(-2)).toBe("answer");
    expect(names({ ...times, first_byte_us: null, error: "upstream_timeout" }).at(-1)).toBe("ended");
    expect(names({ ...times, error: "client_left" }).at(-1)).toBe("left");
  });

  test("a rate is told of streams that took a while", () => {
    expect(rateOf(times)).toBe(112);
    expect(rateOf({ ...times, stream: false })).toBeNull();
    expect(rateOf({ ...times, first_byte_us: times.total_us - 10 })).toBeNull();
  });
});

describe("a request as a conversation", () => {
  test("OpenAI's, with tools, images and a result", () => {
    const body = {
      messages: [
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "What is it?" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
          ],
        },
        { role: "assistant", content: null, tool_calls: [{ function: { name: "look", arguments: '{"at":1}' } }] },
        { role: "tool", content: "a heron" },
      ],
    };
    expect(turnsOf("openai.chat_completions", JSON.stringify(body))).toEqual([
      { role: "system", parts: [{ kind: "text", text: "Be brief." }] },
      {
        role: "user",
        parts: [
          { kind: "text", text: "What is it?" },
          { kind: "image", source: "data:image/png;base64,AAAA" },
        ],
      },
      { role: "assistant", parts: [{ kind: "call", name: "look", text: '{"at":1}' }] },
      { role: "tool", parts: [{ kind: "result", name: "", text: "a heron" }] },
    ]);
  });

  test("Responses', Anthropic's and Gemini's", () => {
    const responses = {
      instructions: "Be brief.",
      input: [
        { role: "user", content: "Hi" },
        { type: "function_call_output", output: "42" },
      ],
    };
    expect(turnsOf("responses.create", JSON.stringify(responses))?.map((turn) => turn.role)).toEqual([
      "system",
      "user",
      "tool",
    ]);
    const anthropic = { system: [{ type: "text", text: "Be brief." }], messages: [{ role: "user", content: "Hi" }] };
    expect(turnsOf("anthropic.messages", JSON.stringify(anthropic))?.map((turn) => turn.role)).toEqual([
      "system",
      "user",
    ]);
    const gemini = { systemInstruction: { parts: [{ text: "Be brief." }] }, contents: [{ parts: [{ text: "Hi" }] }] };
    expect(turnsOf("gemini.stream_generate_content", JSON.stringify(gemini))).toEqual([
      { role: "system", parts: [{ kind: "text", text: "Be brief." }] },
      { role: "user", parts: [{ kind: "text", text: "Hi" }] },
    ]);
  });

  test("an image elsewhere is named and never fetched, and no other kind of data is drawn", () => {
    const parts = (url: string) =>
      turnsOf(
        "openai.chat_completions",
        JSON.stringify({ messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }] }),
      )?.[0]?.parts[0]?.kind;
    expect(parts("https://other.example/pixel.png")).toBe("elsewhere");
    expect(parts("data:image/svg+xml;base64,AAAA")).toBe("elsewhere");
    expect(parts("data:text/html,<script>")).toBe("elsewhere");
  });

  test("what is none, or is cut off, is not read", () => {
    expect(turnsOf("openai.embeddings", '{"input":"x"}')).toBeNull();
    expect(turnsOf("openai.chat_completions", '{"messages":[{"role"')).toBeNull();
    expect(turnsOf("anthropic.messages", '{"messages":{"odd":1},"system":7}')).toEqual([]);
  });
});

test("an answer is read streamed and whole, and a stream that was cut off as far as it goes", () => {
  const events =
    'data: {"choices":[{"delta":{"content":"Hel"}}]}\n\ndata: {"choices":[{"delta":{"content":"lo"}}]}\n\ndata: {"cho';
  expect(answerOf("openai.chat_completions", "text/event-stream; charset=utf-8", events)?.content.text).toBe("Hello");
  const whole = JSON.stringify({
    choices: [{ message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
  });
  expect(answerOf("openai.chat_completions", "application/json", whole)?.content.text).toBe("Hello");
  expect(answerOf("openai.chat_completions", "application/json", '{"error":{"message":"Slow down."}}')?.said).toBe(
    "Slow down.",
  );
  expect(answerOf("openai.chat_completions", "application/json", whole.slice(0, 20))).toBeNull();
  expect(answerOf("openai.embeddings", "application/json", "{}")).toBeNull();
});

describe("curl", () => {
  const format = {
    name: "anthropic",
    mount: "/anthropic",
    endpoints: [{ name: "anthropic.messages", method: "POST", path: "/v1/messages" }],
  } as unknown as Schemas["FormatShown"];
  const call = { endpoint: "anthropic.messages", format: null, model_asked: "m", stream: true } as Parameters<
    typeof curlOf
  >[0];

  test("names the path, the credential by a variable, and what was said, quoted for the shell", () => {
    const place = placeOf(call, [format]);
    const command = curlOf(call, place, `{"say":"it's"}`, "http://localhost:1135");
    expect(command).toBe(
      [
        "curl 'http://localhost:1135/anthropic/v1/messages'",
        '  -H "x-api-key: $BODHI_TOKEN"',
        '  -H "anthropic-version: 2023-06-01"',
        '  -H "Content-Type: application/json"',
        `  -d '{"say":"it'\\''s"}'`,
      ].join(" \\\n"),
    );
  });

  test("asks a short question where what was said is not known, and is nothing for what is none of ours", () => {
    const place = placeOf(call, [format]);
    expect(curlOf(call, place, null, "http://x")).toContain('"max_tokens":1024');
    expect(placeOf({ ...call, endpoint: "unknown" }, [])).toBeNull();
    expect(curlOf(call, null, null, "http://x")).toBe("");
  });
});
