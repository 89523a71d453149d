import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Decisions } from "../../test/support/mcp/decisions.ts";
import { serveGateway, type TestGateway } from "../../test/support/mcp/gateway.ts";
import { waitFor } from "../../test/support/wait.ts";
import { Unreachable } from "../platform/database/unreachable.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";

let decisions: Decisions;
let gateway: TestGateway;

beforeEach(async () => {
  decisions = new Decisions({
    echo: () => ({
      kind: "result",
      callId: newId(),
      simulated: false,
      result: { content: [{ type: "x-hologram", depth: 3 }], "x-cost": 0.25 },
    }),
    crash: () => {
      throw new Error("password=hunter2");
    },
    away: () => {
      throw new Unreachable(new Error("connect ECONNREFUSED 10.1.2.3:5432"));
    },
    forbid: () => {
      throw new AppError("E-RUN-STATE", "The run is completed; open a new one.");
    },
  });
  gateway = await serveGateway(decisions);
});

afterEach(() => gateway.close());

interface Send {
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

async function post({ key = "alice/20", body, headers = {}, signal }: Send) {
  const response = await fetch(gateway.url, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
  const raw = await response.text();
  const text = /^data: (.*)$/m.exec(raw)?.[1] ?? raw;
  return {
    status: response.status,
    headers: response.headers,
    json: text === "" ? undefined : JSON.parse(text),
  };
}

const legacyCall = (params: unknown) => ({ jsonrpc: "2.0", id: 1, method: "tools/call", params });

/** A call as a 2026-07-28 client sends it. */
function modernCall(name: string, more: Record<string, unknown> = {}, headerName = name): Send {
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return {
    body: {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name, arguments: {}, ...more, _meta },
    },
    headers: {
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": "tools/call",
      "mcp-name": headerName,
    },
  };
}

describe("who may use the gateway", () => {
  it("nobody without a key: that is a 401 and no call at all", async () => {
    const answer = await post({ key: "", body: legacyCall({ name: "echo" }) });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.json).toMatchObject({ status: 401, code: "E-AUTH" });
    expect(decisions.calls).toEqual([]);
  });

  it("no page of another site, key or not", async () => {
    const from = (origin: string) =>
      post({ body: legacyCall({ name: "echo" }), headers: { origin } });
    expect(await from("https://evil.example")).toMatchObject({
      status: 403,
      json: { code: "E-ORIGIN" },
    });
    expect(await from("null")).toMatchObject({ status: 403 });
    expect(await from("https://console.example")).toMatchObject({ status: 200 });
    expect(decisions.calls).toHaveLength(1);
  });
});

describe("what is sent", () => {
  it("a body above 1 MiB is refused before it is read as JSON", async () => {
    const body = `{"jsonrpc": "${"x".repeat(1024 * 1024)}`;
    expect(await post({ body })).toMatchObject({ status: 413, json: { code: "E-BODY-SIZE" } });
  });

  it.each([
    ["no JSON", "{", -32700],
    ["nothing", "", -32700],
    ["no message", "7", -32600],
    ["no method", { jsonrpc: "2.0", id: 1 }, -32600],
  ])("%s is a JSON-RPC error", async (_what, body, code) => {
    expect(await post({ body })).toMatchObject({ status: 400, json: { error: { code } } });
  });

  it.each([
    ["no name", {}],
    ["an empty name", { name: "" }],
    ["a name of 257 characters", { name: "x".repeat(257) }],
    ["arguments that are no object", { name: "echo", arguments: [1] }],
    ["a NUL in the arguments", { name: "echo", arguments: { a: ["x\0"] } }],
    ["half of a surrogate pair in the arguments", { name: "echo", arguments: { "\ud800": 1 } }],
    ["a run that is no text", { name: "echo", _meta: { "awooop/run": 7 } }],
  ])("a call with %s is invalid", async (_what, params) => {
    const { json } = await post({ body: legacyCall(params) });
    expect(json.error.code).toBe(-32602);
    expect(json.error.message).toMatch(/^Invalid params: /);
    expect(decisions.calls).toEqual([]);
  });

  it.each(["9007199254740993", "1e999"])(
    "a call with the number %s, which would become another one, is invalid",
    async (number) => {
      const params = { name: "echo", arguments: { a: ["NUMBER"] } };
      const body = JSON.stringify(legacyCall(params)).replace('"NUMBER"', number);
      const { json } = await post({ body });
      expect(json).toMatchObject({ id: 1, error: { code: -32602 } });
      expect(json.error.message).toContain(`the number ${number} can't be kept`);
      expect(decisions.calls).toEqual([]);
    },
  );

  it("a backslash before u0000 is only text", async () => {
    const params = { name: "echo", arguments: { a: "\\u0000", b: "\\\\ud800" } };
    expect((await post({ body: legacyCall(params) })).json.result).toBeDefined();
    expect(decisions.calls[0]?.args).toEqual(params.arguments);
  });

  it("another method than those of tools does not exist", async () => {
    const body = { jsonrpc: "2.0", id: 1, method: "prompts/list" };
    expect((await post({ body })).json.error.code).toBe(-32601);
  });

  it.each(["GET", "DELETE"])(
    "%s is not allowed: there is nothing to listen to or to end",
    async (method) => {
      const headers = { authorization: "Bearer alice/4", accept: "text/event-stream" };
      expect((await fetch(gateway.url, { method, headers })).status).toBe(405);
    },
  );

  it("a header that names another tool than the body is refused", async () => {
    const answer = await post(modernCall("wipe", {}, "echo"));
    expect(answer).toMatchObject({ status: 400, json: { error: { code: -32020 } } });
    expect(decisions.calls).toEqual([]);
  });
});

