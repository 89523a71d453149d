import type { RequestListener } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type HttpFixture,
  type ListeningServer,
  listen,
  serveHttp,
  serveSessions,
} from "../../test/support/mcp/http-server.ts";
import { openPool, serverRef } from "../../test/support/mcp/pool.ts";
import { waitFor } from "../../test/support/wait.ts";

let pool: ReturnType<typeof openPool>;
const servers: ListeningServer[] = [];

beforeEach(() => {
  pool = openPool({ secrets: { TOKEN: "s3cr3t-value" } });
});

afterEach(async () => {
  await pool.close();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function started<T extends ListeningServer>(starting: Promise<T>): Promise<T> {
  const server = await starting;
  servers.push(server);
  return server;
}

const refTo = (server: { url: string }, more: object = {}) =>
  serverRef({ transport: "http", url: server.url, timeout_seconds: 5, ...more });

/** A server whose tool calls are answered by `onCall`. */
const misbehaving = (onCall: RequestListener): Promise<HttpFixture> =>
  started(serveHttp({ onCall }));

const eventStream = { "content-type": "text/event-stream" };

describe("a Streamable HTTP tool server", () => {
  it("is taken to have other tools than before when it misses a header", async () => {
    const server = await misbehaving((_, response) => {
      const error = { code: -32020, message: "Mcp-Param-Region is missing" };
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: "call-1", error }));
    });
    const heard: string[] = [];
    pool.onNotification((_, { method }) => heard.push(method));
    const answer = await pool.callTool(refTo(server), "echo", { text: "a" });
    expect(answer).toMatchObject({ code: "E-UPSTREAM-TOOL", answered: true });
    expect(heard).toEqual(["notifications/tools/list_changed"]);
  });

  it("finds parameters in headers if it speaks the newer protocol, whichever way the call goes", async () => {
    const modern = await started(serveHttp({ modernOnly: true }));
    const old = await started(serveSessions());
    const headers = { "mcp-param-text": "a" };
    const peer = {
      ...{ capabilities: {}, logLevel: undefined, wantsProgress: true, takesRounds: false },
      ...{ notify: () => undefined, request: async () => ({}) },
    };
    for (const server of [modern, old]) {
      for (const more of [{}, { peer }]) {
        const limits = { headers, ...more };
        const answer = await pool.callTool(refTo(server), "echo", { text: "a" }, limits);
        expect(answer).toMatchObject({ kind: "result" });
        const sent = server.requests.at(-1)?.["mcp-param-text"];
        expect(sent).toBe(server === modern ? "a" : undefined);
      }
    }
    expect(old.requests.some((sent) => "mcp-param-text" in sent)).toBe(false);
  });

  it("has its tools and results passed on untouched, in the newer era", async () => {
    const server = await started(serveHttp({ modernOnly: true }));
    const listed = await pool.listTools(refTo(server));
    if (listed.kind !== "tools") throw new Error(listed.message);
    expect(listed.tools).toHaveLength(12);
    expect(listed.tools[0]).toEqual({
      name: "echo",
      title: "Echo",
      description: "Says what it is told.",
      inputSchema: {
        type: "object",
        properties: { text: { type: "string", "x-unit": "characters" } },
        required: ["text"],
      },
      outputSchema: { type: "object", properties: { said: { type: "string" } } },
      annotations: { readOnlyHint: true, "x-audience": "everyone" },
      "x-vendor": { team: "shop" },
    });
    const outcome = await pool.callTool(
      refTo(server),
      "echo",
      { text: "a" },
      { meta: { traceparent: "00-1" } },
    );
    expect(outcome).toEqual({
      kind: "result",
      result: {
        content: [
          { type: "text", text: "a" },
          { type: "x-hologram", depth: 3 },
        ],
        structuredContent: { said: "a" },
        "x-cost": 0.25,
        _meta: { "shop/meta": { traceparent: "00-1" } },
      },
    });
    const call = server.requests.at(-1);
    expect(call).toMatchObject({ "mcp-protocol-version": "2026-07-28", "mcp-name": "echo" });
  });

  it("of SDK v1 keeps one session, closed at the end", async () => {
    const server = await started(serveSessions());
    for (const text of ["a", "b"]) {
      expect(await pool.callTool(refTo(server), "echo", { text })).toEqual({
        kind: "result",
        result: { content: [{ type: "text", text }] },
      });
    }
    expect(server.sessions()).toBe(1);
    await pool.close();
    expect(server.sessions()).toBe(0);
  });

  it("that forgot its sessions is greeted again and gets the call once", async () => {
    const server = await started(serveSessions());
    await pool.callTool(refTo(server), "echo", { text: "a" });
    server.forget();
    expect(await pool.callTool(refTo(server), "echo", { text: "b" })).toMatchObject({
      kind: "result",
    });
  });

  it("gets the contract's headers with secrets put in", async () => {
    const server = await started(serveHttp());
    const headers = { Authorization: "Bearer secret:TOKEN", "X-Team": "shop" };
    await pool.callTool(refTo(server, { headers }), "echo", { text: "a" });
    expect(server.requests.length).toBeGreaterThan(1);
    for (const request of server.requests) {
      expect(request).toMatchObject({ authorization: "Bearer s3cr3t-value", "x-team": "shop" });
    }
    expect(pool.logged.join("")).not.toContain("s3cr3t");
  });

  it("answers many calls at the same time over few connections", async () => {
    const server = await started(serveHttp());
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, n) => pool.callTool(refTo(server), "echo", { text: `${n}` })),
    );
    expect(outcomes.every((outcome) => outcome.kind === "result")).toBe(true);
    expect(server.tools.ran.get("echo")).toBe(50);
    await waitFor(async () => (await server.connections()) <= 16, {
      timeoutMs: 5000,
      what: "spare sockets to close",
    });
  });

  it("has broken text in a result mended, and nothing else", async () => {
    const ref = refTo(await started(serveHttp()));
    expect(await pool.callTool(ref, "garble", {})).toEqual({
      kind: "result",
      result: {
        content: [{ type: "text", text: "half \ufffd, slash \\ud800, whole \u{1f600}, NUL \0" }],
      },
    });
  });

  it("tells the tool's own error, its refusal and its questions apart", async () => {
    const ref = refTo(await started(serveHttp()));
    expect(await pool.callTool(ref, "fail", {})).toMatchObject({
      kind: "result",
      result: { isError: true },
    });
    expect(await pool.callTool(ref, "refuse", {})).toEqual({
      kind: "upstream_error",
      code: "E-UPSTREAM-TOOL",
      message: "The tool server answered with error -32050: no service today",
      rpc: { code: -32050, message: "no service today", data: { until: "tomorrow" } },
      sent: true,
      answered: true,
    });
    expect(await pool.callTool(ref, "ask", {})).toMatchObject({
      code: "E-UPSTREAM-PROTOCOL",
      message: "The tool asks for further input, and there is nobody to ask.",
    });
  });
});

