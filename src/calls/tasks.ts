import { sql } from "kysely";
import { askedArguments, voidReason, withdrawQuestion } from "../approvals/index.ts";
import { appendAudit } from "../audit/index.ts";
import { frozenReason } from "../gates/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError, type ErrorCode } from "../platform/errors.ts";
import { touchClientRun } from "../runs/index.ts";
import { readFreeze } from "../tenants/index.ts";
import { makeCall } from "./call.ts";
import type { CallDeps } from "./deps.ts";
import { KEPT_HOURS, keepOutcome, openOutcome, writeDelivered } from "./kept.ts";
import type { CallOutcome, SettledOutcome } from "./outcome.ts";
import { agentActor } from "./question.ts";
import { type TaskRow, type TaskState, taskState } from "./taskstate.ts";

/** One call that waits for a person, by its question; all of them have to fit together. */
interface TaskRef {
  projectId: string;
  runId: string;
  /** A UUID. */
  approvalId: string;
  /** The key that opened the run. */
  keyId: string;
}

/**
 * Calls that wait for a person, for clients that come back to ask. All of it is in the database, so that any process can
 * answer, also after a restart.
 */
export interface Tasks {
  /**
   * How a task stands. Whoever asks first after the decision makes the call, once; if it takes long, it goes on by itself
   * and the task is `executing` meanwhile.
   *
   * @returns undefined for one that the key has not asked for, or that is forgotten
   */
  get(ref: TaskRef): Promise<TaskState | undefined>;
  /**
   * Withdraws the wait: the question is closed and the call is never made. Nothing happens to one that is under way or over.
   *
   * @returns whether there is such a task
   */
  withdraw(ref: TaskRef): Promise<boolean>;
  /** Resolves once no call is under way here any more. */
  idle(): Promise<void>;
}

/** How long a question of a client waits for the call that it sets off, before it says that it is under way. */
const PATIENCE_MS = 5_000;
/** A call is decided about within milliseconds, or its tool server is asked for its tools first. */
const CLAIM_SECONDS = 60;

/** What became of the call stands in its row: another request made it, or it was declared lost. */
const IN_THE_ROW: readonly string[] = ["E-APPR-USED", "E-RUN-FENCED"];

interface FoundTask extends TaskRow {
  agent_id: string;
  server: string;
  tool_name: string;
  call_key: string;
  agent_reason: string | null;
  args_ciphertext: Buffer;
  outcome: Buffer | null;
  is_delivered: boolean;
  is_forgotten: boolean;
}

class TaskKeeper implements Tasks {
  readonly #deps: CallDeps;
  readonly #underWay = new Set<Promise<void>>();

  constructor(deps: CallDeps) {
    this.#deps = deps;
  }

  async get(ref: TaskRef): Promise<TaskState | undefined> {
    const task = await this.#look(ref);
    if (!task) return undefined;
    const state = this.#stateOf(ref, task);
    if (state !== "due") return this.#told(ref, task, state);
    const held = await this.#heldBy(ref, task);
    if (held) return held;
    await this.#make(ref, task);
    const now = await this.#look(ref);
    if (!now) return undefined;
    const { created_at: createdAt, expires_at: knownUntil } = now;
    const then = this.#stateOf(ref, now);
    if (then !== "due") return this.#told(ref, now, then);
    return { status: "executing", createdAt, updatedAt: createdAt, knownUntil };
  }

  /** From now on an identical call is a new one; the task's own end can be fetched as long as it is kept. */
  async #told(ref: TaskRef, task: FoundTask, state: TaskState): Promise<TaskState> {
    if (state.status === "ended" && task.is_redeemed && !task.is_delivered)
      await writeDelivered(this.#deps.db, ref, { isFetched: true });
    return state;
  }

