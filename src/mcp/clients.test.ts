import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Decisions } from "../../test/support/mcp/decisions.ts";
import {
  connectAuto,
  connectV1,
  connectV2,
  serveGateway,
  type TestClient,
  type TestGateway,
} from "../../test/support/mcp/gateway.ts";
import { waitFor } from "../../test/support/wait.ts";
import type { CallOutcome } from "../calls/index.ts";
import { newId } from "../platform/ids.ts";
import type { ToolDefinition } from "../toolservers/index.ts";

const ECHO: ToolDefinition = {
  name: "echo",
  title: "Echo",
  description: "Says what it is told.",
  inputSchema: { type: "object", properties: { text: { type: "string", "x-unit": "characters" } } },
  annotations: { readOnlyHint: true },
};

const callId = newId();

const fixed = (outcome: Record<string, unknown>) => () => ({ callId, ...outcome }) as CallOutcome;

let decisions: Decisions;
let gateway: TestGateway;
let client: TestClient;

beforeEach(async () => {
  decisions = new Decisions({
    echo: (call) => ({
      kind: "result",
      callId,
      simulated: false,
      result: {
        content: [{ type: "text", text: String(call.args.text) }],
        structuredContent: { said: call.args.text },
        _meta: { "shop/cost": 0.25 },
      },
    }),
    list: fixed({ kind: "result", result: { content: [], structuredContent: [1, 2] } }),
    broken: fixed({
      kind: "error",
      code: "E-UPSTREAM-TIMEOUT",
      reason: "No answer within 5 s.",
      sent: true,
    }),
    chatty({ peer }) {
      for (const message of ["one", "two", "three"])
        peer.notify("notifications/progress", { progress: message.length, message });
      return { kind: "result", callId, simulated: false, result: { content: [] } };
    },
    lost: fixed({
      kind: "unknown",
      code: "E-CALL-UNKNOWN",
      reason: "The write may have happened.",
    }),
  });
  gateway = await serveGateway(decisions, { agentTools: async () => [ECHO] });
});

afterEach(async () => {
  await client?.close();
  await gateway.close();
});

const text = (result: Record<string, unknown>) => (result.content as { text: string }[])[0]?.text;

