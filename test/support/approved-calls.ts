import { expect } from "vitest";
import { type ApprovalRow, lockApproval } from "../../src/approvals/index.ts";
import { type CallOutcome, type CallRequest, makeCall } from "../../src/calls/index.ts";
import { type Database, openDatabase } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import type { RunRow } from "../../src/runs/index.ts";
import { KEY_ID, openCallBench, PROJECT, waiting } from "./calls.ts";
import { serveRecording } from "./mcp/recording-server.ts";

/** A call that a person has approved and nobody has made. */
export interface Approved {
  run: RunRow;
  approvalId: string;
  /** In the arguments, so that the call is found again on the wire. */
  mark: string;
}

const TOOLS = ["take", "give"].map((tool) => ({ server: "shelf", tool, effect: "write" }));

/** A bench for approved calls, whose tool server `shelf` keeps what it is sent. */
export async function openExactBench() {
  const bench = await openCallBench();
  const upstream = await serveRecording(["take", "give"]);
  /** Another process has a pool of its own. */
  const elsewhere = openDatabase({ url: bench.databaseUrl, log: bench.deps.log });
  await bench.putContract("tool_server", "shelf", { transport: "http", url: upstream.url });
  return {
    ...bench,
    ...asking(bench),
    ...logs(bench),
    upstream,
    elsewhere,
    timesRun: ({ mark }: Approved) => upstream.bodies.filter((body) => body.includes(mark)).length,
    questionRow: (approvalId: string) =>
      bench.asTenant(async (tx) => (await lockApproval(tx, PROJECT, approvalId)) as ApprovalRow),
    /** Changes a question past the server, as somebody would who can write into the database. */
    setRow: ({ approvalId }: Approved, assignments: string) =>
      bench.asAdmin(`update approvals set ${assignments} where approval_id = '${approvalId}'`),
    /** The call is refused with this code, which stands in both logs, and nothing reaches the tool server. */
    async expectRefused(
      question: Approved,
      code: string,
      more: Partial<CallRequest> = {},
    ): Promise<void> {
      const before = upstream.bodies.length;
      const outcome = await asking(bench).callNamed(question, more);
      expect(outcome).toMatchObject({ kind: "blocked", gate: 5, code });
      const { callId } = outcome as { callId: string };
      expect(await logs(bench).recorded(callId)).toEqual(refused(question, code));
      expect(upstream.bodies).toHaveLength(before);
    },
    async close() {
      await elsewhere.close();
      await bench.close();
      await upstream.close();
    },
  };
}

type CallBench = Awaited<ReturnType<typeof openCallBench>>;

function asking(bench: CallBench) {
  return {
    /** A call that a person has approved and nobody has made. */
    async approved(): Promise<Approved> {
      const run = await bench.openRun({ tools: TOOLS } as never);
      const mark = newId();
      const { approvalId } = await waiting(bench.call(run, "take", { mark }));
      await bench.decide(run, "approve");
      return { run, approvalId, mark };
    },
    /** Makes the call in the name of its question, with what differs. */
    callNamed(
      { run, mark, approvalId }: Approved,
      more: Partial<CallRequest> = {},
      db: Database = bench.deps.db,
    ): Promise<CallOutcome> {
      const of = { projectId: PROJECT, runId: run.run_id, keyId: KEY_ID, approvalId };
      const said = { callKey: "mcp", tool: "take", args: { mark } };
      return makeCall({ ...bench.deps, db }, { ...of, ...said, ...more });
    },
  };
}

function logs(bench: CallBench) {
  return {
    /** What the log of calls and the audit log say of a refused call. */
    async recorded(callId: string, project = PROJECT) {
      const scope = { role: "app", projects: [project] } as const;
      const { row, audits } = await bench.deps.db.transaction(scope, async (tx) => ({
        row: await tx
          .selectFrom("mcp_calls")
          .select(["result_status", "block_gate", "block_code", "approval_id"])
          .where("call_id", "=", callId)
          .executeTakeFirstOrThrow(),
        audits: await tx
          .selectFrom("audit_log")
          .select(["action", "details"])
          .where("project_id", "=", project)
          .where("subject_kind", "=", "call")
          .where("subject_id", "=", callId)
          .execute(),
      }));
      return {
        row,
        audits: audits.map(({ action, details }) => ({ action, ...(details as object) })),
      };
    },
  };
}

export type ExactBench = Awaited<ReturnType<typeof openExactBench>>;

/** What is recorded of a call that was refused in the name of a question. */
export function refused({ approvalId }: Approved, code: string) {
  return {
    row: { result_status: "blocked", block_gate: 5, block_code: code, approval_id: approvalId },
    audits: [expect.objectContaining({ action: "call.refuse", code, approval_id: approvalId })],
  };
}