describe("what comes back", () => {
  it.each([
    ["legacy", { body: legacyCall({ name: "echo" }) }],
    ["modern", modernCall("echo")],
  ])("content and fields that no SDK knows pass untouched, in the %s era", async (_era, send) => {
    expect((await post(send)).json.result).toMatchObject({
      content: [{ type: "x-hologram", depth: 3 }],
      "x-cost": 0.25,
    });
  });

  it("an error that is meant for the caller is a result with its code", async () => {
    expect((await post({ body: legacyCall({ name: "forbid" }) })).json.result).toEqual({
      content: [
        { type: "text", text: "FAILED, E-RUN-STATE: The run is completed; open a new one." },
      ],
      isError: true,
      _meta: { "awooop/code": "E-RUN-STATE" },
    });
  });

  it.each([
    ["legacy", { body: legacyCall({ name: "away" }) }],
    ["modern", modernCall("away")],
  ])("that the database is away is a result with its code, in the %s era", async (_era, send) => {
    const { result } = (await post(send)).json;
    expect(result).toMatchObject({ isError: true, _meta: { "awooop/code": "E-DB-DOWN" } });
    expect(JSON.stringify(result)).toMatch(/FAILED, E-DB-DOWN: .*come again in 5 seconds/);
    expect(JSON.stringify(result)).not.toContain("10.1.2.3");
  });

  it("an error that is not says nothing about the inside, and is logged", async () => {
    const { json } = await post({ body: legacyCall({ name: "crash" }) });
    expect(json.error).toEqual({
      code: -32603,
      message: "Something went wrong on our side; it has been logged.",
      data: { "awooop/code": "E-INTERNAL" },
    });
    expect(gateway.logged.join("")).toContain("hunter2");
  });

  it("a session of its own for each initialize of a 2025-era client", async () => {
    const params = {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "raw", version: "1" },
    };
    const body = { jsonrpc: "2.0", id: 1, method: "initialize", params };
    const sessions = await Promise.all([post({ body }), post({ body })]);
    const ids = sessions.map(({ headers }) => headers.get("mcp-session-id"));
    expect(new Set(ids).size).toBe(2);
    expect(ids.every((id) => /^[\w-]{64,128}$/.test(id ?? ""))).toBe(true);
  });
});

describe("a 2026-07-28 client without tasks", () => {
  const wait = async (key: string, requestState?: string, args: object = {}) => {
    const more = { arguments: args, ...(requestState === undefined ? {} : { requestState }) };
    return (await post({ key, ...modernCall("wipe", more) })).json;
  };

  it("waits in legs, each with a state of its own, and keeps to its run and its question", async () => {
    const first = await wait("alice/0.01");
    expect(first.result).toMatchObject({
      resultType: "input_required",
      requestState: expect.any(String),
    });
    expect(Object.keys(first.result)).not.toContain("inputRequests");
    const second = await wait("alice/0.01", first.result.requestState);
    expect(second.result.resultType).toBe("input_required");
    expect(decisions.calls).toHaveLength(1);
    decisions.decide(decisions.openQuestions()[0] ?? "", "approved");
    const third = await wait("alice/0.01", second.result.requestState);
    expect(third.result).toMatchObject({ resultType: "complete", content: [{ text: "wiped" }] });
    expect(decisions.calls.map(({ runId }) => runId)).toEqual(["run of the key", "run of the key"]);
  });

  it("is told PENDING in words on the ninth leg", async () => {
    let requestState: string | undefined;
    for (let leg = 1; leg <= 8; leg++) {
      const { result } = await wait("alice/0.001", requestState);
      expect([leg, result.resultType]).toEqual([leg, "input_required"]);
      requestState = result.requestState;
    }
    const { result } = await wait("alice/0.001", requestState);
    expect(result).toMatchObject({ resultType: "complete", isError: true });
    expect(result.content[0].text).toMatch(/^PENDING apr_/);
  });

  it("with a key that allows no holding is told at once", async () => {
    expect((await wait("alice/0")).result).toMatchObject({ resultType: "complete", isError: true });
  });

  it("can't use a state that it changed, that is another key's, or for another call", async () => {
    const { requestState } = (await wait("alice/0.01")).result;
    const changed = `${requestState.slice(0, -2)}${requestState.endsWith("AA") ? "BB" : "AA"}`;
    for (const [key, state, args] of [
      ["alice/0.01", changed, {}],
      ["alice/0.01", "nonsense", {}],
      ["bob/0.01", requestState, {}],
      ["alice/0.01", requestState, { what: "everything" }],
    ] as const) {
      expect((await wait(key, state, args)).error).toMatchObject({
        code: -32602,
        data: { reason: "invalid_request_state" },
      });
    }
    expect(decisions.calls).toHaveLength(1);
  });
});

describe("closing the gateway", () => {
  it("ends what is held with an answer", async () => {
    const held = post({ body: legacyCall({ name: "wipe" }) });
    await waitFor(() => decisions.waiting === 1, {
      timeoutMs: 15_000,
      what: "the call to be held",
    });
    await gateway.closeEdge();
    expect((await held).json.result.content[0].text).toMatch(/^PENDING apr_/);
  });
});
