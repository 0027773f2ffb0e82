import { describe, expect, it } from "vitest";
import { doubledSuffix, isPrivateHost, missingPath, originOf, readBaseUrl, requestUrl } from "@/lib/base-url";

describe("readBaseUrl", () => {
  it.each([
    ["", "empty"],
    ["http://a b", "characters"],
    ["http://bücher.example", "characters"],
    ["ftp://a.example", "scheme"],
    ["a.example/v1", "scheme"],
    ["https://", "unreadable"],
    ["https://a.example:99999", "unreadable"],
    ["https://a.example:0", "unreadable"],
    ["https://me:pw@a.example", "credentials"],
    ["https://a.example/v1?x=1", "query"],
    ["https://a.example/v1#x", "query"],
    ["https://a.example/%41", "path"],
    ["https://a.example/a/../b", "path"],
    ["https://a.example//v1", "path"],
  ])("refuses %j as %s", (text, problem) => {
    expect(readBaseUrl(text)).toBe(problem);
  });

  it.each([
    ["HTTPS://API.Example.com:443/v1/", "https://api.example.com:443", "https://api.example.com", "/v1"],
    ["http://localhost:11434", "http://localhost:11434", "http://localhost:11434", ""],
    [" http://[::1]:8000/v1 ", "http://[::1]:8000", "http://[::1]:8000", "/v1"],
    ["https://a.example./x", "https://a.example:443", "https://a.example", "/x"],
  ])("reads %j", (text, origin, site, path) => {
    expect(readBaseUrl(text)).toMatchObject({ origin, site, path });
    expect(originOf(text)).toBe(origin);
  });
});

describe("requestUrl", () => {
  it("appends the suffix once, without the scheme's own port", () => {
    expect(requestUrl("https://a.example:443/v1/", "/chat/completions", "m")).toBe(
      "https://a.example/v1/chat/completions",
    );
  });

  it("writes the model into the path as the gateway does", () => {
    const suffix = "/models/{model}:generateContent";
    expect(requestUrl("https://a.example/v1beta", suffix, "tuned/a:b é")).toBe(
      "https://a.example/v1beta/models/tuned/a:b%20%C3%A9:generateContent",
    );
    expect(requestUrl("https://a.example/v1beta", suffix, "")).toContain("/models/{model}:");
  });

  it("has nothing to say of what is no address", () => {
    expect(requestUrl("a.example", "/x", "")).toBeNull();
  });
});

describe("slips", () => {
  it("sees a suffix that is appended anyway", () => {
    expect(doubledSuffix("https://a.example/v1/chat/completions/", ["/models", "/chat/completions"])).toBe(
      "/chat/completions",
    );
    expect(doubledSuffix("https://a.example/v1", ["/models", ""])).toBe("");
  });

  it("misses the usual path only where there is none", () => {
    expect(missingPath("http://a.example:8000", "https://api.openai.com/v1")).toBe("/v1");
    expect(missingPath("http://a.example:8000/api", "https://api.openai.com/v1")).toBe("");
  });
});

describe("isPrivateHost", () => {
  it.each([
    "localhost",
    "ollama",
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "[::1]",
    "[fd00::1]",
    "nas.local",
  ])("knows %s as private", (host) => expect(isPrivateHost(host)).toBe(true));
  it.each(["api.openai.com", "8.8.8.8", "172.32.0.1", "[2606:4700::1]"])("knows %s as public", (host) =>
    expect(isPrivateHost(host)).toBe(false),
  );
});
