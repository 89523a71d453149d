import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench, waiting } from "../../test/support/calls.ts";
import { caller } from "../../test/support/fixtures.ts";
import { waitFor } from "../../test/support/wait.ts";
import { hasAgent } from "../contracts/index.ts";
import type { Caller } from "../identity/index.ts";
import { createCursors } from "../platform/http/index.ts";
import { claimRun, type RunRow, wakeThawedRuns } from "../runs/index.ts";
import { createFreezes, holdFreezes } from "../tenants/index.ts";
import { callsInFlight, requireThawed } from "./index.ts";

let bench: ShopBench;
let freezes: ReturnType<typeof createFreezes>;

beforeAll(async () => {
  bench = await openShopBench();
  freezes = createFreezes({
    db: bench.deps.db,
    cursors: createCursors(randomBytes(32)),
    isAgent: hasAgent,
    inFlight: callsInFlight,
    onThawed: (tx, place) => wakeThawedRuns(tx, bench.deps.effects, place),
  });
});
afterAll(() => bench?.close());

const person = (name: string, role: Caller["role"], projects: Caller["projects"] = [PROJECT]) =>
  caller({ keyId: name, actor: { kind: "key", id: name }, role, projects });
const operator = person("op-2", "operator");
const admin = person("ada", "admin");
const platformOperator = person("root-op", "operator", "all");
const platformAdmin = person("root", "admin", "all");

const freezeProject = (by: Caller = operator) =>
  freezes.set(by, { scope: "project", project_id: PROJECT, reason: "it runs amok" });
const freezeAgent = (run: RunRow, by: Caller = operator) => {
  const of = { project_id: PROJECT, agent_id: run.agent_id };
  return freezes.set(by, { scope: "agent", ...of, reason: "it runs amok" });
};
const lift = (freezeId: string, by: Caller = admin) => freezes.lift(by, freezeId, "all is well");

async function liftAll(): Promise<void> {
  const { freezes: standing } = await freezes.list(platformAdmin, { standing: "true" });
  for (const { freeze_id } of standing) await lift(freeze_id, platformAdmin);
}

afterEach(liftAll);

const read = { effect: "read" };
const say = (run: RunRow, text = "x") => bench.call(run, "echo", { text });
const BLOCKED = { kind: "blocked", gate: 1, code: "E-FROZEN" };

describe("while an agent is frozen", () => {
  it("its calls are blocked at gate 1 and recorded, reads and writes; those of another are not", async () => {
    const [reader, writer] = [await bench.openEchoRun(read), await bench.openEchoRun()];
    const other = await bench.openEchoRun(read);
    for (const run of [reader, writer]) await freezeAgent(run);
    for (const run of [reader, writer]) {
      const outcome = await say(run);
      expect(outcome).toMatchObject(BLOCKED);
      const row = await bench.callRow(outcome.callId);
      expect(row).toMatchObject({
        result_status: "blocked",
        block_gate: 1,
        block_code: "E-FROZEN",
      });
      expect(row.block_reason).toMatch(/^op-2 froze the agent .* UTC \(“it runs amok”\)/);
      expect((await bench.runRow(run.run_id)).state).toBe("running");
    }
    expect(await say(other)).toMatchObject({ kind: "result" });
    const agent = { projectId: PROJECT, agentId: reader.agent_id };
    await expect(requireThawed(bench.deps.db, agent)).rejects.toMatchObject({ code: "E-FROZEN" });
    await liftAll();
    await requireThawed(bench.deps.db, agent);
    expect(await say(reader)).toMatchObject({ kind: "result" });
  });

  it("an approved call is refused, and its approval is used up by nothing but the call", async () => {
    const run = await bench.openEchoRun();
    const { approvalId } = await waiting(say(run));
    await bench.decide(run, "approve");
    const { frozen } = await freezeAgent(run);
    expect(await say(run)).toMatchObject(BLOCKED);
    expect(await bench.approvalRow(approvalId)).toMatchObject({
      status: "approved",
      redeemed_at: null,
    });
    await lift(frozen.freeze_id);
    expect(await say(run)).toMatchObject({ kind: "result" });
    expect((await bench.approvalRow(approvalId)).redeemed_at).not.toBeNull();
  });

  it("nobody is asked, and what was asked before can still be decided", async () => {
    const run = await bench.openEchoRun();
    await freezeAgent(run);
    expect(await say(run)).toMatchObject(BLOCKED);
    await liftAll();
    await waiting(say(run));
    await freezeAgent(run);
    await bench.decide(run, "edit", "", { args: { text: "softly" } });
    expect(await say(run)).toMatchObject(BLOCKED);
    await liftAll();
    expect(await say(run)).toMatchObject({ kind: "result", editedArgs: { text: "softly" } });
  });

  it("no worker claims its runs; lifting the freeze wakes them", async () => {
    const run = await bench.openWorkerRun();
    const claim = { projectId: PROJECT, runId: run.run_id, workerId: "worker-1" };
    const take = () => bench.asTenant((tx) => claimRun(tx, claim));
    const queued = async () => {
      const [row] = await bench.asAdmin(`select count(*)::int as n from pgboss.job
        where name = 'run.execute' and data->>'run_id' = '${run.run_id}'`);
      return Number(row?.n);
    };
    const { frozen } = await freezeAgent(run);
    expect(await take()).toBeUndefined();
    const before = await queued();
    await lift(frozen.freeze_id);
    expect(await queued()).toBe(before + 1);
    expect(await take()).toMatchObject({ state: "running", attempt_count: 1 });
  });
});

