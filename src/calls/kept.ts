import { type Selectable, sql } from "kysely";
import type { ApprovalRow } from "../approvals/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, DB, Tx } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { CallDeps } from "./deps.ts";
import type { KeptRef, SettledOutcome } from "./outcome.ts";

/** How long the end of a call is kept for a client that has not been told of it. */
export const KEPT_HOURS = 24;

const contextOf = ({ projectId, approvalId }: KeptRef) =>
  `task_outcomes/${projectId}/${approvalId}`;

/** Keeps how an approved call ended, sealed, in the transaction that records it; what is kept already stands. */
export async function keepOutcome(
  tx: Tx,
  sealer: Sealer,
  ref: KeptRef,
  outcome: SettledOutcome,
): Promise<void> {
  const box = sealer.seal(JSON.stringify(outcome), contextOf(ref));
  await sql`
    insert into task_outcomes as t (project_id, approval_id, run_id, ended_at, outcome)
    values (${ref.projectId}, ${ref.approvalId}, ${ref.runId}, clock_timestamp(), ${box})
    on conflict (project_id, approval_id) do update set ended_at = excluded.ended_at, outcome = excluded.outcome
    where t.ended_at is null`.execute(tx);
  await announce(tx, { project_id: ref.projectId, kind: "approval", id: ref.approvalId });
}

/** The call whose end was kept, as its row says. */
interface EndedCall {
  call_id: string;
  result_status: string;
}

const MADE = ["success", "error", "unknown"];

/** How a call ended. Where that can't be read any more, for its key is gone, it is said that it can't, and whether it was made. */
export function openOutcome(
  sealer: Pick<Sealer, "open">,
  ref: KeptRef,
  box: Buffer,
  { call_id: callId, result_status }: EndedCall,
): SettledOutcome {
  try {
    return JSON.parse(sealer.open(box, contextOf(ref))) as SettledOutcome;
  } catch {
    const sent = MADE.includes(result_status);
    const reason = sent
      ? `The call was made (${result_status}), but its result can't be read any more: the key that it was kept under is gone. It is not made again by itself; look before you repeat it.`
      : "The call was not made; why not can't be read any more: the key that it was kept under is gone.";
    return { kind: "error", callId, code: "E-CALL-RESULT", reason, sent };
  }
}

/** What has become of the call that was made under an approval, as far as its client has not been told. */
export type Untold =
  | { kind: "ended"; outcome: SettledOutcome }
  | { kind: "executing" | "unknown"; callId: string };

/** @returns undefined where the client has been told, or there is nothing left to tell */
export async function readUntold(
  tx: Tx,
  sealer: Pick<Sealer, "open">,
  question: ApprovalRow,
): Promise<Untold | undefined> {
  const { project_id: projectId, run_id: runId, approval_id: approvalId } = question;
  if (question.redeemed_call_id === null) return undefined;
  const { rows } = await sql<
    Pick<Selectable<DB["mcp_calls"]>, "call_id" | "result_status"> & { outcome: Buffer | null }
  >`
    select c.call_id, c.result_status, t.outcome from mcp_calls c
      left join task_outcomes t on t.project_id = c.project_id and t.approval_id = ${approvalId}
    where c.project_id = ${projectId} and c.call_id = ${question.redeemed_call_id} and t.delivered_at is null
      and coalesce(t.ended_at, c.completed_at, clock_timestamp()) > clock_timestamp() - make_interval(hours => ${KEPT_HOURS})`.execute(
    tx,
  );
  const [row] = rows;
  if (!row) return undefined;
  const { call_id: callId, result_status: kind, outcome: box } = row;
  if (box !== null) {
    const outcome = openOutcome(sealer, { projectId, runId, approvalId }, box, row);
    return { kind: "ended", outcome };
  }
  return kind === "executing" || kind === "unknown" ? { kind, callId } : undefined;
}

/**
 * Notes that the end of a call has been sent to its client whole: the next identical call is a new one.
 *
 * @param isFetched the client may fetch it again (a task's), so that it stays for its day
 */
export async function writeDelivered(
  db: Database,
  ref: KeptRef,
  { isFetched = false } = {},
): Promise<void> {
  await db.transaction({ role: "app", projects: [ref.projectId] }, async (tx) => {
    await sql`
      insert into task_outcomes as t (project_id, approval_id, run_id, ended_at, delivered_at)
      values (${ref.projectId}, ${ref.approvalId}, ${ref.runId}, clock_timestamp(), clock_timestamp())
      on conflict (project_id, approval_id) do update set delivered_at = excluded.delivered_at,
        outcome = case when ${isFetched} then t.outcome end
      where t.delivered_at is null`.execute(tx);
  });
}

/** As `writeDelivered`, not waited for: where it can't be written, the client is told once more. */
export function noteDelivered({ db, log }: Pick<CallDeps, "db" | "log">, kept: KeptRef): void {
  writeDelivered(db, kept).catch((error: unknown) => {
    log.warn({ err: error, approval: kept.approvalId }, "a delivery could not be noted");
  });
}

const BATCH = 500;

/** Forgets the results that were kept for clients, a day after each call's end. */
export async function forgetOutcomes(db: Database): Promise<void> {
  // Not `clock_timestamp()`, for which an index can't be searched.
  const isOld = sql<boolean>`outcome is not null and ended_at <= now() - make_interval(hours => ${KEPT_HOURS})`;
  const { rows } = await db.transaction({ role: "system" }, (tx) =>
    sql<{ project_id: string; ids: string[] }>`
      select project_id, array_agg(approval_id) as ids from (
        select project_id, approval_id from task_outcomes where ${isOld} order by ended_at limit ${BATCH}) as old
      group by project_id`.execute(tx),
  );
  await inTurn(rows, ({ project_id, ids }) =>
    db.transaction({ role: "app", projects: [project_id] }, (tx) =>
      sql`update task_outcomes set outcome = null
        where project_id = ${project_id} and approval_id = any (${ids}::uuid[]) and ${isOld}`.execute(
        tx,
      ),
    ),
  );
}