describe("what goes wrong over HTTP", () => {
  it("nobody listening: the call was not sent", async () => {
    const server = await listen((_request, response) => response.end());
    await server.close();
    expect(await pool.callTool(refTo(server), "echo", {})).toMatchObject({
      code: "E-UPSTREAM-CONNECT",
      sent: false,
    });
  });

  it("nobody listening any more: the call was not sent either", async () => {
    const server = await serveHttp();
    expect(await pool.callTool(refTo(server), "echo", { text: "a" })).toMatchObject({
      kind: "result",
    });
    await server.close();
    // A kept connection may still look alive for a moment; then the call counts as sent.
    await waitFor(
      async () => {
        const outcome = await pool.callTool(refTo(server), "echo", { text: "b" });
        return (
          outcome.kind === "upstream_error" &&
          !outcome.sent &&
          outcome.code === "E-UPSTREAM-CONNECT"
        );
      },
      { timeoutMs: 3000, what: "a call that is known not to be sent" },
    );
  });

  it.each<[string, RequestListener, object]>([
    [
      "the connection breaks before the answer",
      (request) => request.socket.destroy(),
      { code: "E-UPSTREAM-DIED", answered: false },
    ],
    [
      "the stream ends without an answer",
      (_request, response) => response.writeHead(200, eventStream).end(": nothing\n\n"),
      { code: "E-UPSTREAM-DIED", answered: false },
    ],
    [
      "the stream breaks in the middle",
      (_request, response) => {
        response.writeHead(200, eventStream).write('data: {"jsonrpc":"2.0",');
        setTimeout(() => response.destroy(), 50);
      },
      { code: "E-UPSTREAM-DIED", answered: false },
    ],
    [
      "the answer is no JSON",
      (_request, response) =>
        response.writeHead(200, { "content-type": "application/json" }).end("<oops"),
      { code: "E-UPSTREAM-PROTOCOL", answered: false },
    ],
    [
      "the answer is another kind of content",
      (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>"),
      { code: "E-UPSTREAM-PROTOCOL", answered: false },
    ],
    [
      "the server has crashed inside",
      (_request, response) => response.writeHead(500).end("stack trace"),
      { code: "E-UPSTREAM-DIED", answered: false, httpStatus: 500 },
    ],
    [
      "the credentials are wrong",
      (_request, response) => response.writeHead(401).end(),
      { code: "E-UPSTREAM-PROTOCOL", answered: true, httpStatus: 401 },
    ],
    [
      "it points elsewhere",
      (_request, response) =>
        response.writeHead(302, { location: "http://169.254.169.254/" }).end(),
      { code: "E-UPSTREAM-PROTOCOL", answered: true, httpStatus: 302 },
    ],
    [
      "the answer is 50 MB",
      (_request, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        const chunk = "x".repeat(1024 * 1024);
        for (let n = 0; n < 50; n++) response.write(chunk);
        response.end();
      },
      { code: "E-UPSTREAM-SIZE", answered: false },
    ],
    [
      "the answer never ends",
      (_request, response) => {
        response.writeHead(200, eventStream);
        const chunk = `: ${"x".repeat(65_536)}\n`;
        const timer = setInterval(() => response.write(chunk), 1);
        response.on("close", () => clearInterval(timer));
      },
      { code: "E-UPSTREAM-SIZE", answered: false },
    ],
  ])("%s", async (_what, onCall, expected) => {
    const server = await misbehaving(onCall);
    const outcome = await pool.callTool(refTo(server), "echo", { text: "a" }, { timeoutMs: 4000 });
    expect(outcome).toMatchObject({ kind: "upstream_error", sent: true, ...expected });
    // The next call finds a working pool.
    const other = await started(serveHttp());
    expect(await pool.callTool(refTo(other), "echo", { text: "a" })).toMatchObject({
      kind: "result",
    });
  });

  it.each([
    ["newer", {}],
    ["older", { legacy: true }],
  ])(
    "a hanging tool ends at the time-out and keeps no socket, in the %s era",
    async (_era, { legacy }: { legacy?: boolean }) => {
      const server = await (legacy
        ? started(serveHangingSessions())
        : misbehaving(() => undefined));
      expect(await pool.callTool(refTo(server), "hang", {}, { timeoutMs: 300 })).toMatchObject({
        code: "E-UPSTREAM-TIMEOUT",
        sent: true,
        answered: false,
      });
      await waitFor(async () => (await server.connections()) <= 1, {
        timeoutMs: 3000,
        what: "the socket to close",
      });
    },
  );

  it("a caller that goes away ends the waiting", async () => {
    const gone = new AbortController();
    const server = await misbehaving(() => gone.abort());
    expect(await pool.callTool(refTo(server), "hang", {}, { signal: gone.signal })).toMatchObject({
      code: "E-CALL-LOST",
      sent: true,
    });
  });
});

/** A server of the older era whose only tool never answers. */
async function serveHangingSessions(): Promise<ListeningServer> {
  return listen(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString("utf8") || "{}");
    if (body.method === "tools/call") return response.writeHead(200, eventStream).flushHeaders();
    if (body.method !== "initialize")
      return response.writeHead(body.id === undefined ? 202 : 400).end();
    const result = {
      protocolVersion: "2025-06-18",
      capabilities: { tools: {} },
      serverInfo: { name: "old", version: "1" },
    };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: body.id, result }));
  });
}

