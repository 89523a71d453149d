import type { Caller } from "../identity/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { redact } from "../platform/redact.ts";
import { type ApproversOfQuestion, readApprovers } from "./approver-rows.ts";
import { argumentsTable, changesBetween } from "./arguments-table.ts";
import type { OpenApproval } from "./list-contract.ts";
import type { Ended } from "./question-contract.ts";
import {
  type CallsSoFar,
  type ContextRow,
  type DecisionRow,
  type EarlierRow,
  type QuestionRow,
  questionsById,
  readCallsSoFar,
  readContexts,
  readDecisions,
  readEarlier,
} from "./question-rows.ts";
import { riskInWords } from "./risk-contract.ts";
import { whyAsked } from "./why.ts";

type Language = "en" | "zh-TW";
type Question = OpenApproval;
type Args = Record<string, unknown>;

/**
 * Questions as a person sees them, whatever became of them: the one shape that the console, the CLI and a chat show and
 * that a decision's record keeps. Five statements, however many questions; those that the transaction may not see are
 * left out.
 */
export async function readQuestions(
  tx: Tx,
  ids: readonly { project_id: string; approval_id: string }[],
  language: Language,
  caller?: Caller,
): Promise<Question[]> {
  if (ids.length === 0) return [];
  return inFull(tx, await questionsById(tx, ids), language, caller);
}

/** All that is told of questions whose rows have been read, in their order. */
export async function inFull(
  tx: Tx,
  rows: readonly QuestionRow[],
  language: Language,
  caller?: Caller,
): Promise<Question[]> {
  if (rows.length === 0) return [];
  const approvers = await readApprovers(tx, rows, language, caller);
  const [contexts, calls, earlier] = await Promise.all([
    readContexts(tx, rows),
    readCallsSoFar(tx, rows),
    readEarlier(tx, rows),
  ]);
  const before = rows.flatMap(({ project_id, approval_id }) => {
    const id = contexts.get(approval_id)?.before_id;
    return id ? [{ project_id, approval_id: id }] : [];
  });
  const named = new Map([...rows, ...before, ...earlier].map((one) => [one.approval_id, one]));
  const decisions = await readDecisions(tx, [...named.values()]);
  const earlierOf = Map.groupBy(earlier, (row) => row.of);
  return rows.map((row) => {
    const id = row.approval_id;
    const around = {
      context: contexts.get(id),
      calls: calls.get(id),
      earlier: earlierOf.get(id) ?? [],
      decisions,
      approvers: approvers.get(id),
    };
    return redact(shaped(row, around, language)) as Question;
  });
}

interface Around {
  context: ContextRow | undefined;
  calls: CallsSoFar | undefined;
  earlier: readonly EarlierRow[];
  /** Of all questions that are named anywhere. */
  decisions: ReadonlyMap<string, DecisionRow[]>;
  approvers: ApproversOfQuestion | undefined;
}

