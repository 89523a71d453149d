import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Awooop } from "./support/awooop.ts";
import {
  applyContracts,
  contract,
  delivery,
  good,
  newKey,
  waitForRun,
} from "./support/e2e-tenant.ts";
import { connectAuto, connectV1 } from "./support/mcp/gateway.ts";
import { codeOf, type RawCaller } from "./support/mcp/raw-caller.ts";
import type { ScriptedServer } from "./support/mcp/scripted-server.ts";
import { openTwoGateways, type TwoGateways } from "./support/two-gateways.ts";
import { waitFor } from "./support/wait.ts";

/**
 * The kill switch over two server processes on one database: what is frozen through one of them is frozen in the other.
 */

const SOON_MS = 30_000;
/** A freeze holds everywhere within this time of its answer. */
const WITHIN_MS = 1_000;

let both: TwoGateways;
let upstream: ScriptedServer;
let caller: RawCaller;
let one: Awooop;
let other: Awooop;
let agentKey: string;
let operatorKey: string;

beforeAll(async () => {
  both = await openTwoGateways(["look", "wipe", "hang"]);
  ({ upstream, caller, one, other } = both);
  const project = { project_id: "acme", display_name: "Acme", migration_mode: "active" };
  await good(one.api("/tenants", { body: project }));
  const tool = (name: string, effect: string) => ({ server: "shop", tool: name, effect });
  const tools = [
    tool("look", "read"),
    { ...tool("wipe", "write"), approval: "never" },
    tool("hang", "read"),
  ];
  await applyContracts(one, "acme", [
    contract("tool_server", "shop", { transport: "http", url: upstream.url }),
    contract("agent", "scout", { driver: "client", tools }),
  ]);
  const agent = { role: "agent", agent_id: "scout", hold_seconds: 0 };
  agentKey = await newKey(one, { ...agent, name: "scout", project_ids: ["acme"] });
  operatorKey = await newKey(one, { role: "operator", name: "on call", project_ids: ["acme"] });
});

afterAll(() => both?.close());

const freeze = (body: object, key: string) =>
  good(one.api("/freezes", { key, body: { reason: "it runs amok", ...body } }));
const lift = (id: string) =>
  good(one.api(`/freezes/${id}/lift`, { body: { reason: "well again" } }));

const PLACES = [
  ["an agent", { scope: "agent", project_id: "acme", agent_id: "scout" }],
  ["a project", { scope: "project", project_id: "acme" }],
  ["everything", { scope: "platform" }],
] as const;

/** Calls through a process without a pause, and notes when each was sent and what came of it. */
function keepCalling(server: Awooop, tool: string) {
  const calls: { n: string; sentAt: number; doneAt: number; code: string | undefined }[] = [];
  let isOver = false;
  const calling = (async () => {
    for (let n = 0; !isOver; n += 1) {
      const sentAt = performance.now();
      const args = { n: `${server.port} ${tool} ${n}` };
      const answer = await caller.call({ url: server.url, key: agentKey }, tool, args);
      expect(answer.status).toBe(200);
      calls.push({ n: args.n, sentAt, doneAt: performance.now(), code: codeOf(answer) });
      await pause(20);
    }
  })();
  return {
    calls,
    async end() {
      isOver = true;
      await calling;
    },
  };
}

/** When each call reached the tool server. */
function noteArrivals(): Map<string, number> {
  const arrivals = new Map<string, number>();
  for (const tool of ["look", "wipe"]) {
    upstream.answers[tool] = ({ n }) => {
      arrivals.set(String(n), performance.now());
    };
  }
  return arrivals;
}

describe("what one process freezes", () => {
  test.each(PLACES)(
    "%s stands still in both within a second, and goes on after the thaw",
    async (_, place) => {
      const arrivals = noteArrivals();
      const loops = [one, other].flatMap((server) =>
        ["look", "wipe"].map((tool) => keepCalling(server, tool)),
      );
      const passed = (from: number) =>
        loops.every(({ calls }) =>
          calls.some(({ sentAt, code }) => sentAt > from && code === undefined),
        );
      const refused = (from: number) =>
        loops.every(({ calls }) => calls.filter(({ sentAt }) => sentAt > from).length >= 5);
      await waitFor(() => passed(0), { timeoutMs: SOON_MS, what: "calls to pass" });
      const frozen = await freeze(place, place.scope === "platform" ? ADMIN_KEY : operatorKey);
      const answeredAt = performance.now();
      const heldFrom = answeredAt + WITHIN_MS;
      await waitFor(() => performance.now() > heldFrom && refused(heldFrom), {
        timeoutMs: SOON_MS,
        what: "calls to be made after the freeze",
      });
      const thawedAt = performance.now();
      await lift(frozen.freeze_id);
      await waitFor(() => passed(thawedAt), {
        timeoutMs: SOON_MS,
        what: "calls to pass again",
      });
      await Promise.all(loops.map((loop) => loop.end()));
      const between = loops
        .flatMap(({ calls }) => calls)
        .filter(({ sentAt, doneAt }) => sentAt > heldFrom && doneAt < thawedAt);
      expect(new Set(between.map(({ code }) => code))).toEqual(new Set(["E-FROZEN"]));
      const late = [...arrivals.entries()].filter(([, at]) => at > heldFrom && at < thawedAt);
      expect(late).toEqual([]);
    },
    90_000,
  );
});