  /** Nothing is made of what is frozen, not even a refusal: that would be the task's end. */
  async #heldBy(ref: TaskRef, task: FoundTask): Promise<TaskState | undefined> {
    const { created_at: createdAt, expires_at: knownUntil, agent_id } = task;
    const freeze = await this.#inProject(ref, (tx) => readFreeze(tx, ref.projectId, agent_id));
    if (!freeze) return undefined;
    const reason = frozenReason(freeze, ref.projectId, agent_id);
    return { status: "held", reason, createdAt, updatedAt: freeze.frozen_at, knownUntil };
  }

  withdraw(ref: TaskRef): Promise<boolean> {
    return this.#inProject(ref, async (tx) => {
      const task = await readTask(tx, ref);
      if (!task || task.is_forgotten) return false;
      const by = { actor: agentActor(task.agent_id), reason: voidReason("call_withdrawn") };
      if (await withdrawQuestion(tx, this.#deps.effects, ref, by)) await endWithdrawn(tx, ref);
      return true;
    });
  }

  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay]);
  }

  #inProject<T>(ref: TaskRef, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.#deps.db.transaction({ role: "app", projects: [ref.projectId] }, work);
  }

  async #look(ref: TaskRef): Promise<FoundTask | undefined> {
    const found = await this.#inProject(ref, (tx) => readTask(tx, ref));
    return found?.is_forgotten ? undefined : found;
  }

  #stateOf(ref: TaskRef, task: FoundTask): TaskState | "due" {
    const { outcome, call } = task;
    const kept = outcome === null ? undefined : openOutcome(this.#deps.sealer, ref, outcome, call);
    return taskState(task, kept);
  }

  /** Makes the call if nobody else does, and waits for it as long as a client may be kept waiting. */
  async #make(ref: TaskRef, task: FoundTask): Promise<void> {
    if (!(await this.#inProject(ref, (tx) => claim(tx, ref)))) return;
    const work = this.#execute(ref, task)
      .catch((error: unknown) => {
        const approval = ref.approvalId;
        this.#deps.log.error({ err: error, approval }, "a task could not be given back");
      })
      .finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
    const { promise: patience, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PATIENCE_MS);
    await Promise.race([work, patience]);
    clearTimeout(timer);
  }

  /** Makes the call; however it ends, that is in the database afterwards. */
  async #execute(ref: TaskRef, task: FoundTask): Promise<void> {
    const { sealer, log } = this.#deps;
    const { projectId, runId, approvalId, keyId } = ref;
    const keep = async (tx: Tx, outcome: SettledOutcome) => {
      if (!isFrozen(outcome)) await keepOutcome(tx, sealer, ref, outcome);
    };
    try {
      const outcome = await makeCall(this.#deps, {
        projectId,
        runId,
        approvalId,
        keyId,
        callKey: task.call_key,
        server: task.server,
        tool: task.tool_name,
        args: sealedArguments(sealer, ref, task),
        agentReason: task.agent_reason ?? undefined,
        onSettled: keep,
      });
      const isElsewhere = outcome.kind === "blocked" && IN_THE_ROW.includes(outcome.code);
      if (outcome.kind !== "waiting" && !isFrozen(outcome) && !isElsewhere) return;
    } catch (error) {
      if (!(error instanceof AppError)) {
        log.error({ err: error, approval: approvalId }, "a task's call failed");
      } else if (!IN_THE_ROW.includes(error.code)) {
        const { code, message: reason } = error;
        const { call_id: callId } = task.call;
        await this.#inProject(ref, async (tx) => {
          await keep(tx, { kind: "error", callId, code, reason, sent: false });
          await auditNotMade(tx, ref, task, code);
        });
        return;
      }
    }
    // Whoever asks next finds in the call's row what became of it, or tries again.
    await this.#inProject(ref, (tx) => giveBack(tx, ref));
  }
}

/** @throws AppError E-APPR-MISMATCH when they can't be opened: they were changed, or their key is gone */
function sealedArguments(sealer: CallDeps["sealer"], ref: TaskRef, task: FoundTask) {
  try {
    return askedArguments(sealer, ref, task.args_ciphertext);
  } catch {
    const reason = "The approved arguments are not as they were sealed.";
    throw new AppError("E-APPR-MISMATCH", reason);
  }
}

