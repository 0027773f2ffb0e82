import { describe, expect, it } from "vitest";
import { readCurl, shellWords } from "@/lib/curl";

describe("shellWords", () => {
  it.each([
    ["a b  c", ["a", "b", "c"]],
    ["'a b' \"c d\"", ["a b", "c d"]],
    ["a'b'\"c\"d", ["abcd"]],
    ["'it'\\''s'", ["it's"]],
    ['"a\\"b\\n\\$c"', ['a"b\\n$c']],
    ["$'a\\nb\\'c'", ["a\nb'c"]],
    ["a \\\n b", ["a", "b"]],
    ["a \\\r\n b", ["a", "b"]],
    ["a ^\r\n b", ["a", "b"]],
    ["''", [""]],
  ])("splits %j", (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  it("gives up where a quote stays open", () => {
    expect(shellWords("curl 'https://a.example")).toBeNull();
  });
});

describe("readCurl", () => {
  it("reads what documentation shows", () => {
    const command = `curl https://api.openai.com/v1/chat/completions \\
      -H "Content-Type: application/json" \\
      -H "Authorization: Bearer $OPENAI_API_KEY" \\
      -d '{"model": "gpt-4o", "messages": []}'`;
    expect(readCurl(command)).toEqual({
      url: "https://api.openai.com/v1/chat/completions",
      headers: { "content-type": "application/json", authorization: "Bearer $OPENAI_API_KEY" },
      body: '{"model": "gpt-4o", "messages": []}',
    });
  });

  it("reads what a browser copies, attached values and other options between", () => {
    expect(
      readCurl(
        "$ curl -sS -X POST --max-time 5 --header='X-Api-Key: k' -Hx-team:blue --json '{}' --url http://a.example",
      ),
    ).toEqual({ url: "http://a.example", headers: { "x-api-key": "k", "x-team": "blue" }, body: "{}" });
  });

  it.each(["", "wget https://a.example", "curl -v", "curl 'https://a.example", "curly https://a.example"])(
    "refuses %j",
    (text) => expect(readCurl(text)).toBeNull(),
  );
});