describe("whoever asks meanwhile", () => {
  const clients = [
    ["SDK v1", connectV1],
    ["SDK v2", connectAuto],
  ] as const;

  test.each(clients)(
    "is told so when they list tools or wait for a decision: %s",
    async (_, connect) => {
      const client = await connect({ url: `${other.url}/mcp`, key: agentKey });
      expect((await client.listTools()).map(({ name }) => name)).toContain("look");
      const { freeze_id } = await freeze({ scope: "project", project_id: "acme" }, operatorKey);
      const why = /E-FROZEN: on call froze the project acme at .* UTC \(“it runs amok”\)/;
      await expect(client.listTools()).rejects.toThrow(why);
      const approval = "apr_01a1ff82-17a0-7c3e-9d2f-0123456789ab";
      const waited = await client.callTool("awooop_wait", { approval, timeout_seconds: 20 });
      expect(waited).toMatchObject({
        isError: true,
        content: [{ text: expect.stringMatching(why) }],
      });
      const called = await client.callTool("look", { n: "asked" });
      expect(called).toMatchObject({ isError: true, _meta: { "awooop/gate": 1 } });
      await lift(freeze_id);
      expect((await client.listTools()).map(({ name }) => name)).toContain("look");
      await client.close();
    },
  );

  test("sees the calls that had got through before, in the answer and in a list", async () => {
    const { promise: letGo, resolve: go } = Promise.withResolvers<void>();
    upstream.answers.hang = () => letGo;
    const held = caller.call({ url: other.url, key: agentKey }, "hang", { n: "held" });
    await waitFor(() => upstream.calls.hang?.length === 1, {
      timeoutMs: SOON_MS,
      what: "the call",
    });
    // A read is in the list when it takes longer than a moment.
    const shown = () => other.api("/calls/in-flight?project_id=acme", { key: operatorKey });
    await waitFor(async () => (await shown()).body.calls.length === 1, {
      timeoutMs: SOON_MS,
      what: "the call in the list",
    });
    const place = { scope: "agent", project_id: "acme", agent_id: "scout" };
    const set = { key: operatorKey, body: { ...place, reason: "it hangs" } };
    const first = await one.api("/freezes", set);
    expect(first.status).toBe(201);
    const [call] = first.body.in_flight;
    expect(call).toMatchObject({ project_id: "acme", agent_id: "scout", tool_name: "hang" });
    const again = await other.api("/freezes", set);
    expect([again.status, again.body.freeze_id]).toEqual([200, first.body.freeze_id]);
    const list = await good(other.api("/calls/in-flight?agent_id=scout", { key: operatorKey }));
    expect(list).toMatchObject({ calls: [call], total: 1 });
    expect(await good(one.api("/calls/in-flight?agent_id=nobody"))).toMatchObject({ total: 0 });
    go();
    expect(codeOf(await held)).toBeUndefined();
    expect(await good(one.api("/calls/in-flight"))).toMatchObject({ calls: [], total: 0 });
    await lift(first.body.freeze_id);
    const { freezes } = await good(one.api("/freezes?project_id=acme&standing=false"));
    expect(freezes[0]).toMatchObject({
      freeze_id: first.body.freeze_id,
      lift_reason: "well again",
    });
  });
});

describe("a worker's run", () => {
  test("stops between two steps without using up an attempt, and goes on after the thaw", async () => {
    const { promise: letGo, resolve: go } = Promise.withResolvers<void>();
    upstream.answers.look = ({ n }) => (n === "first" ? letGo : undefined);
    const step = (key: string) => ({
      key,
      call: { server: "shop", tool: "look", args: { n: key } },
    });
    const alerts = {
      type: "alertmanager",
      auth: { scheme: "bearer", secret: "secret:ALERTS_TOKEN" },
    };
    const token = { project_id: "acme", value: "token-of-acme" };
    await good(one.api("/secrets/ALERTS_TOKEN", { method: "PUT", body: token }));
    await applyContracts(one, "acme", [
      contract("channel", "alerts", alerts),
      contract("agent", "janitor", {
        driver: "worker",
        triggers: [{ channel: "alerts" }],
        tools: [{ server: "shop", tool: "look", effect: "read" }],
        runbook: { steps: [step("first"), step("second")] },
      }),
    ]);
    const alert = { key: token.value, body: delivery("DiskFull") };
    const { events } = await good(one.send("/hooks/acme/alerts", alert));
    const runId: string = events[0].run_id;
    const seen = () => (upstream.calls.look ?? []).map(({ n }) => n);
    await waitFor(() => seen().includes("first"), { timeoutMs: SOON_MS, what: "the first step" });
    const place = { scope: "agent", project_id: "acme", agent_id: "janitor" };
    const { freeze_id } = await freeze(place, operatorKey);
    go();
    const isGivenBack = ({ run }: { run: Record<string, unknown> }) => run.worker_id === null;
    const stopped = await waitForRun(one, runId, isGivenBack, SOON_MS);
    expect(stopped.run).toMatchObject({ state: "running", attempt_count: 1 });
    expect(seen()).not.toContain("second");
    await lift(freeze_id);
    const isOver = ({ run }: { run: Record<string, unknown> }) => run.completed_at !== null;
    const over = await waitForRun(one, runId, isOver, SOON_MS);
    expect(over.run).toMatchObject({ state: "completed", attempt_count: 1 });
    expect(seen().filter((n) => n === "first" || n === "second")).toEqual(["first", "second"]);
  }, 90_000);
});
