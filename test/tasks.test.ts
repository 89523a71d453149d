import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentKey, decide, question } from "./support/mcp/asking.ts";
import { ask } from "./support/mcp/modern.ts";
import { echo, openTaskWorld, type TaskWorld } from "./support/mcp/task-world.ts";
import { waitFor } from "./support/wait.ts";

/** Calls that wait for a person, for clients that take a task for an answer. */

const SLOW = 60_000;

let world: TaskWorld;

beforeAll(async () => {
  world = await openTaskWorld({ hasty: { expires_seconds: 1 } });
}, SLOW);

afterAll(() => world?.close());

describe("a call that waits for a person", () => {
  it(
    "becomes a task that says so, as long as the question is open",
    async () => {
      const text = "told";
      const { result } = await ask(world.at(), "tools/call", echo(text));
      const { approval_id, expires_at } = await question(world.server, text);
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
      const polled = await world.get(result.taskId);
      expect(polled.result).toMatchObject({
        ...{ resultType: "complete", taskId: result.taskId, status: "working" },
        ttlMs: result.ttlMs,
      });
      expect(polled.result).not.toHaveProperty("result");
      expect(world.echoes.ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "is made once when it is approved, whoever asks where, and its result can be had again",
    async () => {
      const text = "once";
      const taskId = await world.start(text);
      await decide(world.server, text, { decision: "approve" });
      const asked = await Promise.all(
        [world.server, world.other, world.server, world.other].map((where) =>
          world.get(taskId, world.at(where)),
        ),
      );
      for (const { result } of asked) {
        expect(["working", "completed"]).toContain(result.status);
      }
      const done = await waitFor(
        async () => {
          const { result } = await world.get(taskId, world.at(world.other));
          return result.status === "completed" ? result : undefined;
        },
        { timeoutMs: 20_000, what: "the end of the task" },
      );
      expect(done.result).toMatchObject({
        content: [{ type: "text", text }],
        structuredContent: { said: text },
      });
      expect((await world.get(taskId)).result.result).toEqual(done.result);
      expect(world.echoes.ran.filter((one) => one === text)).toHaveLength(1);
      expect(done.ttlMs).toBeGreaterThan(23 * 3_600_000);
    },
    SLOW,
  );

  it(
    "is under way while its tool takes long, and is not made again meanwhile",
    async () => {
      const text = "slowly";
      const { promise, resolve } = Promise.withResolvers<void>();
      world.echoes.held.set(text, promise);
      const taskId = await world.start(text);
      await decide(world.server, text, { decision: "approve" });
      const first = world.get(taskId);
      await waitFor(() => world.echoes.ran.includes(text), {
        timeoutMs: 20_000,
        what: "the call to arrive",
      });
      expect((await world.get(taskId, world.at(world.other))).result).toMatchObject({
        status: "working",
        statusMessage: "a person has answered; the call is under way",
      });
      expect((await first).result.status).toBe("working");
      resolve();
      await waitFor(
        async () => (await world.get(taskId, world.at(world.other))).result.status === "completed",
        {
          timeoutMs: 20_000,
          what: "the end of the task",
        },
      );
      expect(world.echoes.ran.filter((one) => one === text)).toHaveLength(1);
    },
    SLOW,
  );

  it(
    "is executed with the arguments that a person has put in place of its own, and says so",
    async () => {
      const text = "draft";
      const taskId = await world.start(text);
      await decide(world.server, text, { decision: "edit", arguments: { text: "final" } });
      const { result } = await world.get(taskId);
      expect(result).toMatchObject({
        status: "completed",
        result: { content: [{ text: "final" }, {}] },
      });
      expect(result.result.content[1].text).toMatch(/^EDITED/);
      expect(world.echoes.ran).not.toContain(text);
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
      const taskId = await world.start(text);
      await decide(world.server, text, { decision, reason });
      for (let time = 0; time < 2; time++) {
        expect((await world.get(taskId)).result).toMatchObject({
          status: "completed",
          statusMessage: expect.stringContaining(reason),
          result: { isError: true, _meta: { "awooop/code": code, "awooop/gate": 5 } },
        });
      }
      expect(world.echoes.ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "ends when nobody has decided in time",
    async () => {
      const hasty = await agentKey(world.server, "hasty");
      const taskId = await world.start("too late", hasty);
      const done = await waitFor(
        async () => {
          const { result } = await world.get(taskId, world.at(world.server, hasty));
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
      const taskId = await world.start(text);
      const { approval_id } = await question(world.server, text);
      await decide(world.server, text, { decision: "approve" });
      const taken = await ask(world.at(), "tools/call", echo(text), {});
      expect(taken.result.content).toEqual([{ type: "text", text }]);
      // Noted after the answer has left; a task that asks before is given the result as well.
      await world.delivered(approval_id);
      const { result } = await world.get(taskId);
      expect(result).toMatchObject({ status: "completed", result: { isError: true } });
      expect(result.result.content[0].text).toContain("its result went to that request");
      expect(world.echoes.ran.filter((one) => one === text)).toHaveLength(1);
    },
    SLOW,
  );
});

describe("a task of a frozen agent", () => {
  it(
    "goes on working, and its call is made after the thaw",
    async () => {
      const text = "frozen";
      const taskId = await world.start(text);
      await decide(world.server, text, { decision: "approve" });
      const place = { scope: "agent", project_id: "acme", agent_id: "scout", reason: "wait" };
      const { body: frozen } = await world.server.api("/freezes", { body: place });
      const held = await world.get(taskId, world.at(world.other));
      expect(held.result).toMatchObject({
        status: "working",
        statusMessage: expect.stringMatching(/not executed yet: .* froze the agent scout/),
      });
      expect(world.echoes.ran).not.toContain(text);
      const lift = `/freezes/${frozen.freeze_id}/lift`;
      expect(await world.server.api(lift, { body: { reason: "on" } })).toMatchObject({
        status: 200,
      });
      const { result } = await world.get(taskId);
      expect(result).toMatchObject({ status: "completed", result: { content: [{ text }] } });
      expect(world.echoes.ran.filter((ran) => ran === text)).toHaveLength(1);
    },
    SLOW,
  );
});

describe("cancelling a task", () => {
  it(
    "closes the question, and the call is never made",
    async () => {
      const text = "withdrawn";
      const taskId = await world.start(text);
      const { run_id } = await question(world.server, text);
      const { result } = await ask(world.at(world.other), "tasks/cancel", { taskId });
      expect(result).toEqual({ resultType: "complete", _meta: expect.anything() });
      expect((await world.get(taskId)).result).toMatchObject({
        status: "cancelled",
        statusMessage: "not executed: the agent has withdrawn the call",
      });
      const run = await world.server.api(`/runs/${run_id}`);
      expect(run.body.mcp_calls.at(-1)).toMatchObject({ block_code: "E-APPR-VOIDED" });
      expect(world.echoes.ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "takes back an approval that nobody has used yet",
    async () => {
      const text = "approved and withdrawn";
      const taskId = await world.start(text);
      await decide(world.server, text, { decision: "approve" });
      expect((await ask(world.at(), "tasks/cancel", { taskId })).error).toBeUndefined();
      expect((await world.get(taskId)).result.status).toBe("cancelled");
      // The same call has to be asked about anew.
      await world.start(text);
      expect(world.echoes.ran).not.toContain(text);
    },
    SLOW,
  );

  it(
    "changes nothing about one that is over",
    async () => {
      const text = "over";
      const taskId = await world.start(text);
      await decide(world.server, text, { decision: "approve" });
      expect((await world.get(taskId)).result.status).toBe("completed");
      expect((await ask(world.at(), "tasks/cancel", { taskId })).result.resultType).toBe(
        "complete",
      );
      expect((await world.get(taskId)).result.status).toBe("completed");
    },
    SLOW,
  );
});
