import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import type { WordParams } from "../platform/words-contract.ts";
import type { OpenApproval } from "./list-contract.ts";
import type { CallSoFar } from "./why.ts";

type Words = { en?: string; "zh-TW"?: string } | null;
type Args = Record<string, unknown>;

/** Which contract or policy demands a person, as it is kept. */
export interface Demand {
  kind: "contract" | "policy";
  name: string;
  key: string;
  params: WordParams;
  words: { en: string; "zh-TW": string };
}

/** A question as it stands in `approvals a`, and its run in `runs r`. */
export interface QuestionRow
  extends Pick<
    OpenApproval,
    | ("run_id" | "project_id" | "agent_id" | "created_at" | "timeout_at" | "approval_id" | "tool")
    | ("server" | "args_hash" | "edited" | "round" | "effect" | "undoable" | "agent_reason")
    | ("rule" | "run_title" | "asked_at" | "expires_at" | "redeem_seconds" | "on_reject")
    | ("on_expire" | "quorum" | "cost_usd" | "run_cost_usd" | "is_shadow" | "expired" | "verdicts")
    | ("status" | "revision" | "decided_at" | "void_reason" | "seconds_left")
  > {
  arguments: Args;
  headline: Words;
  blast_radius: Words;
  estimate: Words;
  asked_arguments: Args;
  /** The time of the next reminder or escalation. */
  next_step_at: string | null;
  next_step_group: string | null;
  demand: Demand | null;
  risks: { key: string; params: WordParams }[] | null;
}

/** What follows `select` for a `QuestionRow`. */
export const questionColumns = sql`a.run_id, a.project_id, a.agent_id, r.created_at, r.timeout_at, a.approval_id,
  a.tool_name as tool, a.server, coalesce(a.approved_args_display, a.args_display) as arguments,
  coalesce(a.approved_hash, a.asked_hash) as args_hash, a.approved_args_display is not null as edited, a.round, a.effect,
  a.headline, a.blast_radius, a.estimate, a.undoable, a.agent_reason, a.rule, r.title as run_title,
  a.created_at as asked_at, a.expires_at, a.redeem_seconds, a.on_reject, a.on_expire, a.quorum, a.cost_usd,
  r.cost_usd as run_cost_usd, r.is_shadow,
  a.status in ('open', 'expired') and a.expires_at <= clock_timestamp() as expired, a.verdicts,
  case when a.status = 'open' and a.expires_at <= clock_timestamp() then 'expired' else a.status end as status,
  case when a.status = 'open' then a.next_step_at end as next_step_at,
  a.escalation -> a.steps_done ->> 'to_group' as next_step_group,
  a.args_display as asked_arguments, a.demand, a.risks, a.revision, a.decided_at, a.void_reason,
  case when a.status = 'open' then greatest(0, floor(extract(epoch from a.expires_at - clock_timestamp()))) else 0
    end::float8 as seconds_left`;

/** Which questions: the page that is shown. */
type Named = readonly Pick<QuestionRow, "project_id" | "approval_id">[];

/** The named questions as a table `q`; each is then looked up by itself, so that no plan reads more than are named. */
const named = (questions: Named) => sql`
  unnest(${questions.map((one) => one.project_id)}::text[], ${questions.map((one) => one.approval_id)}::uuid[])
    as q(project_id, approval_id)
  cross join lateral (select * from approvals
    where project_id = q.project_id and approval_id = q.approval_id limit 1) a`;

/** Questions by their ids, in no order; those that the transaction may not see are left out. */
export async function questionsById(tx: Tx, questions: Named): Promise<QuestionRow[]> {
  const { rows } = await sql<QuestionRow>`
    select ${questionColumns} from ${named(questions)}
    cross join lateral (select title, created_at, timeout_at, cost_usd, is_shadow from runs
      where project_id = a.project_id and run_id = a.run_id limit 1) r`.execute(tx);
  return rows;
}

export interface ContextRow {
  approval_id: string;
  trigger_type: string | null;
  is_retry: boolean;
  display_name: string | null;
  version: string | null;
  cost_left: number | null;
  calls_left: number | null;
  before_id: string | null;
  before_arguments: Args | null;
  is_as_before: boolean;
  revised_by: string | null;
  call_id: string | null;
  called_at: string | null;
  call_status: string | null;
}

/** What stands around each question: its run, contract and budget, the revisions before and after, and what was executed. */
export async function readContexts(tx: Tx, questions: Named): Promise<Map<string, ContextRow>> {
  const { rows } = await sql<ContextRow>`
    select q.approval_id, r.trigger_type, r.is_retry, v.display_name, v.version, (v.cost_limit - coalesce(b.cost_used, 0))::float8 as cost_left,
      v.calls_limit - coalesce(b.calls_used, 0) as calls_left,
      p.approval_id as before_id, p.arguments as before_arguments, coalesce(p.hash = a.asked_hash, false) as is_as_before,
      s.approval_id as revised_by, x.call_id, x.created_at as called_at, x.result_status as call_status
    from ${named(questions)}
    cross join lateral (select trigger_type, retry_of is not null as is_retry from runs
      where project_id = a.project_id and run_id = a.run_id limit 1) r
    left join lateral (select body->>'display_name' as display_name,
        format('%s %s.%s', contract_id, version_major, version_minor) as version,
        (body->'limits'->>'cost_usd')::numeric as cost_limit, (body->'limits'->>'calls')::integer as calls_limit
      from contract_revisions
      where project_id = a.project_id and revision_id = a.revision_id limit 1) v on true
    left join lateral (select spent_usd + reserved_usd as cost_used, calls_used from run_budgets
      where project_id = a.project_id and run_id = a.run_id limit 1) b on true
    left join lateral (select approval_id, coalesce(approved_args_display, args_display) as arguments,
        coalesce(approved_hash, asked_hash) as hash from approvals
      where project_id = a.project_id and approval_id = a.revision_of limit 1) p on true
    left join lateral (select approval_id from approvals
      where project_id = a.project_id and revision_of = a.approval_id limit 1) s on true
    left join lateral (select call_id, created_at, result_status from mcp_calls
      where project_id = a.project_id and call_id = a.redeemed_call_id limit 1) x on true`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.approval_id, row]));
}

