import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keySetRoutes, recordRoutes } from "../../src/approvals/index.ts";
import { canonicalHash } from "../../src/platform/canonical.ts";
import type { RunRow } from "../../src/runs/index.ts";
import { openShopBench, type ShopBench, waiting } from "../../test/support/calls.ts";
import { ask, caller } from "../../test/support/fixtures.ts";
import { verifyRecord } from "./verify.ts";

/** The record of a decision, from the database alone, and the script that believes it or does not. */

const SCRIPT = fileURLToPath(new URL("verify.ts", import.meta.url));

let bench: ShopBench;
let folder: string;

beforeAll(async () => {
  bench = await openShopBench();
  folder = await mkdtemp(join(tmpdir(), "awooop-record-"));
});
afterAll(async () => {
  await bench?.close();
  await rm(folder, { recursive: true, force: true });
});

type Keys = Parameters<typeof verifyRecord>[1];
type Payload = Record<string, unknown> & { decisions: Record<string, unknown>[] };

const get = (approvalId: string, as: Parameters<typeof caller>[0] = {}, query = "") =>
  ask(recordRoutes(bench.deps), `/approvals/${approvalId}/record${query}`, { caller: caller(as) });

/** The record as it stands in a file, and what it holds. */
async function recordOf(approvalId: string): Promise<{ text: string; payload: Payload }> {
  const { status, body } = await get(approvalId);
  expect(status).toBe(200);
  const { payload } = body as { payload: string };
  const text = `${JSON.stringify(body)}\n`;
  return { text, payload: JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) };
}

/** The public keys, as everybody is told them. */
async function keySet(): Promise<Keys> {
  const answer = await keySetRoutes(bench.deps).request("/jwks.json");
  return ((await answer.json()) as { keys: Keys }).keys;
}

async function asked(
  text: string,
  grant: object = {},
): Promise<{ run: RunRow; approvalId: string }> {
  const run = await bench.openEchoRun(grant);
  const { approvalId } = await waiting(bench.call(run, "echo", { text }));
  return { run, approvalId };
}

const person = (id: string) => ({ approver: { kind: "key", id } as const });

/** A call that one person has edited and another approved, and that was made. */
async function executedAsEdited() {
  const args = { text: "half", password: "hunter2hunter2" };
  const run = await bench.openEchoRun({ quorum: 2 });
  const { approvalId } = await waiting(bench.call(run, "echo", { text: "everything" }));
  await bench.decide(run, "edit", "not all of it", {
    ...person("eve"),
    args,
    surface: "console",
  });
  const argsHash = canonicalHash(args);
  await bench.decide(run, "approve", "", { ...person("ada"), argsHash, surface: "cli" });
  const outcome = await bench.call(run, "echo", { text: "everything" });
  const { callId } = outcome as { callId: string };
  return { run, approvalId, callId, argsHash };
}

