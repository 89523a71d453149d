import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Decisions } from "../../test/support/mcp/decisions.ts";
import { serveGateway, type TestGateway } from "../../test/support/mcp/gateway.ts";

const decisions = new Decisions({
  now: () => result({ content: [{ type: "text", text: "noon" }], structuredContent: ["noon"] }),
  fails: () => result({ content: [], isError: true, _meta: { "shop/hint": 1 } }),
  routed: ({ args }) => result({ content: [], structuredContent: args }),
  breaks: () => {
    throw new Error("a fault of ours with a secret in it");
  },
});
const result = (value: Record<string, unknown>) =>
  ({ kind: "result", callId: "c", result: value, simulated: false }) as const;

let short: TestGateway;
let long: TestGateway;
beforeAll(async () => {
  const region = { type: "string", "x-mcp-header": "Region" };
  const schema = { type: "object", properties: { region } };
  const more = {
    toolSchema: async (_: unknown, tool: string) => (tool === "routed" ? schema : undefined),
  };
  short = await serveGateway(decisions, more);
  long = await serveGateway(decisions, more, { shortWay: false });
});
afterAll(async () => {
  await short?.close();
  await long?.close();
});

const VERSION = "2026-07-28";
const META = {
  "io.modelcontextprotocol/protocolVersion": VERSION,
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1.0.0" },
  "io.modelcontextprotocol/clientCapabilities": {},
};
const HEADERS = {
  accept: "application/json, text/event-stream",
  "content-type": "application/json",
  authorization: "Bearer ada/0",
  "mcp-protocol-version": VERSION,
  "mcp-method": "tools/call",
  "mcp-name": "now",
};
const message = (more: object = {}, params: object = {}) => ({
  jsonrpc: "2.0",
  id: 7,
  method: "tools/call",
  params: { name: "now", arguments: {}, _meta: META, ...params },
  ...more,
});