describe("private addresses", () => {
  it.each([
    ["by address", (port: string) => `http://127.0.0.1:${port}/mcp`],
    ["by a short form of it", (port: string) => `http://127.1:${port}/mcp`],
    ["by a number", (port: string) => `http://2130706433:${port}/mcp`],
    ["by the IPv6 form of it", (port: string) => `http://[::ffff:127.0.0.1]:${port}/mcp`],
    ["by a name that resolves to it", (port: string) => `http://localhost:${port}/mcp`],
  ])("are refused %s, without a connection", async (_how, url) => {
    const seen: unknown[] = [];
    const server = await started(listen((request) => void seen.push(request)));
    const strict = openPool({ allowHosts: ["127.0.0.1:1"] });
    const { port } = new URL(server.url);
    expect(await strict.callTool(refTo({ url: url(port) }), "echo", {})).toMatchObject({
      code: "E-UPSTREAM-HOST",
      sent: false,
    });
    expect([seen.length, await server.connections()]).toEqual([0, 0]);
    await strict.close();
  });

  it("are reached where the operator allowed the host", async () => {
    const server = await started(serveHttp());
    const { port } = new URL(server.url);
    const allowing = openPool({ allowHosts: [`localhost:${port}`] });
    const url = `http://localhost:${port}/mcp`;
    expect(await allowing.callTool(refTo({ url }), "echo", { text: "a" })).toMatchObject({
      kind: "result",
    });
    await allowing.close();
  });
});