describe("the record of a call that was made", () => {
  it("answers who, when, how, seeing what, allowed by what, about which bytes, and what came of it", async () => {
    const { run, approvalId, callId, argsHash } = await executedAsEdited();
    const { text, payload } = await recordOf(approvalId);
    const call = await bench.callRow(callId);
    expect(payload).toMatchObject({
      schema: "awooop-decision-record/1",
      status: "approved",
      question: { approval_id: approvalId, run_id: run.run_id, server: "shop", tool: "echo" },
      arguments: {
        asked_hash: canonicalHash({ text: "everything" }),
        approved_hash: argsHash,
        asked: { text: "everything" },
        edited: { text: "half", password: "[redacted]" },
      },
      decisions: [
        {
          decision: "edit",
          actor: { kind: "key", id: "eve" },
          surface: "console",
          reason: "not all of it",
          at: expect.stringMatching(/Z$/),
          args_hash_confirmed: false,
          seen: { arguments: { text: "everything" }, decisions: [], status: "open" },
        },
        {
          decision: "approve",
          actor: { kind: "key", id: "ada" },
          surface: "cli",
          counted: true,
          allowed_by: { role: "operator", group: null, delegated_by: null, separation: false },
          args_hash_confirmed: true,
          seen: { arguments: { text: "half" }, args_hash: argsHash, decisions: [{ actor: "eve" }] },
        },
      ],
      approval: { redemption: { call_id: callId, args_hash: argsHash } },
      outcome: {
        call_id: callId,
        status: "success",
        args_hash: argsHash,
        result_hash: call.result_hash,
        ended_at: call.completed_at,
      },
      calls: [{ part: "asked" }, { part: "executed", call_id: callId }],
    });
    expect(text + JSON.stringify(payload)).not.toContain("hunter2");
    const { jti, revision_id } = await bench.approvalRow(approvalId);
    expect(payload).toMatchObject({ approval: { jti }, contract: { revision_id } });
    const told = verifyRecord(text, await keySet());
    for (const words of [
      "The record holds.",
      "eve decided edit in the console",
      "ada decided approve in the cli",
      "saying “not all of it”",
      argsHash,
      `executed as call ${callId}`,
      "it ended as success",
    ])
      expect(told).toContain(words);
  });

  it("is verified by the script with the public keys alone", async () => {
    const { run, approvalId } = await asked("hello");
    await bench.decide(run, "approve");
    await bench.call(run, "echo", { text: "hello" });
    const { text } = await recordOf(approvalId);
    const [good, bad, keys] = ["good.json", "bad.json", "jwks.json"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    await writeFile(good, text);
    await writeFile(
      bad,
      text.replace(/.{9}"}\n$/, (end) =>
        end.replace(/[A-Za-z]/, (sign) => (sign === "A" ? "B" : "A")),
      ),
    );
    await writeFile(keys, JSON.stringify({ keys: await keySet() }));
    const script = (record: string) =>
      promisify(execFile)(process.execPath, [SCRIPT, record, keys], { env: { PATH: "" } });
    expect((await script(good)).stdout).toContain("The record holds.");
    await expect(script(bad)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no valid record/),
    });
  });

  it("does not hold when any byte of it was changed", async () => {
    const { run, approvalId } = await asked("bytes");
    await bench.decide(run, "approve");
    await bench.call(run, "echo", { text: "bytes" });
    const { text } = await recordOf(approvalId);
    const keys = await keySet();
    verifyRecord(text, keys);
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] = (bytes[at] as number) ^ change;
        expect(() => verifyRecord(changed.toString("latin1"), keys)).toThrow();
      }),
      { numRuns: 1_000 },
    );
    expect(() => verifyRecord(text.slice(0, -2), keys)).toThrow();
  });
});

