import { describe, expect, it } from "vitest";
import { fieldErrors } from "../platform/http/index.ts";
import { parseConfigValue, toolServerBody } from "./contract.ts";

const problems = (body: unknown) => {
  const { error } = toolServerBody.safeParse(body);
  return error ? fieldErrors(error, "").map(({ path, message }) => `${path}: ${message}`) : [];
};

describe("toolServerBody", () => {
  it("fills in what a program's contract leaves out", () => {
    expect(toolServerBody.parse({ transport: "stdio", command: "/usr/bin/tool" })).toEqual({
      transport: "stdio",
      command: "/usr/bin/tool",
      args: [],
      env: {},
      timeout_seconds: 30,
    });
  });

  it("takes a program by its bare name only if env names the PATH", () => {
    expect(problems({ transport: "stdio", command: "node" })).toEqual([
      expect.stringContaining("command: must be an absolute path, or env must name the PATH"),
    ]);
    expect(problems({ transport: "stdio", command: "node", env: { PATH: "/usr/bin" } })).toEqual(
      [],
    );
    expect(problems({ transport: "stdio", command: "./x", env: { PATH: "/usr/bin" } })).toEqual([
      "command: must be an absolute path or the bare name of a program",
    ]);
  });

  it.each([
    [{ transport: "carrier-pigeon" }, "transport", 'must be one of "stdio"|"http"'],
    [
      { transport: "http", url: "ftp://x/" },
      "url",
      "must be a URL that starts with https:// or http://",
    ],
    [
      { transport: "http", url: "nonsense" },
      "url",
      "must be a URL that starts with https:// or http://",
    ],
    [{ transport: "http", url: "https://me:pw@x/" }, "url", "must not contain a user"],
    [
      { transport: "http", url: "https://x/", headers: { Host: "y" } },
      "headers.Host",
      "is set by the connection",
    ],
    [
      { transport: "http", url: "https://x/", headers: { "Mcp-Session-Id": "y" } },
      "headers",
      "is set by",
    ],
    [
      { transport: "http", url: "https://x/", headers: { "a b": "y" } },
      "headers",
      "must be an HTTP header name",
    ],
    [
      { transport: "http", url: "https://x/", headers: { A: "b\r\nC: d" } },
      "headers.A",
      "control characters",
    ],
    [{ transport: "http", url: "https://x/", headers: { A: "a secret:B" } }, undefined, ""],
    [
      { transport: "http", url: "https://x/", headers: { A: "xsecret:B" } },
      "headers.A",
      "a secret is named as",
    ],
    [
      { transport: "http", url: "https://x/", timeout_seconds: 0 },
      "timeout_seconds",
      "must be at least 1",
    ],
    [
      { transport: "http", url: "https://x/", timeout_seconds: 601 },
      "timeout_seconds",
      "must be at most 600",
    ],
    [
      { transport: "http", url: "https://x/", command: "/bin/sh" },
      "",
      "there is no such field here",
    ],
    [{ transport: "stdio", command: "/x", args: ["a\0b"] }, "args.0", "must not contain NUL"],
    [
      { transport: "stdio", command: "/x", args: Array(129).fill("a") },
      "args",
      "must have at most 128 entries",
    ],
    [
      { transport: "stdio", command: "/x", env: { "1A": "x" } },
      "env.1A",
      "must be a name such as LOG_LEVEL",
    ],
    [{ transport: "stdio", command: "/x", cwd: "here" }, "cwd", "must be an absolute path"],
  ])("%j: %s %s", (body, path, message) => {
    if (path === undefined) expect(problems(body)).toEqual([]);
    else expect(problems(body).join("\n")).toContain(`${path}`);
    expect(problems(body).join("\n")).toContain(message);
  });
});

describe("parseConfigValue", () => {
  it("tells literals and secrets apart", () => {
    expect(parseConfigValue("plain")).toEqual({ kind: "literal", value: "plain" });
    expect(parseConfigValue("secret:TOKEN")).toEqual({ kind: "secret", name: "TOKEN", prefix: "" });
    expect(parseConfigValue("Bearer secret:T_1")).toEqual({
      kind: "secret",
      name: "T_1",
      prefix: "Bearer ",
    });
  });
});
