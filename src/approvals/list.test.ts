import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  caller,
  openReading,
  type Reading,
  seedApproval,
  seedDecision,
  seedProject,
  seedRevision,
  seedRun,
  withQuery,
} from "../../test/support/fixtures.ts";
import type { Caller } from "../identity/index.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import { approvalListRoutes } from "./list.ts";
import { approvalListAnswer, type OpenApproval } from "./list-contract.ts";

let reading: Reading;
let routes: ReturnType<typeof approvalListRoutes>;
const runs: Record<string, string> = {};
const asked: Record<string, string> = {};
const at = (second: string) => `2026-11-22T03:07:${second}Z`;

async function list(
  query: Record<string, string | number> = {},
  as: Parameters<typeof ask>[2] = {},
) {
  const answer = await ask(routes, withQuery("/approvals", query), as);
  if (answer.status !== 200) return answer.body;
  // Parsing drops what the schema does not name.
  expect(answer.body).toEqual(approvalListAnswer.parse(answer.body));
  expect(answer.body.items).toEqual(answer.body.approvals);
  return answer.body;
}

const ids = (answer: { approvals: OpenApproval[] }) =>
  answer.approvals.map((approval) => approval.approval_id);
const names = (answer: { approvals: OpenApproval[] }) =>
  ids(answer).map((id) => Object.keys(asked).find((name) => asked[name] === id));

/** Seeds the projects; what is seeded after goes by a name. */
async function namedRows(tx: Tx) {
  const revision = { acme: "", globex: "", many: "" };
  for (const project_id of ["acme", "globex", "many"] as const) {
    await seedProject(tx, { project_id });
    revision[project_id] = (await seedRevision(tx, { project_id })).revision_id;
  }
  const run = async (name: string, project_id: keyof typeof revision, given: object = {}) => {
    const row = await seedRun(tx, {
      project_id,
      revision_id: revision[project_id],
      state: "waiting_approval",
      ...given,
    });
    runs[name] = row.run_id;
    return row;
  };
  const question = async (
    name: string,
    of: Awaited<ReturnType<typeof run>>,
    second: string,
    given: object = {},
  ) => {
    const row = await seedApproval(tx, of, { created_at: at(second), ...given });
    asked[name] = row.approval_id;
    return row;
  };
  return { run, question };
}

beforeAll(async () => {
  reading = await openReading();
  routes = approvalListRoutes(reading);
  await reading.seed(async (tx) => {
    const { run, question } = await namedRows(tx);
    const full = await run("full", "acme", {
      created_at: at("01"),
      timeout_at: at("59"),
      title: "Disk almost full",
      cost_usd: 0.3,
      is_shadow: false,
    });
    const rich = await question("rich", full, "05", {
      headline: jsonb({ en: "Delete the files?", "zh-TW": "要刪除檔案嗎？" }),
      blast_radius: jsonb({ en: "One of four cache hosts" }),
      estimate: null,
      undoable: false,
      agent_reason: "It is full; token=hunter2",
      args_display: jsonb({ path: "/var/cache", password: "hunter2" }),
      asked_hash: "ab".repeat(32),
      cost_usd: 0.1,
      quorum: 2,
      verdicts: jsonb([{ gate: 5, name: "approval", outcome: "ask", code: null, reason: "r" }]),
    });
    await seedDecision(tx, rich, { reason: "go; password=hunter2", created_at: at("06") });
    await question("plain", full, "04", { expires_at: "2000-01-01T00:00:00Z" });
    const no = { status: "rejected", tool_name: "other", decided_at: at("07") };
    await question("answered", full, "03", no);
    await question("expired", full, "02", { ...no, status: "expired", decided_at: at("08") });
    // Still open, but nobody waits for it.
    await question("idle", await run("idle", "acme", { state: "running" }), "02");
    await question("foreign", await run("foreign", "globex"), "04.5", {
      next_step_at: at("30"),
      escalation: jsonb([{ after_seconds: 5 }, { after_seconds: 10, to_group: "dba" }]),
      steps_done: 1,
    });
    const many = await run("many", "many");
    for (let n = 0; n < 40; n++) await question(`m${n}`, many, String(10 + (n % 5)));
  });
});

afterAll(() => reading?.close());