function shaped(given: QuestionRow, around: Around, language: Language): Question {
  // Before they become a table: there a value no longer stands under a key that names it a secret.
  const row = {
    ...given,
    arguments: redact(given.arguments) as Args,
    asked_arguments: redact(given.asked_arguments) as Args,
  };
  const words = (texts: QuestionRow["headline"]) => texts?.[language] ?? texts?.en ?? null;
  const { asked_arguments, demand, risks, next_step_at, next_step_group, ...plain } = row;
  const { context } = around;
  const decisions = around.decisions.get(row.approval_id) ?? [];
  if (!around.approvers) throw new Error(`nothing was read of who may approve ${row.approval_id}`);
  return {
    ...plain,
    ...around.approvers,
    headline: words(row.headline) ?? plainHeadline(row, language),
    blast_radius: words(row.blast_radius),
    estimate: words(row.estimate),
    next_step: next_step_at === null ? null : { at: next_step_at, to_group: next_step_group },
    decisions: decisions.map(({ actor, decision, reason, at, round, is_proposal }) => ({
      ...{ actor, decision, reason, at },
      counts: round === row.round && !is_proposal,
    })),
    agent: {
      id: row.agent_id,
      display_name: context?.display_name ?? row.agent_id,
      contract: context?.version ?? row.agent_id,
    },
    why: why(row, around, language),
    arguments_table: argumentsTable(row.arguments),
    demanded_by: demandedBy(row.rule, demand, language),
    risks: [
      ...(row.undoable === false
        ? [riskInWords({ key: "cant_be_undone", params: {} }, language)]
        : []),
      ...(risks ?? []).map((risk) => riskInWords(risk, language)),
    ],
    left: { cost_usd: context?.cost_left ?? null, calls: context?.calls_left ?? null },
    earlier: around.earlier.map((one) => earlierInWords(one, around.decisions)),
    revision_of: revisionOf(row, around),
    revised_by: context?.revised_by ?? null,
    edit: row.edited ? editOf(row, decisions) : null,
    executed: executedOf(context),
  };
}

function plainHeadline({ tool, server }: QuestionRow, language: Language): string {
  return language === "zh-TW" ? `要在 ${server} 上執行 ${tool} 嗎？` : `Run ${tool} on ${server}?`;
}

function why(row: QuestionRow, { context, calls }: Around, language: Language): string {
  const sofar = calls ?? { calls: [], earlier: 0, isMore: false };
  return whyAsked(
    {
      ...sofar,
      title: row.run_title,
      triggerType: context?.trigger_type ?? null,
      isRetry: context?.is_retry ?? false,
      agent: context?.display_name ?? row.agent_id,
      server: row.server,
      tool: row.tool,
      revision: row.revision,
    },
    language,
  );
}

/** A question of an older release says only in English what demands a person. */
function demandedBy(
  rule: string,
  demand: QuestionRow["demand"],
  language: Language,
): Question["demanded_by"] {
  if (!demand) return { kind: "unknown", name: null, key: null, params: {}, text: rule };
  const { kind, name, key, params, words } = demand;
  return { kind, name, key, params, text: words[language] };
}

const plainDecision = ({ actor, decision, reason, at }: DecisionRow) => ({
  ...{ actor, decision, reason, at },
});

function earlierInWords(
  row: EarlierRow,
  decisions: Around["decisions"],
): Question["earlier"][number] {
  const { approval_id, run_id, agent_id, status, decided_at, same_arguments } = row;
  return {
    ...{ approval_id, run_id, agent_id, status, decided_at, same_arguments },
    decisions: (decisions.get(approval_id) ?? []).map(plainDecision),
    ended: endedAs(row),
  };
}

function endedAs({ call_status, may_run }: Pick<EarlierRow, "call_status" | "may_run">): Ended {
  if (call_status !== null) return call_status as Ended;
  return may_run ? "not_yet" : "never";
}

function revisionOf(row: QuestionRow, { context, decisions }: Around): Question["revision_of"] {
  if (!context?.before_id || !context.before_arguments) return null;
  const changes = changesBetween(
    redact(context.before_arguments) as Args,
    row.asked_arguments,
    context.is_as_before,
  );
  const said = (decisions.get(context.before_id) ?? []).map(plainDecision);
  return { approval_id: context.before_id, decisions: said, changes };
}

function editOf(row: QuestionRow, decisions: readonly DecisionRow[]): Question["edit"] {
  const edit = decisions.find((one) => one.round === row.round && one.decision === "edit");
  const changes = changesBetween(row.asked_arguments, row.arguments, false);
  return { by: edit?.actor ?? null, at: edit?.at ?? null, changes };
}

function executedOf(context: ContextRow | undefined): Question["executed"] {
  if (!context?.call_id || !context.called_at) return null;
  const { call_id, called_at: at, call_status } = context;
  return { call_id, at, ended: endedAs({ call_status, may_run: false }) };
}
