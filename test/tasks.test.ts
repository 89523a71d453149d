import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createTaskSessionFromClient } from "@modelcontextprotocol/ext-tasks/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  agentKey,
  decide,
  type Echoes,
  echoServer,
  question,
  seedAsking,
} from "./support/mcp/asking.ts";
import { type ListeningServer, listen } from "./support/mcp/http-server.ts";
import { ask, TASKS } from "./support/mcp/modern.ts";
import { waitFor } from "./support/wait.ts";

/** Calls that wait for a person, for clients that take a task for an answer. */

const SLOW = 60_000;

let database: TestDatabase;
let upstream: ListeningServer;
let server: Awooop;
let other: Awooop;
let key: string;
const echoes: Echoes = { ran: [], held: new Map() };
const { ran, held } = echoes;

const GATEWAY_ONLY = { AWOOOP_ROLES: "gateway" };

beforeAll(async () => {
  database = await createTestDatabase();
  upstream = await listen(toNodeHandler(createMcpHandler(() => echoServer(echoes))));
  server = await startAwooop({ databaseUrl: database.url });
  other = await startAwooop({ databaseUrl: database.url, env: GATEWAY_ONLY });
  await seedAsking(server, upstream.url, { scout: {}, hasty: { expires_seconds: 1 } });
  key = await agentKey(server, "scout");
}, SLOW);

afterAll(async () => {
  await other?.stop();
  await server?.stop();
  await upstream?.close();
  await database?.drop();
});

const at = (where: Awooop = server, as = key) => ({ url: `${where.url}/mcp`, key: as });
const echo = (text: string) => ({ name: "echo", arguments: { text } });

async function start(text: string, as = key) {
  const { result } = await ask(at(server, as), "tools/call", echo(text));
  expect(result).toMatchObject({ resultType: "task", status: "working" });
  return result.taskId as string;
}

const get = async (taskId: string, where = at()) => ask(where, "tasks/get", { taskId });