describe.each([
  ["SDK v1", connectV1, "legacy"],
  ["SDK v2 in the 2025 era", connectV2, "legacy"],
  ["SDK v2 of 2026-07-28", connectAuto, "modern"],
] as const)("an unmodified client: %s", (_name, connect, era) => {
  const open = async (key = "alice/4") => {
    client = await connect({ url: gateway.url, key });
    return client;
  };

  it("lists the agent's tools and the gateway's own", async () => {
    const tools = await (await open()).listTools();
    expect(tools.map(({ name }) => name)).toEqual(["echo", "awooop_wait"]);
    expect(tools[0]).toMatchObject(ECHO);
  });

  it("gets the tool's result as it came", async () => {
    const result = await (await open()).callTool(
      "echo",
      { text: "hello" },
      { meta: { "awooop/reason": "why not" } },
    );
    expect(result).toMatchObject({
      content: [{ type: "text", text: "hello" }],
      structuredContent: { said: "hello" },
      _meta: { "shop/cost": 0.25 },
    });
    expect(decisions.calls).toMatchObject([
      { tool: "echo", args: { text: "hello" }, agentReason: "why not" },
    ]);
  });

  it("gets structured content that is no object in the form of its era", async () => {
    const { structuredContent } = await (await open()).callTool("list", {});
    expect(structuredContent).toEqual(era === "legacy" ? { result: [1, 2] } : [1, 2]);
  });

  it("has a tool that the contract does not list recorded and refused in words", async () => {
    const result = await (await open()).callTool("rm", { path: "/" });
    expect(result).toMatchObject({
      isError: true,
      _meta: {
        "awooop/code": "E-CONTRACT-TOOL",
        "awooop/gate": 2,
        "awooop/call": expect.any(String),
      },
    });
    expect(text(result)).toBe(
      "BLOCKED by gate 2 (contract), E-CONTRACT-TOOL: The contract of this agent does not list the tool rm. The call was not executed.",
    );
    expect(decisions.calls).toHaveLength(1);
  });

  it("hears of failures and of unknown fates", async () => {
    await open();
    expect(await client.callTool("broken", {})).toMatchObject({
      isError: true,
      content: [{ text: "FAILED, E-UPSTREAM-TIMEOUT: No answer within 5 s." }],
      _meta: { "awooop/code": "E-UPSTREAM-TIMEOUT", "awooop/call": callId },
    });
    expect(await client.callTool("lost", {})).toMatchObject({
      isError: true,
      content: [{ text: "UNKNOWN, E-CALL-UNKNOWN: The write may have happened." }],
      _meta: { "awooop/code": "E-CALL-UNKNOWN" },
    });
  });

  it("is held until a person says yes, and the call runs once", async () => {
    await open("alice/20");
    const wiping = client.callTool("wipe", { what: "cache" });
    const [approval] = await waitFor(
      () => decisions.openQuestions().length > 0 && decisions.openQuestions(),
      {
        timeoutMs: 15_000,
        what: "the question",
      },
    );
    await waitFor(() => decisions.waiting === 1, {
      timeoutMs: 15_000,
      what: "the call to be held",
    });
    decisions.decide(approval ?? "", "approved");
    expect(text(await wiping)).toBe("wiped");
    expect(decisions.executed).toEqual(['["wipe",{"what":"cache"}]']);
  });

  it("gets the refusal when a person says no", async () => {
    await open("alice/20");
    const wiping = client.callTool("wipe", {});
    const [approval] = await waitFor(
      () => decisions.openQuestions().length > 0 && decisions.openQuestions(),
      {
        timeoutMs: 15_000,
        what: "the question",
      },
    );
    decisions.decide(approval ?? "", "rejected");
    expect(text(await wiping)).toBe(
      "BLOCKED by gate 5 (approval), E-APPR-REJECTED: Rejected by olga: not during the sale. The call was not executed.",
    );
    expect(decisions.executed).toEqual([]);
  });

  it("is told PENDING at the end, waits with awooop_wait, repeats the call and gets its result once", async () => {
    await open("alice/0.005");
    const pending = await client.callTool("wipe", {});
    const [approvalId] = decisions.openQuestions();
    const approval = `apr_${approvalId}`;
    expect(pending).toMatchObject({
      isError: true,
      _meta: { "awooop/code": "E-APPR-REQUIRED", "awooop/gate": 5, "awooop/approval": approval },
    });
    expect(text(pending)).toMatch(
      new RegExp(
        `^PENDING ${approval}: not executed; .* Repeat the identical call, or call awooop_wait\\.$`,
      ),
    );
    expect(text(await client.callTool("awooop_wait", { approval }))).toMatch(/^OPEN apr_/);
    const waiting = client.callTool("awooop_wait", { approval, timeout_seconds: 20 });
    await waitFor(() => decisions.waiting === 1, {
      timeoutMs: 15_000,
      what: "awooop_wait to wait",
    });
    decisions.decide(approvalId ?? "", "approved");
    expect(text(await waiting)).toMatch(/^DECIDED apr_/);
    expect(decisions.executed).toEqual([]);
    expect(text(await client.callTool("wipe", {}))).toBe("wiped");
    expect(decisions.executed).toHaveLength(1);
    // One changed byte is another call: it asks anew.
    await client.callTool("wipe", { what: "x" });
    expect(decisions.openQuestions()).toHaveLength(1);
  });

  it("that asked for progress hears that it is being held", async () => {
    await open("alice/20");
    const messages: (string | undefined)[] = [];
    const wiping = client.callTool("wipe", {}, { onprogress: (message) => messages.push(message) });
    await waitFor(() => messages.length > 1, { timeoutMs: 10_000, what: "two messages" });
    expect(messages[0]).toBe("waiting for a person's decision, until 2030-01-01T00:00:00Z");
    decisions.decide(decisions.openQuestions()[0] ?? "", "approved");
    expect(text(await wiping)).toBe("wiped");
  });

  it("hears all that was said before the answer, also at the last moment", async () => {
    await open();
    const messages: (string | undefined)[] = [];
    await client.callTool("chatty", {}, { onprogress: (message) => messages.push(message) });
    expect(messages).toEqual(["one", "two", "three"]);
  });

  it("that goes away is no longer held, and its call is not executed behind its back", async () => {
    await open("alice/20");
    const leaving = new AbortController();
    const wiping = client.callTool("wipe", {}, { signal: leaving.signal });
    await waitFor(() => decisions.waiting === 1, {
      timeoutMs: 15_000,
      what: "the call to be held",
    });
    leaving.abort();
    if (era === "legacy") await client.close();
    await expect(wiping).rejects.toThrow();
    await waitFor(() => decisions.waiting === 0, { timeoutMs: 15_000, what: "the hold to end" });
    decisions.decide(decisions.openQuestions()[0] ?? "", "approved");
    expect(decisions.executed).toEqual([]);
    expect(decisions.calls).toHaveLength(1);
    // The decision stands: whoever repeats the call gets it.
    const next = await connect({ url: gateway.url, key: "alice/4" });
    expect(text(await next.callTool("wipe", {}))).toBe("wiped");
    await next.close();
  });

  it("is told that an approval it names is none", async () => {
    await open();
    for (const approval of [`apr_${newId()}`, "apr_nonsense", 7]) {
      expect(await client.callTool("awooop_wait", { approval })).toMatchObject({ isError: true });
    }
  });

  it("has its calls joined to the run it names, its session or its trace", async () => {
    client = await connect({
      url: gateway.url,
      key: "alice/4",
      headers: { "AwoooP-Run": "run-7" },
    });
    await client.callTool("echo", {});
    expect(decisions.calls.at(-1)?.runId).toBe("run-7");
    await client.close();
    await open();
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    await client.callTool("echo", {}, { meta: { "awooop/run": "run-8", traceparent } });
    expect(decisions.calls.at(-1)).toMatchObject({ runId: "run-8", meta: { traceparent } });
    await client.callTool("echo", {}, { meta: { traceparent } });
    await client.callTool("echo", {});
    const [first, second] = decisions.wishes.slice(-2);
    expect(first).toMatchObject({ traceId: "0af7651916cd43dd8448eb211c80319c" });
    expect(typeof second?.sessionKey).toBe(era === "legacy" ? "string" : "undefined");
    expect(first?.sessionKey).toBe(second?.sessionKey);
    expect(await client.callTool("echo", {}, { meta: { "awooop/run": "nobody's" } })).toMatchObject(
      {
        isError: true,
        _meta: { "awooop/code": "E-NOT-FOUND" },
      },
    );
  });
});