function auditNotMade(tx: Tx, ref: TaskRef, task: FoundTask, code: ErrorCode): Promise<void> {
  return appendAudit(tx, {
    projectId: ref.projectId,
    actor: agentActor(task.agent_id),
    action: "call.refuse",
    subject: { kind: "call", id: task.call.call_id },
    details: {
      run_id: ref.runId,
      server: task.server,
      tool: task.tool_name,
      approval_id: ref.approvalId,
      code,
    },
  });
}

const isFrozen = (outcome: CallOutcome) =>
  outcome.kind === "blocked" && outcome.code === "E-FROZEN";

export function createTasks(deps: CallDeps): Tasks {
  return new TaskKeeper(deps);
}

/** Reads a task and notes that its run's client is alive. */
async function readTask(tx: Tx, ref: TaskRef): Promise<FoundTask | undefined> {
  const ended = sql`coalesce(t.ended_at, c.completed_at, a.decided_at, a.expires_at)`;
  const { rows } = await sql<FoundTask>`
    select a.approval_id, a.status, a.created_at, a.expires_at, a.decided_at, a.redeem_by, a.void_reason, a.agent_id,
      a.server, a.tool_name, a.call_key, a.agent_reason, a.args_ciphertext,
      a.expires_at <= clock_timestamp() as is_past, a.answered_at is not null as is_answered,
      a.redeemed_at is not null as is_redeemed, t.claimed_at, t.outcome, t.withdrawn_at is not null as is_withdrawn,
      t.delivered_at is not null as is_delivered,
      coalesce(t.claimed_at <= clock_timestamp() - make_interval(secs => ${CLAIM_SECONDS}), false) as is_claim_stale,
      ${ended} as ended_at, ${ended} + make_interval(hours => ${KEPT_HOURS}) as known_until,
      t.ended_at is not null and t.ended_at + make_interval(hours => ${KEPT_HOURS}) <= clock_timestamp() as is_forgotten,
      json_build_object('call_id', c.call_id, 'result_status', c.result_status, 'error_code', c.error_code,
        'block_gate', c.block_gate, 'block_reason', c.block_reason) as call
    from approvals a
      join runs r on r.project_id = a.project_id and r.run_id = a.run_id
      join mcp_calls c on c.project_id = a.project_id and c.call_id = coalesce(a.redeemed_call_id, a.call_id)
      left join task_outcomes t on t.project_id = a.project_id and t.approval_id = a.approval_id
    where a.project_id = ${ref.projectId} and a.approval_id = ${ref.approvalId} and a.run_id = ${ref.runId}
      and r.opened_by = ${ref.keyId}`.execute(tx);
  const [found] = rows;
  if (found) await touchClientRun(tx, ref.projectId, ref.runId);
  return found;
}

/** Takes it upon this process to make the call; only one can, unless it has not come far within a minute. */
async function claim(tx: Tx, ref: TaskRef): Promise<boolean> {
  const { rows } = await sql`
    insert into task_outcomes as t (project_id, approval_id, run_id)
    values (${ref.projectId}, ${ref.approvalId}, ${ref.runId})
    on conflict (project_id, approval_id) do update set claimed_at = clock_timestamp()
    where t.ended_at is null and t.claimed_at <= clock_timestamp() - make_interval(secs => ${CLAIM_SECONDS})
    returning 1`.execute(tx);
  return rows.length === 1;
}

/** The next one may try at once. */
async function giveBack(tx: Tx, ref: TaskRef): Promise<void> {
  await sql`update task_outcomes set claimed_at = clock_timestamp() - make_interval(secs => ${CLAIM_SECONDS})
    where project_id = ${ref.projectId} and approval_id = ${ref.approvalId} and ended_at is null`.execute(
    tx,
  );
}

async function endWithdrawn(tx: Tx, ref: TaskRef): Promise<void> {
  await sql`
    insert into task_outcomes (project_id, approval_id, run_id, withdrawn_at, ended_at)
    values (${ref.projectId}, ${ref.approvalId}, ${ref.runId}, clock_timestamp(), clock_timestamp())
    on conflict (project_id, approval_id) do update
    set withdrawn_at = excluded.withdrawn_at, ended_at = excluded.ended_at`.execute(tx);
}