/** What is told of the rich question beside the call itself; an older release asked it. */
const TOLD_BESIDE = {
  approvers: {
    group: null,
    escalated_groups: [],
    needed: 2,
    two_person: false,
    editor_counts: false,
    counted: [{ person: "op-2", by: "op-2", delegation_id: null }],
    available: 0,
    excluded: [],
    separation: {
      is_on: false,
      key: "separation_off",
      params: {},
      text: expect.stringContaining("this project has no two members who may decide"),
    },
  },
  may_decide: {
    yes: false,
    may_refuse: false,
    for: null,
    code: "E-FORBIDDEN",
    key: "key_viewer",
    params: { role: "viewer" },
    text: "This needs the role operator; your key has the role viewer.",
  },
  agent: { id: "disk-janitor", display_name: "disk-janitor", contract: "disk-janitor 1.3" },
  why: "Started by an alert from alertmanager: “Disk almost full”. It has called nothing so far. Now disk-janitor wants to run clear_cache on shop-tools.",
  arguments_table: {
    rows: [
      { path: "path", type: "string", value: '"/var/cache"', length: null },
      { path: "password", type: "string", value: '"[redacted]"', length: null },
    ],
    more: 0,
  },
  demanded_by: {
    kind: "unknown",
    name: null,
    key: null,
    params: {},
    text: "The contract asks a person before each clear_cache.",
  },
  risks: [
    {
      key: "cant_be_undone",
      params: {},
      text: "The contract says that it can't be undone.",
      tone: "stop",
    },
  ],
  seconds_left: expect.any(Number),
  left: { cost_usd: null, calls: null },
  earlier: [],
  revision: 1,
  revision_of: null,
  revised_by: null,
  edit: null,
  decided_at: null,
  void_reason: null,
  executed: null,
};

test("what is asked, all of it and in its order", async () => {
  const answer = await list({ project_id: "acme" });
  expect(Object.keys(answer).slice(0, 3)).toEqual(["approvals", "total", "items"]);
  expect(names(answer)).toEqual(["plain", "rich"]);
  expect(answer).toMatchObject({ total: 2, total_is_exact: true, next_cursor: null });
  expect(Object.keys(answer.approvals[1]).slice(0, 5)).toEqual(
    "run_id project_id agent_id created_at timeout_at".split(" "),
  );
  expect(answer.approvals[1]).toEqual({
    run_id: runs.full,
    project_id: "acme",
    agent_id: "disk-janitor",
    created_at: at("01"),
    timeout_at: at("59"),
    approval_id: asked.rich,
    tool: "clear_cache",
    server: "shop-tools",
    arguments: { path: "/var/cache", password: "[redacted]" },
    args_hash: "ab".repeat(32),
    edited: false,
    round: 1,
    effect: "write",
    headline: "Delete the files?",
    blast_radius: "One of four cache hosts",
    estimate: null,
    undoable: false,
    agent_reason: "It is full; token=[redacted]",
    rule: "The contract asks a person before each clear_cache.",
    run_title: "Disk almost full",
    asked_at: at("05"),
    expires_at: "2100-01-01T00:00:00Z",
    next_step: null,
    redeem_seconds: 300,
    on_reject: "cancel",
    on_expire: "cancel",
    quorum: 2,
    decisions: [
      {
        actor: "op-2",
        decision: "approve",
        reason: "go; password=[redacted]",
        at: at("06"),
        counts: true,
      },
    ],
    cost_usd: 0.1,
    run_cost_usd: 0.3,
    is_shadow: false,
    expired: false,
    verdicts: [{ gate: 5, name: "approval", outcome: "ask", code: null, reason: "r" }],
    status: "open",
    ...TOLD_BESIDE,
  });
});

test("expired by the database's clock, and nobody's words where there are none", async () => {
  const { approvals } = await list({ project_id: "acme" });
  expect(approvals[0]).toMatchObject({
    expired: true,
    status: "expired",
    headline: "Run clear_cache on shop-tools?",
    blast_radius: null,
    decisions: [],
    agent_reason: null,
  });
});

