import { afterAll, describe, expect, test } from "vitest";
import { RUN_STATES, type RunState } from "../src/runs/contract.ts";
import { contract, good } from "./support/e2e-tenant.ts";
import { seedRun } from "./support/fixtures.ts";
import { openLetters } from "./support/letter.ts";

/** Acting on runs by the letter of the operator API: what is possible in which state, and what is answered. */

const letters = await openLetters();
const { server } = letters;
const project_id = "acme";

const helper = contract("agent", "helper", { driver: "client", tools: [] });
await good(server.api("/contracts/apply", { body: { project_id, documents: [helper] } }));
const { contracts } = await good(server.api("/contracts?contract_id=helper"));
const agentKey = await good(
  server.api("/keys", {
    body: { name: "agent", role: "agent", project_ids: [project_id], agent_id: "helper" },
  }),
);

afterAll(() => letters.close());

/** A run in the state, that its driver could have brought there. */
async function runIn(state: RunState, driver: "client" | "worker"): Promise<string> {
  const isOver = !["pending", "running", "waiting_approval"].includes(state);
  const run = await letters.seed((tx) =>
    seedRun(tx, {
      project_id,
      revision_id: contracts[0].revision_id,
      agent_id: "helper",
      driver,
      state,
      opened_by: driver === "client" ? agentKey.key_id : null,
      ...(isOver ? { completed_at: "2026-11-22T03:09:00Z" } : {}),
    }),
  );
  return run.run_id;
}

interface Action {
  driver: "client" | "worker";
  body: object;
  /** Left out: the platform's administrator. */
  key?: string;
  /** What is answered in each state: the state afterwards, or `refused`. */
  becomes: Partial<Record<RunState, RunState>>;
}

const ACTIONS: Record<string, Action> = {
  "/runs/RUN/cancel": {
    driver: "worker",
    body: { reason: "enough" },
    becomes: { pending: "cancelled", running: "cancelled", waiting_approval: "cancelled" },
  },
  "/runs/RUN/retry": {
    driver: "worker",
    body: {},
    becomes: {
      completed: "pending",
      failed: "pending",
      cancelled: "pending",
      timed_out: "pending",
    },
  },
  "/runs/RUN/complete": {
    driver: "client",
    body: { result: { done: true } },
    key: agentKey.key,
    becomes: { running: "completed" },
  },
  "/runs/RUN/fail": {
    driver: "client",
    body: { error_code: "E-DISK", error_detail: "full" },
    key: agentKey.key,
    becomes: { pending: "failed", running: "failed", waiting_approval: "failed" },
  },
  // Nothing is asked, so nothing can be decided.
  "/approvals/RUN/decide": {
    driver: "worker",
    body: { project_id, decision: "approve" },
    becomes: {},
  },
};

describe.each(Object.entries(ACTIONS))("POST %s", (path, { driver, body, key, becomes }) => {
  test.each(RUN_STATES)("of a run that is %s", async (state) => {
    const run_id = await runIn(state, driver);
    const answer = await server.api(path.replace("RUN", run_id), {
      body,
      ...(key ? { key } : {}),
    });
    const after = becomes[state];
    if (after === undefined) {
      expect(answer).toMatchObject({ status: 409, body: { code: "E-RUN-STATE", state } });
      expect(answer.body.detail).toContain(state);
      expect((await good(server.api(`/runs/${run_id}`))).run.state).toBe(state);
      return;
    }
    expect(answer).toMatchObject({ status: 200, body: { project_id, state: after } });
    const isNew = path.endsWith("retry");
    expect(answer.body.run_id === run_id).toBe(!isNew);
    const { run } = await good(server.api(`/runs/${answer.body.run_id}`));
    expect(run).toMatchObject({ state: after, retry_of: isNew ? run_id : null });
  });
});

test("only the client that drives a run ends it", async () => {
  const run_id = await runIn("running", "worker");
  for (const [name, body] of [
    ["complete", {}],
    ["fail", { error_code: "E-X" }],
    ["usage", { cost_usd: 1 }],
  ] as const) {
    const answer = await server.api(`/runs/${run_id}/${name}`, { key: agentKey.key, body });
    expect(answer).toMatchObject({ status: 404, body: { code: "E-NOT-FOUND" } });
    const person = await server.api(`/runs/${run_id}/${name}`, { body });
    expect(person).toMatchObject({ status: 403, body: { code: "E-FORBIDDEN" } });
  }
});

describe("POST /runs/{run_id}/usage", () => {
  test.each(RUN_STATES)("of a run that is %s", async (state) => {
    const run_id = await runIn(state, "client");
    const book = (cost_usd: number) =>
      server.api(`/runs/${run_id}/usage`, { key: agentKey.key, body: { cost_usd } });
    const first = await book(0.1);
    if (["completed", "failed", "cancelled", "timed_out"].includes(state)) {
      expect(first).toMatchObject({ status: 409, body: { code: "E-RUN-STATE", state } });
      return;
    }
    expect(first).toMatchObject({ status: 200, body: { run_id, project_id, cost_usd: 0.1 } });
    // Decimal, and not binary, arithmetic: 0.30000000000000004 is nobody's money.
    expect((await book(0.2)).body.cost_usd).toBe(0.3);
    expect((await book(0.000001)).body.cost_usd).toBe(0.300001);
    expect((await good(server.api(`/runs/${run_id}`))).run.cost_usd).toBe(0.300001);
  });

  test("is booked once, however often it is reported with one Idempotency-Key", async () => {
    const run_id = await runIn("running", "client");
    const book = (cost_usd: number) =>
      server.api(`/runs/${run_id}/usage`, {
        key: agentKey.key,
        body: { cost_usd },
        headers: { "idempotency-key": "turn-1" },
      });
    const answers = await Promise.all([book(0.1), book(0.1), book(0.1)]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, body: { run_id, cost_usd: 0.1 } });
    }
    expect((await good(server.api(`/runs/${run_id}`))).run.cost_usd).toBe(0.1);
    const other = await book(0.2);
    expect(other).toMatchObject({ status: 422, body: { code: "E-IDEMPOTENCY" } });
  });
});