describe("a call that waits for a person", () => {
  it(
    "becomes a task that says so, as long as the question is open",
    async () => {
      const text = "told";
      const { result } = await ask(at(), "tools/call", echo(text));
      const { approval_id, expires_at } = await question(server, text);
      expect(result).toEqual({
        resultType: "task",
        taskId: expect.stringMatching(/^[\w-]{100,}$/),
        status: "working",
        statusMessage: expect.stringMatching(new RegExp(`^awaiting approval apr_${approval_id}: `)),
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        lastUpdatedAt: result.createdAt,
        ttlMs: expect.any(Number),
        pollIntervalMs: 2000,
        _meta: expect.anything(),
      });
      expect(Date.parse(result.createdAt) + result.ttlMs).toBeCloseTo(Date.parse(expires_at), -1);
      const polled = await get(result.taskId);
      expect(polled.result).toMatchObject({
        ...{ resultType: "complete", taskId: result.taskId, status: "working" },
        ttlMs: result.ttlMs,
      });
      expect(polled.result).not.toHaveProperty("result");
      expect(ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "is made once when it is approved, whoever asks where, and its result can be had again",
    async () => {
      const text = "once";
      const taskId = await start(text);
      await decide(server, text, { decision: "approve" });
      const asked = await Promise.all(
        [server, other, server, other].map((where) => get(taskId, at(where))),
      );
      for (const { result } of asked) {
        expect(["working", "completed"]).toContain(result.status);
      }
      const done = await waitFor(
        async () => {
          const { result } = await get(taskId, at(other));
          return result.status === "completed" ? result : undefined;
        },
        { timeoutMs: 20_000, what: "the end of the task" },
      );
      expect(done.result).toMatchObject({
        content: [{ type: "text", text }],
        structuredContent: { said: text },
      });
      expect((await get(taskId)).result.result).toEqual(done.result);
      expect(ran.filter((one) => one === text)).toHaveLength(1);
      expect(done.ttlMs).toBeGreaterThan(23 * 3_600_000);
    },
    SLOW,
  );

  it(
    "is under way while its tool takes long, and is not made again meanwhile",
    async () => {
      const text = "slowly";
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(text, promise);
      const taskId = await start(text);
      await decide(server, text, { decision: "approve" });
      const first = get(taskId);
      await waitFor(() => ran.includes(text), { timeoutMs: 20_000, what: "the call to arrive" });
      expect((await get(taskId, at(other))).result).toMatchObject({
        status: "working",
        statusMessage: "a person has answered; the call is under way",
      });
      expect((await first).result.status).toBe("working");
      resolve();
      await waitFor(async () => (await get(taskId, at(other))).result.status === "completed", {
        timeoutMs: 20_000,
        what: "the end of the task",
      });
      expect(ran.filter((one) => one === text)).toHaveLength(1);
    },
    SLOW,
  );

  it(
    "is executed with the arguments that a person has put in place of its own, and says so",
    async () => {
      const text = "draft";
      const taskId = await start(text);
      await decide(server, text, { decision: "edit", arguments: { text: "final" } });
      const { result } = await get(taskId);
      expect(result).toMatchObject({
        status: "completed",
        result: { content: [{ text: "final" }, {}] },
      });
      expect(result.result.content[1].text).toMatch(/^EDITED/);
      expect(ran).not.toContain(text);
    },
    SLOW,
  );

  it.each([
    ["reject", "E-APPR-REJECTED", "Not tonight."],
    ["request_changes", "E-APPR-CHANGES", "Ask for less."],
  ])(
    "ends with the refusal after %s",
    async (decision, code, reason) => {
      const text = `refused with ${decision}`;
      const taskId = await start(text);
      await decide(server, text, { decision, reason });
      for (let time = 0; time < 2; time++) {
        expect((await get(taskId)).result).toMatchObject({
          status: "completed",
          statusMessage: expect.stringContaining(reason),
          result: { isError: true, _meta: { "awooop/code": code, "awooop/gate": 5 } },
        });
      }
      expect(ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "ends when nobody has decided in time",
    async () => {
      const hasty = await agentKey(server, "hasty");
      const taskId = await start("too late", hasty);
      const done = await waitFor(
        async () => {
          const { result } = await get(taskId, at(server, hasty));
          return result.status === "working" ? undefined : result;
        },
        { timeoutMs: 30_000, what: "the question to expire" },
      );
      expect(done).toMatchObject({
        status: "completed",
        result: { isError: true, _meta: { "awooop/code": "E-APPR-EXPIRED" } },
      });
    },
    SLOW,
  );

  it(
    "tells the truth when an identical request has fetched the result",
    async () => {
      const text = "taken";
      const taskId = await start(text);
      await decide(server, text, { decision: "approve" });
      const taken = await ask(at(), "tools/call", echo(text), {});
      expect(taken.result.content).toEqual([{ type: "text", text }]);
      const { result } = await get(taskId);
      expect(result).toMatchObject({ status: "completed", result: { isError: true } });
      expect(result.result.content[0].text).toContain("its result went to that request");
      expect(ran.filter((one) => one === text)).toHaveLength(1);
    },
    SLOW,
  );
});

describe("cancelling a task", () => {
  it(
    "closes the question, and the call is never made",
    async () => {
      const text = "withdrawn";
      const taskId = await start(text);
      const { run_id } = await question(server, text);
      const { result } = await ask(at(other), "tasks/cancel", { taskId });
      expect(result).toEqual({ resultType: "complete", _meta: expect.anything() });
      expect((await get(taskId)).result).toMatchObject({
        status: "cancelled",
        statusMessage: "not executed: the agent has withdrawn the call",
      });
      const run = await server.api(`/runs/${run_id}`);
      expect(run.body.mcp_calls.at(-1)).toMatchObject({ block_code: "E-APPR-VOIDED" });
      expect(ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "takes back an approval that nobody has used yet",
    async () => {
      const text = "approved and withdrawn";
      const taskId = await start(text);
      await decide(server, text, { decision: "approve" });
      expect((await ask(at(), "tasks/cancel", { taskId })).error).toBeUndefined();
      expect((await get(taskId)).result.status).toBe("cancelled");
      // The same call has to be asked about anew.
      await start(text);
      expect(ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "changes nothing about one that is over",
    async () => {
      const text = "over";
      const taskId = await start(text);
      await decide(server, text, { decision: "approve" });
      expect((await get(taskId)).result.status).toBe("completed");
      expect((await ask(at(), "tasks/cancel", { taskId })).result.resultType).toBe("complete");
      expect((await get(taskId)).result.status).toBe("completed");
    },
    SLOW,
  );
});

describe("a task's id", () => {
  const none = { error: { code: -32602, message: expect.stringContaining("no such task") } };

  it(
    "opens nothing for another key, and nothing when a byte of it is changed",
    async () => {
      const taskId = await start("mine");
      const stranger = await agentKey(server, "scout");
      const changed = taskId.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
      const guesses = ["", "x", "apr_0190b2a4-5c1e-7b3a-9f00-2d1c3b4a5e6f", `x${changed}`];
      for (const method of ["tasks/get", "tasks/cancel"]) {
        expect(await ask(at(server, stranger), method, { taskId })).toMatchObject(none);
        for (const guess of guesses) {
          expect(await ask(at(), method, { taskId: guess })).toMatchObject(none);
        }
      }
      const unanswered = { taskId, inputResponses: {} };
      expect(await ask(at(server, stranger), "tasks/update", unanswered)).toMatchObject(none);
      expect((await ask(at(), "tasks/update", unanswered)).result.resultType).toBe("complete");
      expect((await get(taskId)).result.status).toBe("working");
    },
    SLOW,
  );

  it(
    "has to be the one the headers name",
    async () => {
      const taskId = await start("named");
      const wrong = { ...at(), headers: { "mcp-name": "another" } };
      expect(await ask(wrong, "tasks/get", { taskId })).toMatchObject({
        status: 400,
        error: { code: -32020 },
      });
    },
    SLOW,
  );

  it(
    "stays good when every gateway is started anew",
    async () => {
      const text = "across a restart";
      const taskId = await start(text);
      await other.kill9();
      other = await startAwooop({ databaseUrl: database.url, env: GATEWAY_ONLY });
      await decide(server, text, { decision: "approve" });
      expect((await get(taskId, at(other))).result).toMatchObject({
        status: "completed",
        result: { content: [{ text }] },
      });
    },
    SLOW,
  );
});

describe("a client that has not declared the extension", () => {
  it(
    "gets no task, and may not ask about one",
    async () => {
      const { result } = await ask(at(), "tools/call", echo("undeclared"), {});
      expect(result.resultType).not.toBe("task");
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const params = { taskId: "any", inputResponses: {} };
        expect(await ask(at(), method, params, {})).toMatchObject({
          error: {
            code: -32021,
            data: { requiredCapabilities: { extensions: { [TASKS]: {} } } },
          },
        });
      }
    },
    SLOW,
  );

  it(
    "can read in server/discover that there are tasks",
    async () => {
      const { result } = await ask(at(), "server/discover", {}, {});
      expect(result.capabilities.extensions).toEqual({ [TASKS]: {} });
      expect(result.capabilities).not.toHaveProperty("tasks");
    },
    SLOW,
  );
});

describe("an unmodified client of the extension's own package", () => {
  it(
    "waits, and gets the result",
    async () => {
      const text = "by ext-tasks";
      const client = new Client(
        { name: "test-agent", version: "1.0.0" },
        { versionNegotiation: { mode: "auto" } },
      );
      const headers = { authorization: `Bearer ${key}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(at().url), { requestInit: { headers } }),
      );
      const session = createTaskSessionFromClient(client, {
        endpointId: "gateway",
        rawDispatch: async (request) => {
          const { method, params } = request as { method: string; params: Record<string, unknown> };
          const { result, error } = await ask(at(), method, params);
          return error ? { kind: "error", error } : { kind: "result", result };
        },
        v2RequestFraming: {
          protocolVersion: "2026-07-28",
          clientInfo: { name: "test-agent", version: "1.0.0" },
          clientCapabilities: {},
        },
      });
      const execution = await session.callTool("echo", { text });
      expect(execution.kind).toBe("task");
      const settled = execution.settle();
      await decide(server, text, { decision: "approve" });
      const { outcome } = await settled;
      expect(outcome).toMatchObject({
        status: "completed",
        result: { content: [{ type: "text", text }], structuredContent: { said: text } },
      });
      await session.close();
      await client.close();
    },
    SLOW,
  );
});