async function post(url: string, body: unknown, more: Record<string, string | undefined> = {}) {
  const given = Object.entries({ ...HEADERS, ...more }).filter(([, value]) => value !== undefined);
  const response = await fetch(url, {
    method: "POST",
    headers: given as [string, string][],
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const type = response.headers.get("content-type");
  return { status: response.status, type, body: type?.includes("json") ? JSON.parse(text) : text };
}

/** Each call has an id of its own. */
const unnamed = (answer: object) =>
  JSON.parse(JSON.stringify(answer).replaceAll(/"awooop\/call":"[^"]+"/g, '"awooop/call":"…"'));

const without = (key: string) =>
  Object.fromEntries(Object.entries(META).filter(([of]) => of !== key));

describe("the short way", () => {
  it.each([
    ["a plain call", message(), {}, true],
    ["a call with a text for its id", message({ id: "seven" }), {}, true],
    ["a tool that fails", message({}, { name: "fails" }), { "mcp-name": "fails" }, true],
    ["a tool that is not listed", message({}, { name: "no" }), { "mcp-name": "no" }, true],
    ["a fault of ours", message({}, { name: "breaks" }), { "mcp-name": "breaks" }, true],
    ["arguments that are none", message({}, { arguments: [] }), {}, true],
    ["a name of another tool in the headers", message(), { "mcp-name": "fails" }, false],
    ["no name in the headers", message(), { "mcp-name": undefined }, false],
    ["another method in the headers", message(), { "mcp-method": "tools/list" }, false],
    ["a version that there is not", message(), { "mcp-protocol-version": "2031-01-01" }, false],
    ["no id", message({ id: undefined }), {}, false],
    ["half an id", message({ id: 1.5 }), {}, false],
    [
      "nothing of the client",
      message({}, { _meta: without("io.modelcontextprotocol/clientInfo") }),
      {},
      false,
    ],
    [
      "no version in the body",
      message({}, { _meta: without("io.modelcontextprotocol/protocolVersion") }),
      {},
      false,
    ],
    [
      "no capabilities",
      message({}, { _meta: without("io.modelcontextprotocol/clientCapabilities") }),
      {},
      false,
    ],
    ["a state that is not ours", message({}, { requestState: "x" }), {}, false],
    ["no JSON", "{", {}, false],
    ["a list of messages", [message()], {}, false],
    ["a stranger", message(), { authorization: "Bearer ?" }, false],
    ["a page of another site", message(), { origin: "https://evil.example" }, false],
    ["a client that takes no streams", message(), { accept: "application/json" }, false],
  ])("says of %s what the long one says", async (_, body, headers, isShort) => {
    const before = short.plainly();
    const said = await post(short.url, body, headers);
    expect(short.plainly() - before).toBe(isShort ? 1 : 0);
    expect(unnamed(said)).toEqual(unnamed(await post(long.url, body, headers)));
  });

  it.each([
    ["the value", { region: "eu" }, "eu", 200],
    ["the value, encoded", { region: "eu" }, "=?base64?ZXU=?=", 200],
    ["neither value nor header", {}, undefined, 200],
    ["no header for a value", { region: "eu" }, undefined, 400],
    ["a header for no value", {}, "eu", 400],
    ["another value", { region: "eu" }, "us", 400],
    ["broken Base64", { region: "eu" }, "=?base64?ZXU?=", 400],
  ])("looks at a parameter's header as the long one does: %s", async (_, args, header, status) => {
    const body = message({}, { name: "routed", arguments: args });
    const headers = { "mcp-name": "routed", "MCP-Param-REGION": header };
    const before = short.plainly();
    const calls = decisions.calls.length;
    const said = await post(short.url, body, headers);
    expect(short.plainly() - before).toBe(1);
    expect(said.status).toBe(status);
    expect(unnamed(said)).toEqual(unnamed(await post(long.url, body, headers)));
    if (status === 200) return;
    expect(said.body.error).toMatchObject({ code: -32020 });
    expect(decisions.calls).toHaveLength(calls);
  });

  it.each([true, false])(
    "notes that the end of a call has been sent, and not when its client went away (short: %s)",
    async (shortWay) => {
      const sent: string[] = [];
      const arrived: (() => void)[] = [];
      const made = new Decisions({
        async slow({ args, signal }) {
          arrived.forEach((tell) => void tell());
          const approvalId = String(args.approval);
          if (approvalId === "left") await once(signal, "abort");
          const kept = { projectId: "acme", runId: "r", approvalId };
          const result = { content: [], resultType: "complete" };
          return { kind: "result", callId: "c", simulated: false, result, kept };
        },
      });
      const noteDelivered = ({ approvalId }: { approvalId: string }) => void sent.push(approvalId);
      const gateway = await serveGateway(made, { noteDelivered }, { shortWay });
      const ask = (approval: string, signal?: AbortSignal) =>
        fetch(gateway.url, {
          method: "POST",
          headers: { ...HEADERS, authorization: "Bearer ada/60", "mcp-name": "slow" },
          body: JSON.stringify(message({}, { name: "slow", arguments: { approval } })),
          ...(signal ? { signal } : {}),
        });
      const leaving = new AbortController();
      const here = new Promise<void>((resolve) => arrived.push(resolve));
      const left = ask("left", leaving.signal).catch(() => "gone");
      await here;
      leaving.abort();
      expect(await left).toBe("gone");
      expect((await ask("stayed")).status).toBe(200);
      await expect.poll(() => sent).toEqual(["stayed"]);
      await gateway.close();
      expect(sent).toEqual(["stayed"]);
    },
  );

  it("ends what it holds when the gateway closes, and when the client goes", async () => {
    const held = await serveGateway(decisions);
    const asked = (name: string, signal?: AbortSignal) =>
      fetch(held.url, {
        method: "POST",
        headers: { ...HEADERS, authorization: "Bearer ada/60", "mcp-name": name },
        body: JSON.stringify(message({}, { name })),
        ...(signal ? { signal } : {}),
      });
    const gone = new AbortController();
    const leaving = asked("wipe", gone.signal).catch(() => "gone");
    await expect.poll(() => decisions.waiting).toBe(1);
    gone.abort();
    expect(await leaving).toBe("gone");
    await expect.poll(() => decisions.waiting).toBe(0);
    const waiting = asked("wipe");
    await expect.poll(() => decisions.waiting).toBe(1);
    await held.closeEdge();
    const answer = (await (await waiting).json()) as { result: object };
    expect(answer.result).toMatchObject({ resultType: "input_required" });
    await held.close();
  });
});
