import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { createTaskSessionFromClient } from "@modelcontextprotocol/ext-tasks/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentKey, decide } from "./support/mcp/asking.ts";
import { ask, TASKS } from "./support/mcp/modern.ts";
import { echo, openTaskWorld, type TaskWorld } from "./support/mcp/task-world.ts";
import { waitFor } from "./support/wait.ts";

/** Who may ask about a task, where and for how long, and what clients make of it. */

const SLOW = 60_000;

let world: TaskWorld;

beforeAll(async () => {
  world = await openTaskWorld({ brisk: { timeout_seconds: 1 } });
}, SLOW);

afterAll(() => world?.close());

describe("a task's id", () => {
  const none = { error: { code: -32602, message: expect.stringContaining("no such task") } };

  it(
    "opens nothing for another key, and nothing when a byte of it is changed",
    async () => {
      const taskId = await world.start("mine");
      const stranger = await agentKey(world.server, "scout");
      const changed = taskId.replace(/.$/, (last) => (last === "A" ? "B" : "A"));
      const guesses = ["", "x", "apr_0190b2a4-5c1e-7b3a-9f00-2d1c3b4a5e6f", `x${changed}`];
      for (const method of ["tasks/get", "tasks/cancel"]) {
        expect(await ask(world.at(world.server, stranger), method, { taskId })).toMatchObject(none);
        for (const guess of guesses) {
          expect(await ask(world.at(), method, { taskId: guess })).toMatchObject(none);
        }
      }
      const unanswered = { taskId, inputResponses: {} };
      expect(await ask(world.at(world.server, stranger), "tasks/update", unanswered)).toMatchObject(
        none,
      );
      expect((await ask(world.at(), "tasks/update", unanswered)).result.resultType).toBe(
        "complete",
      );
      expect((await world.get(taskId)).result.status).toBe("working");
    },
    SLOW,
  );

  it(
    "has to be the one the headers name",
    async () => {
      const taskId = await world.start("named");
      const wrong = { ...world.at(), headers: { "mcp-name": "another" } };
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
      const taskId = await world.start(text);
      await world.restartOther();
      await decide(world.server, text, { decision: "approve" });
      expect((await world.get(taskId, world.at(world.other))).result).toMatchObject({
        status: "completed",
        result: { content: [{ text }] },
      });
    },
    SLOW,
  );
});

describe("a gateway that is killed while it makes the call", () => {
  it("leaves a task whose fate is unknown, and nobody makes the call again", async () => {
    const text = "lost on the way";
    const { promise, resolve } = Promise.withResolvers<void>();
    world.echoes.held.set(text, promise);
    const brisk = await agentKey(world.server, "brisk");
    const taskId = await world.start(text, brisk);
    await decide(world.server, text, { decision: "approve" });
    const asked = world.get(taskId, world.at(world.other, brisk)).catch(() => undefined);
    await waitFor(() => world.echoes.ran.includes(text), {
      timeoutMs: 20_000,
      what: "the call to arrive",
    });
    await world.restartOther();
    await asked;
    const done = await waitFor(
      async () => {
        const { result } = await world.get(taskId, world.at(world.other, brisk));
        return result.status === "working" ? undefined : result;
      },
      { timeoutMs: 60_000, what: "the call to be declared lost" },
    );
    resolve();
    expect(done).toMatchObject({
      status: "completed",
      result: { isError: true, _meta: { "awooop/code": "E-CALL-UNKNOWN" } },
    });
    expect(world.echoes.ran.filter((one) => one === text)).toHaveLength(1);
  }, 120_000);
});

describe("a client that has not declared the extension", () => {
  it(
    "gets no task, and may not ask about one",
    async () => {
      const { result } = await ask(world.at(), "tools/call", echo("undeclared"), {});
      expect(result.resultType).not.toBe("task");
      for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
        const params = { taskId: "any", inputResponses: {} };
        expect(await ask(world.at(), method, params, {})).toMatchObject({
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
      const { result } = await ask(world.at(), "server/discover", {}, {});
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
      const headers = { authorization: `Bearer ${world.key}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(world.at().url), { requestInit: { headers } }),
      );
      const session = createTaskSessionFromClient(client, {
        endpointId: "gateway",
        rawDispatch: async (request) => {
          const { method, params } = request as { method: string; params: Record<string, unknown> };
          const { result, error } = await ask(world.at(), method, params);
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
      await decide(world.server, text, { decision: "approve" });
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