/** How many calls before a question are told, and how many at most are counted. */
const TOLD = 4;
const COUNTED = 100;

interface CallRow {
  approval_id: string;
  tool_name: string;
  result_status: string;
  summary: string | null;
  found: number;
}

/** What a run called before it asked. */
export interface CallsSoFar {
  calls: CallSoFar[];
  /** How many there were before those. */
  earlier: number;
  /** There were more than are counted. */
  isMore: boolean;
}

/**
 * The last calls of each question's run before it, oldest first. Those that only asked are left out: what ran is a call
 * of its own.
 */
export async function readCallsSoFar(tx: Tx, questions: Named): Promise<Map<string, CallsSoFar>> {
  const { rows } = await sql<CallRow>`
    select q.approval_id, c.tool_name, c.result_status, s.summary, c.found::int
    from ${named(questions)}
    cross join lateral (
      select *, count(*) over () as found from (
        select call_id, step_id, tool_name, result_status, created_at from mcp_calls
        where project_id = a.project_id and run_id = a.run_id and created_at < a.created_at and call_id <> a.call_id
          and result_status <> 'pending' and block_code is distinct from 'E-APPR-REQUIRED'
        order by created_at desc, call_id desc limit ${COUNTED + 1}
      ) counted order by created_at desc, call_id desc limit ${TOLD}
    ) c
    left join lateral (select summary from run_steps
      where project_id = a.project_id and step_id = c.step_id limit 1) s on true
    order by q.approval_id, c.created_at, c.call_id`.execute(tx);
  const byQuestion = Map.groupBy(rows, (row) => row.approval_id);
  return new Map(
    [...byQuestion].map(([id, calls]) => {
      const found = calls[0]?.found ?? 0;
      const earlier = Math.min(found, COUNTED) - calls.length;
      const told = calls.map(({ tool_name, result_status, summary }) => ({
        tool: tool_name,
        status: result_status,
        summary,
      }));
      return [id, { calls: told, earlier, isMore: found > COUNTED }];
    }),
  );
}

export interface EarlierRow {
  of: string;
  project_id: string;
  approval_id: string;
  run_id: string;
  agent_id: string;
  status: string;
  decided_at: string;
  same_arguments: boolean;
  may_run: boolean;
  call_status: string | null;
}

/** The last decided questions about the same tool and arguments of the same form, newest first, for each question. */
export async function readEarlier(tx: Tx, questions: Named): Promise<EarlierRow[]> {
  const { rows } = await sql<EarlierRow>`
    select q.approval_id as of, e.*, x.result_status as call_status
    from ${named(questions)}
    cross join lateral (
      select o.project_id, o.approval_id, o.run_id, o.agent_id, o.status, o.decided_at, o.redeemed_call_id,
        o.asked_hash = a.asked_hash as same_arguments,
        o.status = 'approved' and coalesce(o.redeem_by > clock_timestamp(), false) as may_run
      from approvals o
      where o.project_id = a.project_id and o.server = a.server and o.tool_name = a.tool_name
        and o.args_shape = a.args_shape and o.status in ('approved', 'rejected', 'changes_requested')
        and o.approval_id <> a.approval_id and o.decided_at <= coalesce(a.decided_at, 'infinity'::timestamptz)
      order by o.decided_at desc limit 5
    ) e
    left join lateral (select result_status from mcp_calls
      where project_id = e.project_id and call_id = e.redeemed_call_id limit 1) x on true
    order by q.approval_id, e.decided_at desc`.execute(tx);
  return rows;
}

export interface DecisionRow {
  approval_id: string;
  actor: string;
  decision: string;
  reason: string | null;
  at: string;
  round: number;
  /** A yes that is none: an edit that another person has to agree to. */
  is_proposal: boolean;
}

/** Of one question; each edit to other arguments lets everybody decide anew. */
const DECISIONS_MAX = 200;

/** The decisions about each of these questions, oldest first; reasons without secrets. */
export async function readDecisions(tx: Tx, of: Named): Promise<Map<string, DecisionRow[]>> {
  if (of.length === 0) return new Map();
  const { rows } = await sql<DecisionRow>`
    select d.approval_id, d.actor_id as actor, d.decision, d.reason, d.created_at as at, d.round,
      d.decision = 'edit' and d.counts_for is null as is_proposal
    from unnest(${of.map((one) => one.project_id)}::text[], ${of.map((one) => one.approval_id)}::uuid[])
        as q(project_id, approval_id)
      cross join lateral (select * from approval_decisions
        where project_id = q.project_id and approval_id = q.approval_id
        order by created_at desc, decision_id desc limit ${DECISIONS_MAX}) d
    order by d.created_at, d.decision_id`.execute(tx);
  const shown = rows.map((row) => ({ ...row, reason: redact(row.reason) }));
  return Map.groupBy(shown, (row) => row.approval_id);
}
