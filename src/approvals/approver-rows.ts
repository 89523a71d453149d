import type { Caller } from "../identity/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { fillWords } from "../platform/words-contract.ts";
import {
  type Approvers,
  type MayDecide,
  noRightInWords,
  SEPARATION_WORDS,
} from "./approver-contract.ts";
import {
  type ApproverRule,
  type Decider,
  deciderOf,
  excludedBy,
  isRefused,
  isSeparated,
  neededOf,
  type People,
  rightOf,
} from "./approvers.ts";
import { readPeople, ruleOf } from "./people.ts";
import { NO_RIGHT_CODES, yesesOf } from "./right.ts";

type Language = "en" | "zh-TW";

/** Who may approve a question, and what the caller may. */
export interface ApproversOfQuestion {
  approvers: Approvers;
  /** null where nobody asks. */
  may_decide: MayDecide | null;
}

interface Shown {
  project_id: string;
  approval_id: string;
  round: number;
}

/** Who may approve questions, by their ids; those that the transaction may not see are left out. */
export async function readApprovers(
  tx: Tx,
  questions: readonly Shown[],
  language: Language,
  caller: Caller | undefined,
): Promise<Map<string, ApproversOfQuestion>> {
  if (questions.length === 0) return new Map();
  const projects = [...new Set(questions.map((one) => one.project_id))];
  const ids = questions.map((one) => one.approval_id);
  const people = await readPeople(tx, projects);
  const rules = await tx
    .selectFrom("approvals")
    .select(["approval_id", "approver_group", "quorum", "two_person", "editor_counts"])
    .select(["requested_by", "contract_author", "edited_by", "escalated_groups"])
    .where("project_id", "in", projects)
    .where("approval_id", "in", ids)
    .execute();
  const decisions = await tx
    .selectFrom("approval_decisions as d")
    .innerJoin("approvals as a", (join) =>
      join
        .onRef("a.project_id", "=", "d.project_id")
        .onRef("a.approval_id", "=", "d.approval_id")
        .onRef("a.round", "=", "d.round"),
    )
    .select(["d.approval_id", "d.actor_id", "d.counts_for", "d.delegation_id", "d.round"])
    .where("d.project_id", "in", projects)
    .where("d.approval_id", "in", ids)
    .orderBy("d.created_at")
    .orderBy("d.decision_id")
    .execute();
  const rounds = new Map(questions.map((one) => [one.approval_id, one]));
  return new Map(
    rules.flatMap((row) => {
      const shown = rounds.get(row.approval_id);
      const of = shown && people.get(shown.project_id);
      if (!of) return [];
      const here = decisions.filter(
        ({ approval_id, round }) => approval_id === row.approval_id && round === shown.round,
      );
      const about = { rule: ruleOf(row), people: of, decisions: here, round: shown.round };
      const found: ApproversOfQuestion = {
        approvers: approversOf(about, language),
        may_decide: caller ? mayDecide(about, caller, language) : null,
      };
      return [[row.approval_id, found]];
    }),
  );
}

interface About {
  rule: ApproverRule;
  people: People;
  decisions: readonly {
    actor_id: string;
    counts_for: string | null;
    delegation_id: string | null;
    round: number;
  }[];
  round: number;
}

function approversOf({ rule, people, decisions, round }: About, language: Language): Approvers {
  const given = yesesOf(decisions, round);
  const decided = new Set(decisions.map(({ actor_id }) => actor_id));
  const available = [...people.members.values()].filter(({ member_id, role }) => {
    const right = rightOf(rule, people, given, { id: member_id, role });
    return !decided.has(member_id) && !isRefused(right);
  });
  const isOn = isSeparated(people);
  const onKey = rule.editorCounts ? "separation_on_editor_counts" : "separation_on";
  const key = isOn ? onKey : "separation_off";
  return {
    group: rule.groups?.[0] ?? null,
    escalated_groups: rule.groups?.slice(1) ?? [],
    needed: neededOf(rule, people),
    two_person: rule.twoPerson,
    editor_counts: rule.editorCounts,
    counted: decisions.flatMap(({ actor_id, counts_for, delegation_id }) =>
      counts_for === null ? [] : [{ person: counts_for, by: actor_id, delegation_id }],
    ),
    available: available.length,
    excluded: [...excludedBy(rule, people)].map(([person, why]) => ({ person, key: why })),
    separation: {
      is_on: isOn,
      key,
      params: {},
      text: fillWords(SEPARATION_WORDS[key], {}, language),
    },
  };
}

function mayDecide(about: About, caller: Caller, language: Language): MayDecide {
  const { rule, people, decisions, round } = about;
  const decider: Decider = { id: caller.actor.id, role: caller.role };
  const hasDecided = decisions.some(({ actor_id }) => actor_id === decider.id);
  const mayRefuse = typeof deciderOf(people, decider) === "string" && !hasDecided;
  const right = hasDecided
    ? { key: "has_decided" as const, params: { person: decider.id } }
    : rightOf(rule, people, yesesOf(decisions, round), decider);
  if (!isRefused(right)) {
    const lender = right.countsFor === decider.id ? null : right.countsFor;
    const plain = { code: null, key: null, params: {}, text: null };
    return { yes: true, may_refuse: mayRefuse, for: lender, ...plain };
  }
  const { key, params } = right;
  const code = NO_RIGHT_CODES[key];
  const text = noRightInWords(key, params, language);
  return { yes: false, may_refuse: mayRefuse, for: null, code, key, params, text };
}
