import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Approved,
  type ExactBench,
  openExactBench,
  refused,
} from "../../test/support/approved-calls.ts";
import { waiting } from "../../test/support/calls.ts";
import { seedActiveRevision, seedProject } from "../../test/support/fixtures.ts";
import { agentBodySchema, readAgent, readRevision } from "../contracts/index.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import { createRun } from "../runs/index.ts";
import { exactCallOf } from "./arguments.ts";
import { decide, redeem } from "./index.ts";
import type { ApprovalRow } from "./queries.ts";
import type { ExactCall } from "./rules.ts";
import { currentKey, rotateSigningKey } from "./signing-keys.ts";

/** An approval is good once, in time, and in its own project. */

const MANY = 100;
const SECOND = "interval '1 second'";

let bench: ExactBench;

beforeAll(async () => {
  bench = await openExactBench();
});
afterAll(() => bench?.close());

/** Signs what the question says now, as the release before this one did if it is `former`. */
async function signAnew({ approvalId }: Approved, how: "as now" | "former"): Promise<string> {
  const row = await bench.questionRow(approvalId);
  const { revisionId, ...former } = exactCallOf(row);
  const call = how === "former" ? former : { ...former, revisionId };
  const claims = how === "former" ? { call } : { call, redeem_by: row.redeem_by };
  return bench.deps.db.transaction({ role: "system" }, async (tx) => {
    const { kid, key } = await currentKey(tx, bench.deps.sealer);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: "EdDSA", kid, typ: "awooop-approval+jwt" })
      .setIssuer("awooop")
      .setAudience("awooop:execute")
      .setSubject(approvalId)
      .setJti(row.jti as string)
      .setExpirationTime(new Date(row.redeem_by as string))
      .sign(key);
  });
}

/** Moves the approval's end, in its row and under a signature that holds. */
async function moveEnd(question: Approved, end: string): Promise<void> {
  await bench.setRow(question, `redeem_by = ${end}`);
  await bench.setRow(question, `token = '${await signAnew(question, "as now")}'`);
}