describe("a record", () => {
  it("tells how a question stands or ended", async () => {
    const open = await asked("open");
    const rejected = await asked("rejected", { on_reject: "return" });
    await bench.decide(rejected.run, "reject", "too much");
    await bench.call(rejected.run, "echo", { text: "rejected" });
    const changes = await asked("changes");
    await bench.decide(changes.run, "request_changes", "only half");
    const unused = await asked("unused");
    await bench.decide(unused.run, "approve");
    const keys = await keySet();
    const ofAll = await Promise.all(
      [open, rejected, changes, unused].map(({ approvalId }) => recordOf(approvalId)),
    );
    expect(ofAll.map(({ payload }) => payload.status)).toEqual([
      "open",
      "rejected",
      "changes_requested",
      "approved",
    ]);
    const told = ofAll.map(({ text }) => verifyRecord(text, keys));
    expect(told[0]).toContain("Nothing was executed: the question is open.");
    expect(told[1]).toMatch(
      /decided reject in the api, saying “too much”[\s\S]*refused call .*: E-APPR-REJECTED/,
    );
    expect(told[2]).toContain("saying “only half”");
    expect(told[3]).toContain("Nothing was executed so far; it may be until");
  });

  it("goes on to hold when what was seen has been erased, and says so", async () => {
    const { run, approvalId } = await asked("erased");
    await bench.decide(run, "approve");
    await bench.asAdmin(`delete from approval_seen where run_id = '${run.run_id}'`);
    const { text, payload } = await recordOf(approvalId);
    expect(payload.decisions).toMatchObject([
      { seen: null, seen_hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(verifyRecord(text, await keySet())).toContain("what was shown has been erased");
  });

  it.each([
    ["the arguments", "update approvals set approved_hash = repeat('0', 64) where"],
    ["the tool", "update approvals set tool_name = 'other' where"],
    ["the contract", "update approvals set contract_hash = 'x' where"],
    ["the end", "update approvals set redeem_by = redeem_by + interval '1 hour' where"],
    ["what was executed", "update approval_redemptions set args_hash = 'x' where"],
    [
      "what was seen",
      'update approval_seen set content = content || \'{"headline": "Nothing"}\' where',
    ],
  ])("shows that the database was changed after the decision: %s", async (_what, statement) => {
    const { run, approvalId } = await asked("changed");
    await bench.decide(run, "approve");
    await bench.call(run, "echo", { text: "changed" });
    await bench.asAdmin(`${statement} run_id = '${run.run_id}'`);
    const { text } = await recordOf(approvalId);
    const keys = await keySet();
    expect(() => verifyRecord(text, keys)).toThrow(
      /was signed for another|other arguments|was changed/,
    );
  });

  it("is nobody's whose project it is not, and no agent's", async () => {
    const { approvalId } = await asked("mine");
    const unknown = await get(crypto.randomUUID());
    expect(unknown).toMatchObject({ status: 404, body: { code: "E-NOT-FOUND" } });
    expect(await get(approvalId, { projects: ["globex"] })).toEqual(unknown);
    expect(await get(approvalId, {}, "?project_id=globex")).toEqual(unknown);
    expect(await get(approvalId, { projects: ["acme"] }, "?project_id=acme")).toMatchObject({
      status: 200,
    });
    expect(await get(approvalId, { role: "agent" })).toMatchObject({ status: 403 });
    expect(await get("x")).toMatchObject({ status: 422 });
  });
});

describe("a key that was rotated", () => {
  const rotate = (as: Parameters<typeof caller>[0]) =>
    ask(recordRoutes(bench.deps), "/signing-keys/rotate", { caller: caller(as), body: {} });

  it("goes on verifying what it signed, and nothing later", async () => {
    const { run, approvalId } = await asked("rotated");
    await bench.decide(run, "approve");
    const before = await recordOf(approvalId);
    expect(await rotate({ role: "admin", projects: ["acme"] })).toMatchObject({ status: 403 });
    expect(await rotate({ role: "operator" })).toMatchObject({ status: 403 });
    const { status, body } = await rotate({ role: "admin" });
    expect(status).toBe(201);
    const { kid, retired } = body as { kid: string; retired: string[] };
    await bench.call(run, "echo", { text: "rotated" });
    const after = await recordOf(approvalId);
    const keys = await keySet();
    expect(keys.map((key) => key.kid)).toEqual([kid, ...retired]);
    expect(verifyRecord(before.text, keys)).toContain(`signed by key ${retired[0]}`);
    expect(verifyRecord(after.text, keys)).toContain(`signed by key ${kid}`);
    expect(() => verifyRecord(after.text, keys.slice(1))).toThrow(/no public key/);
    // The approval was signed by the former key.
    expect(() => verifyRecord(after.text, keys.slice(0, 1))).toThrow(/no public key/);
    const past = keys.map((key) => ({ ...key, exp: 1_000 }));
    expect(() => verifyRecord(before.text, past)).toThrow(/after its key was retired/);
    expect(keys.every((key) => !("d" in key))).toBe(true);
  });

  it("is noted in the platform's audit log", async () => {
    const rows = await bench.asAdmin(
      "select actor_id, details from awooop.audit_log where action = 'signing_key.rotate'",
    );
    expect(rows).toEqual([{ actor_id: "op-1", details: { retired: [expect.any(String)] } }]);
  });
});