test("in 繁體中文, with English where the contract has only that", async () => {
  const { approvals } = await list({ project_id: "acme" }, { language: "zh-TW" });
  expect(approvals.map((approval: OpenApproval) => approval.headline)).toEqual([
    "要在 shop-tools 上執行 clear_cache 嗎？",
    "要刪除檔案嗎？",
  ]);
  expect(approvals[1].blast_radius).toBe("One of four cache hosts");
});

describe("which questions", () => {
  test("of one run", async () => {
    expect(names(await list({ run_id: runs.full ?? "" }))).toEqual(["plain", "rich"]);
    expect(names(await list({ run_id: (runs.full ?? "").toUpperCase() }))).toEqual([
      "plain",
      "rich",
    ]);
    expect(await list({ run_id: newId() })).toMatchObject({ approvals: [], total: 0 });
    expect(await list({ run_id: runs.full ?? "", project_id: "globex" })).toMatchObject({
      total: 0,
    });
    expect(await list({ run_id: "1" })).toMatchObject({ status: 422, code: "E-INPUT" });
  });

  test("only visible ones; an invisible project looks like none", async () => {
    const acme = caller({ projects: ["acme"] });
    expect(names(await list({}, { caller: acme }))).toEqual(["plain", "rich"]);
    expect(await list({ project_id: "globex" }, { caller: acme })).toEqual(
      await list({ project_id: "nowhere" }, { caller: acme }),
    );
    expect(await list({ run_id: runs.foreign ?? "" }, { caller: acme })).toMatchObject({
      total: 0,
    });
  });

  test("of several projects, oldest first", async () => {
    const both = caller({ projects: ["globex", "acme"] });
    expect(names(await list({}, { caller: both }))).toEqual(["plain", "foreign", "rich"]);
    expect((await list()).total).toBe(43);
  });

  test("an agent's key is refused", async () => {
    const agent = caller({ role: "agent", projects: ["acme"], agentId: "disk-janitor" });
    expect(await list({}, { caller: agent })).toMatchObject({ status: 403, code: "E-FORBIDDEN" });
  });
});

test("what was decided or has ended is told newest first, and is no open question", async () => {
  const closed = await list({ status: "closed" });
  expect(names(closed)).toEqual(["expired", "answered"]);
  expect(closed).toMatchObject({
    total: 2,
    approvals: [{ status: "expired" }, { status: "rejected", decided_at: at("07") }],
  });
  const [first] = ids(closed);
  const { next_cursor: cursor } = await list({ status: "closed", limit: 1 });
  expect(ids(await list({ status: "closed", limit: 1, cursor }))).not.toContain(first);
  expect(await list({ status: "closed", project_id: "globex" })).toMatchObject({ total: 0 });
});

test("what happens next while nobody answers is said", async () => {
  const { approvals } = await list({ project_id: "globex" });
  expect(approvals[0].next_step).toEqual({ at: at("30"), to_group: "dba" });
});

describe("paging", () => {
  const everything = async (limit: number, as: Caller) => {
    const seen: string[] = [];
    let answer = await list({ limit }, { caller: as });
    for (;;) {
      seen.push(...ids(answer));
      expect(answer.total).toBe(43);
      if (answer.next_cursor === null) return seen;
      answer = await list({ limit, cursor: answer.next_cursor }, { caller: as });
    }
  };

  test("any size, whoever sees all: the same questions in the same order, none twice", async () => {
    const whole = ids(await list({ limit: 200 }));
    expect(new Set(whole).size).toBe(43);
    const everyone = [caller(), caller({ projects: ["many", "acme", "globex", "acme"] })];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(...everyone),
        async (limit, as) => {
          expect(await everything(limit, as)).toEqual(whole);
        },
      ),
      { numRuns: 10, seed: 3 },
    );
  });

  test("a cursor serves only its list, filters and caller", async () => {
    const { next_cursor: cursor } = await list({ project_id: "many", limit: 3 });
    expect((await list({ project_id: "many", cursor })).approvals).toHaveLength(37);
    for (const moved of [
      await list({ cursor }),
      await list({ project_id: "acme", cursor }),
      await list({ project_id: "many", run_id: runs.many ?? "", cursor }),
      await list({ project_id: "many", cursor }, { caller: caller({ keyId: "k2" }) }),
    ]) {
      expect(moved).toMatchObject({ status: 422, code: "E-CURSOR" });
    }
  });
});