describe("a freeze", () => {
  it("of a project or of everything holds for every agent there; the widest is named", async () => {
    const run = await bench.openEchoRun(read);
    await freezeAgent(run);
    await freezeProject();
    const everything = await freezes.set(platformOperator, {
      scope: "platform",
      reason: "the upstream is on fire",
    });
    expect(everything.frozen).toMatchObject({ scope: "platform", project_id: null });
    const wanted = [
      /^root-op froze everything/,
      /^op-2 froze the project/,
      /^op-2 froze the agent/,
    ];
    for (const reason of wanted) {
      const outcome = await say(run);
      expect(outcome).toMatchObject({ ...BLOCKED, reason: expect.stringMatching(reason) });
      const { freezes: all } = await freezes.list(platformAdmin, { standing: "true" });
      const order = ["platform", "project", "agent"];
      const [next] = all.sort((a, b) => order.indexOf(a.scope) - order.indexOf(b.scope));
      const lifted = await lift(next?.freeze_id ?? "", platformAdmin);
      expect(lifted.lifted_by).toBe("root");
      expect(lifted.still_standing).toHaveLength(all.length - 1);
    }
    expect(await say(run)).toMatchObject({ kind: "result" });
  });

  it("that stands is answered as it is to whoever freezes the same again, also at the same time", async () => {
    const sets = await Promise.all(Array.from({ length: 6 }, () => freezeProject()));
    expect(new Set(sets.map(({ frozen }) => frozen.freeze_id)).size).toBe(1);
    expect(sets.filter(({ isNew }) => isNew)).toHaveLength(1);
    const [id = ""] = sets.map(({ frozen }) => frozen.freeze_id);
    const lifts = await Promise.all([lift(id), lift(id)]);
    expect(lifts[0]).toEqual(lifts[1]);
    const audited = await bench.asAdmin(
      `select action, project_id from awooop.audit_log where subject_id = '${id}' order by at`,
    );
    expect(audited).toEqual([
      { action: "freeze.set", project_id: PROJECT },
      { action: "freeze.lift", project_id: PROJECT },
    ]);
    expect((await freezeProject()).frozen.freeze_id).not.toBe(id);
  });

  it("is set by operators and lifted by admins; the platform's only by the platform's", async () => {
    const forbidden = { code: "E-FORBIDDEN" };
    await expect(freezeProject(person("v", "viewer"))).rejects.toMatchObject(forbidden);
    const everything = { scope: "platform", reason: "x" } as const;
    await expect(freezes.set(admin, everything)).rejects.toMatchObject(forbidden);
    const { frozen: mine } = await freezeProject();
    const { frozen: theirs } = await freezeProject(platformOperator);
    expect(theirs.freeze_id).not.toBe(mine.freeze_id);
    const { frozen: all } = await freezes.set(platformOperator, everything);
    await expect(lift(mine.freeze_id, operator)).rejects.toMatchObject(forbidden);
    for (const { freeze_id } of [theirs, all]) {
      await expect(lift(freeze_id, admin)).rejects.toMatchObject(forbidden);
      await expect(lift(freeze_id, platformOperator)).rejects.toMatchObject(forbidden);
    }
    const outsider = person("eve", "admin", ["elsewhere"]);
    await expect(lift(mine.freeze_id, outsider)).rejects.toMatchObject({ code: "E-NOT-FOUND" });
    expect((await lift(mine.freeze_id)).still_standing.map(({ freeze_id }) => freeze_id)).toEqual([
      theirs.freeze_id,
      all.freeze_id,
    ]);
  });

  it("of an agent or a project that is not there is refused", async () => {
    const ghost = { scope: "agent", project_id: PROJECT, agent_id: "ghost", reason: "x" } as const;
    const missing = { code: "E-NOT-FOUND" };
    await expect(freezes.set(operator, ghost)).rejects.toMatchObject(missing);
    const nowhere = { scope: "project", project_id: "nowhere", reason: "x" } as const;
    await expect(freezes.set(platformAdmin, nowhere)).rejects.toMatchObject(missing);
  });
});

