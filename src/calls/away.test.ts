import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench } from "../../test/support/calls.ts";
import { type PgProxy, startPgProxy } from "../../test/support/pg-proxy.ts";
import { waitFor } from "../../test/support/wait.ts";
import { type Database, openDatabase } from "../platform/database/index.ts";
import { Unreachable } from "../platform/database/unreachable.ts";
import { createLog } from "../platform/log.ts";
import type { RunRow } from "../runs/index.ts";
import { type CallOutcome, createLedger, makeCall } from "./index.ts";

/** Calls of a client while the database goes away. */

let bench: ShopBench;
let proxy: PgProxy;
let db: Database;
let deps: ShopBench["deps"];

beforeAll(async () => {
  bench = await openShopBench();
  proxy = await startPgProxy(bench.databaseUrl);
  const log = createLog("silent");
  db = openDatabase({ url: proxy.url, log });
  deps = { ...bench.deps, db, ledger: createLedger({ db, log, patienceMs: 300 }) };
});
afterAll(async () => {
  await db?.close();
  await proxy?.close();
  await bench?.close();
});

const ran = () => bench.upstream.tools.ran.get("echo") ?? 0;

/** A run that may let the shop say something, which it has done once. */
async function openRun(effect: "read" | "write"): Promise<RunRow> {
  const run = await bench.openEchoRun({ effect, approval: "never" });
  await bench.call(run, "echo", { text: "first" });
  return run;
}

/** The outcome of a call, whose `run` is known on the short way and not on the long one. */
function call(run: RunRow, way: "short" | "long"): Promise<CallOutcome> {
  const of = { projectId: PROJECT, runId: run.run_id, callKey: "mcp", keyId: run.opened_by ?? "" };
  const more = way === "short" ? { run } : {};
  return makeCall(deps, { ...of, tool: "echo", args: { text: way }, ...more });
}

/** Makes a call during which the database goes away: after the shop was asked, and before it answers. */
async function callAndLose(run: RunRow, way: "short" | "long"): Promise<CallOutcome> {
  const { tools } = bench.upstream;
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = ran();
  tools.until = promise;
  const outcome = call(run, way);
  const isAsked = async () => ran() > asked;
  await waitFor(isAsked, { timeoutMs: 15_000, what: "the shop to be asked" });
  await proxy.close();
  delete tools.until;
  resolve();
  try {
    return await outcome;
  } finally {
    await proxy.reopen();
  }
}

describe.each(["short", "long"] as const)("when the database goes away, on the %s way", (way) => {
  it("a write that was sent is one whose fate nobody knows, in the record as well", async () => {
    const outcome = await callAndLose(await openRun("write"), way);
    expect(outcome).toMatchObject({
      kind: "unknown",
      code: "E-CALL-UNKNOWN",
      reason: expect.stringMatching(/^The database can't be reached.*look before you repeat it/),
    });
    expect(await bench.callRow(outcome.callId)).toMatchObject({ result_status: "executing" });
  });

  it("a read may be made again", async () => {
    const run = await openRun("read");
    await expect(callAndLose(run, way)).rejects.toThrow(Unreachable);
    expect(await call(run, way)).toMatchObject({ kind: "result" });
  });

  it("a write is not sent", async () => {
    const run = await openRun("write");
    const asked = ran();
    await proxy.close();
    await expect(call(run, way)).rejects.toThrow(Unreachable);
    await proxy.reopen();
    expect(ran()).toBe(asked);
    expect(await call(run, way)).toMatchObject({ kind: "result" });
  });
});