/** Tries to redeem in a transaction of its own, with what was read of the question before. */
async function tryRedeem(db: Database, row: ApprovalRow): Promise<string> {
  try {
    await db.transaction({ role: "app", projects: [row.project_id] }, (tx) =>
      redeem(tx, bench.deps.signer, row, exactCallOf(row), newId()),
    );
    return "redeemed";
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

describe("an approval whose time is over", () => {
  it("by one second is refused, named and unnamed, and told once", async () => {
    const question = await bench.approved();
    await moveEnd(question, `clock_timestamp() - ${SECOND}`);
    const late = { kind: "blocked", gate: 5, code: "E-APPR-EXPIRED" };
    const outcome = await bench.call(question.run, "take", { mark: question.mark });
    expect(outcome).toMatchObject(late);
    const { callId } = outcome as { callId: string };
    expect(await bench.recorded(callId)).toEqual(refused(question, "E-APPR-EXPIRED"));
    // Told: whoever names it again hears that there is nothing left of it.
    await bench.expectRefused(question, "E-APPR-USED");
    const named = await bench.approved();
    await moveEnd(named, `clock_timestamp() - ${SECOND}`);
    await bench.expectRefused(named, "E-APPR-EXPIRED");
    expect([bench.timesRun(question), bench.timesRun(named)]).toEqual([0, 0]);
  });

  it("is executed a while before its end", async () => {
    const question = await bench.approved();
    await moveEnd(question, "clock_timestamp() + interval '1 minute'");
    expect(await bench.callNamed(question)).toMatchObject({ kind: "result" });
    expect(bench.timesRun(question)).toBe(1);
  });

  it("is refused by the redemption itself, though it was read before its end", async () => {
    const question = await bench.approved();
    const row = await bench.questionRow(question.approvalId);
    await bench.setRow(question, `redeem_by = clock_timestamp() - ${SECOND}`);
    expect(await tryRedeem(bench.deps.db, row)).toBe("E-APPR-EXPIRED");
  });
});

describe("a token of the release before this one", () => {
  it("is good for its call", async () => {
    const question = await bench.approved();
    await bench.setRow(question, `token = '${await signAnew(question, "former")}'`);
    expect(await bench.callNamed(question)).toMatchObject({ kind: "result" });
    await bench.expectRefused(question, "E-APPR-USED");
  });

  it("is over with its second, whatever the row says", async () => {
    const question = await bench.approved();
    await bench.setRow(question, `redeem_by = clock_timestamp() - 2 * ${SECOND}`);
    const token = await signAnew(question, "former");
    const soon = "clock_timestamp() + interval '1 hour'";
    await bench.setRow(question, `token = '${token}', redeem_by = ${soon}`);
    await bench.expectRefused(question, "E-APPR-EXPIRED");
  });
});

describe("a token of another tenant", () => {
  /** The same question in another project, approved there. */
  async function approvedAbroad() {
    const { deps } = bench;
    const project = `tenant-${newId()}`;
    const scope = { role: "app", projects: [project] } as const;
    await deps.db.transaction({ role: "platform" }, (tx) =>
      seedProject(tx, { project_id: project }),
    );
    const server = { transport: "http", url: bench.upstream.url };
    const tools = [{ server: "shelf", tool: "take", effect: "write" }];
    const body = agentBodySchema.parse({ display_name: "A", driver: "client", tools });
    const run = await deps.db.transaction(scope, async (tx) => {
      const of = { project_id: project };
      const made = { ...of, contract_id: "shelf", contract_family: "tool_server", body: server };
      await seedActiveRevision(tx, made);
      const agent = { ...of, contract_id: "agent", contract_family: "agent", body };
      const { revision_id } = await seedActiveRevision(tx, agent);
      const revision = await readRevision(tx, project, revision_id);
      if (!revision) throw new Error("the revision is not there");
      return createRun(tx, deps.effects, {
        projectId: project,
        agent: readAgent(revision),
        driver: "client",
        isShadow: false,
        title: "test",
        triggerType: "client",
        actor: { kind: "agent", id: "agent" },
        openedBy: "key",
      });
    });
    const mark = newId();
    const more = { projectId: project, keyId: "key" };
    const unnamed = { ...more, approvalId: undefined };
    const { approvalId } = await waiting(
      bench.callNamed({ run, mark, approvalId: "" }, unnamed as never),
    );
    const approver = { kind: "key", id: "op" } as const;
    await decide(deps, {
      scope,
      projectId: project,
      runId: run.run_id,
      decision: "approve",
      reason: "",
      approver,
      via: { keyId: "op", actor: approver },
      surface: "api",
    });
    return { question: { run, mark, approvalId }, more, project };
  }

  it("is refused, named from there or put into the row", async () => {
    const mine = await bench.approved();
    const abroad = await approvedAbroad();
    const { approvalId } = mine;
    const outcome = await bench.callNamed({ ...abroad.question, approvalId }, abroad.more);
    expect(outcome).toMatchObject({ kind: "blocked", gate: 5, code: "E-APPR-MISMATCH" });
    const { callId } = outcome as { callId: string };
    expect(await bench.recorded(callId, abroad.project)).toMatchObject({
      row: { block_code: "E-APPR-MISMATCH" },
      audits: [{ action: "call.refuse", code: "E-APPR-MISMATCH" }],
    });
    const { token, jti } = await bench.questionRow(approvalId);
    await bench.setRow(abroad.question, `token = '${token}', jti = '${jti}'`);
    expect(await bench.callNamed(abroad.question, abroad.more)).toMatchObject({
      kind: "blocked",
      code: "E-APPR-MISMATCH",
    });
    expect(bench.timesRun(abroad.question)).toBe(0);
    expect(await bench.callNamed(mine)).toMatchObject({ kind: "result" });
  });
});

describe("a hundred redemptions at once, from two pools", () => {
  const pools = () =>
    Array.from({ length: MANY }, (_, at) => [bench.deps.db, bench.elsewhere][at % 2] as Database);

  it("execute one call; all others are refused, and recorded so", async () => {
    const question = await bench.approved();
    const outcomes = await Promise.all(pools().map((db) => bench.callNamed(question, {}, db)));
    expect(outcomes.filter(({ kind }) => kind === "result")).toHaveLength(1);
    const others = outcomes.filter(({ kind }) => kind !== "result") as { callId: string }[];
    expect(others).toHaveLength(MANY - 1);
    for (const { callId } of others)
      expect(await bench.recorded(callId)).toEqual(refused(question, "E-APPR-USED"));
    expect(bench.timesRun(question)).toBe(1);
  });

  it("that have all read it as unused redeem it once", async () => {
    const question = await bench.approved();
    const row = await bench.questionRow(question.approvalId);
    const codes = await Promise.all(pools().map((db) => tryRedeem(db, row)));
    expect(codes.toSorted()).toEqual([...Array(MANY - 1).fill("E-APPR-USED"), "redeemed"]);
  });

  it("of a call that names no question execute it once, and tell each of the rest of that", async () => {
    const question = await bench.approved();
    const unnamed = { approvalId: undefined } as never;
    const outcomes = await Promise.all(pools().map((db) => bench.callNamed(question, unnamed, db)));
    const told = outcomes.filter(({ kind }) => kind === "result");
    expect(new Set(told.map(({ callId }) => callId)).size).toBe(1);
    for (const outcome of outcomes)
      if (outcome.kind !== "result")
        expect(outcome).toMatchObject({ kind: "blocked", code: "E-APPR-USED" });
    expect(bench.timesRun(question)).toBe(1);
  });
});

describe("a key that has been rotated", () => {
  it("signs no more, and what it has signed still holds, under its own name", async () => {
    const { deps } = bench;
    const before = await bench.approved();
    const moved = await bench.approved();
    const two = await Promise.all([
      rotateSigningKey(deps.db, deps.sealer, { kind: "key", id: "admin" }),
      rotateSigningKey(bench.elsewhere, deps.sealer, { kind: "key", id: "admin" }),
    ]);
    expect(new Set(two.map(({ kid }) => kid)).size).toBe(2);
    const after = await bench.approved();
    const kids = await Promise.all(
      [before, after].map(async ({ approvalId }) => {
        const { token } = await bench.questionRow(approvalId);
        return decodeProtectedHeader(token as string).kid as string;
      }),
    );
    const [former, current] = kids as [string, string];
    expect(two.flatMap(({ retired }) => retired)).toContain(former);
    expect(two.map(({ kid }) => kid)).toContain(current);
    const { token } = await bench.questionRow(moved.approvalId);
    const [, body, signature] = (token as string).split(".");
    const head = { ...decodeProtectedHeader(token as string), kid: current };
    const renamed = `${Buffer.from(JSON.stringify(head)).toString("base64url")}.${body}.${signature}`;
    await bench.setRow(moved, `token = '${renamed}'`);
    await bench.expectRefused(moved, "E-APPR-MISMATCH");
    for (const question of [before, after])
      expect(await bench.callNamed(question)).toMatchObject({ kind: "result" });
    expect(decodeJwt<{ call: ExactCall }>(token as string).call.runId).toBe(moved.run.run_id);
  });
});