describe("calls in flight", () => {
  it("are listed with the freeze, and end as they would have", async () => {
    const run = await bench.openRun({
      tools: [{ server: "shop", tool: "slow", effect: "read" }],
    } as never);
    const held = bench.call(run, "slow", { ms: 1_500 });
    await waitFor(() => bench.upstream.tools.ran.get("slow") === 1, {
      timeoutMs: 20_000,
      what: "the call to reach the tool server",
    });
    const { frozen } = await freezeAgent(run);
    expect(frozen).toMatchObject({
      in_flight_total: 1,
      in_flight: [
        { run_id: run.run_id, agent_id: run.agent_id, tool_name: "slow", effect: "read" },
      ],
    });
    expect(await held).toMatchObject({ kind: "result" });
    expect((await freezeAgent(run)).frozen).toMatchObject({ in_flight: [], in_flight_total: 0 });
  });

  it("include those that were being decided when the freeze came", async () => {
    const run = await bench.openEchoRun(read);
    const { promise: go, resolve: letGo } = Promise.withResolvers<void>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const callId = "01a1ff82-17a0-7c3e-9d2f-0123456789ab";
    const deciding = bench.asTenant(async (tx) => {
      await holdFreezes(tx, PROJECT);
      begin();
      await go;
      await tx
        .insertInto("mcp_calls")
        .values({
          call_id: callId,
          project_id: PROJECT,
          run_id: run.run_id,
          call_key: "mcp",
          tool_name: "echo",
          args_hash: "0".repeat(64),
          effect: "write",
          is_shadow: false,
          result_status: "executing",
        })
        .execute();
    });
    await begun;
    const freezing = freezeAgent(run);
    await waitFor(async () => (await freezes.list(admin, { standing: "true" })).total === 1, {
      timeoutMs: 10_000,
      what: "the freeze to hold before anything is waited for",
    });
    letGo();
    await deciding;
    const { frozen } = await freezing;
    expect(frozen.in_flight.map(({ call_id }) => call_id)).toEqual([callId]);
    await bench.asAdmin(`delete from awooop.mcp_calls where call_id = '${callId}'`);
  });

  it("don't hold the answer back when deciding takes for ever", async () => {
    const run = await bench.openEchoRun(read);
    await bench.asTenant(async (tx) => {
      await holdFreezes(tx, PROJECT);
      expect((await freezeAgent(run)).isNew).toBe(true);
    });
  });
});
