import { createHash } from "node:crypto";
import type { DecideManyAnswer } from "../approvals/contract.ts";
import type { OpenApproval } from "../approvals/list-contract.ts";
import { parseApprovalName } from "../platform/ids.ts";
import type { Api } from "./api.ts";
import { approversOf, separationOf, whyNotYou } from "./approvers-words.ts";
import type { Command } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";
import { usageError } from "./usage.ts";

type Changes = NonNullable<OpenApproval["edit"]>["changes"];

export const approvalsShow: Command = {
  name: "approvals show",
  summary: "Show a question with all that is known of it, open or decided",
  takes: ["APPROVAL_ID"],
  options: {},
  async run({ api, args, show }) {
    const question = await readQuestion(api, args[0] ?? "");
    show(question, () => inWords(question));
  },
};

function readQuestion(api: Api, name: string): Promise<OpenApproval> {
  const id = parseApprovalName(name);
  if (id === undefined) {
    throw usageError(`APPROVAL_ID must be an approval's id (apr_… or a UUID), not "${name}".`);
  }
  return api.get<OpenApproval>(`/approvals/${id}`);
}

function inWords(question: OpenApproval): string {
  const { arguments_table: args, revision_of: before, edit } = question;
  const parts = [
    oneLine(question.headline),
    oneLine(question.why),
    facts(question),
    section("Arguments", argumentLines(args)),
    section("Look twice", question.risks.map(({ text }) => `  ${oneLine(text)}`).join("\n")),
    before &&
      section(
        `Changed since proposal ${question.revision - 1}`,
        [...before.decisions.map(saidLine), changeLines(before.changes)].join("\n"),
      ),
    edit && section(`Edited by ${edit.by ?? "somebody"}`, changeLines(edit.changes)),
    section("Decisions", question.decisions.map(saidLine).join("\n")),
    section("Earlier, about the like", question.earlier.map(earlierLine).join("\n")),
  ];
  return parts.filter((part) => part).join("\n\n");
}

function section(title: string, lines: string): string {
  return lines === "" ? "" : `${title}\n${lines}`;
}

function facts(one: OpenApproval): string {
  const undo = { true: "can be undone", false: "can not be undone", null: null }[`${one.undoable}`];
  const effect = [one.effect, one.blast_radius, undo, one.estimate];
  const left = [
    one.left.cost_usd === null ? null : `$${one.left.cost_usd} left`,
    one.left.calls === null ? null : `${one.left.calls} calls left`,
  ];
  const cost = [`$${one.cost_usd}, the run so far $${one.run_cost_usd}`, ...left];
  const state =
    one.status === "open"
      ? `open, ${one.seconds_left} s left (until ${moment(one.expires_at)})`
      : [one.status, moment(one.decided_at), one.void_reason].filter(Boolean).join(", ");
  const lines: [string, string | null][] = [
    ["status", state],
    ["approval", one.approval_id + (one.revision > 1 ? ` (proposal ${one.revision})` : "")],
    ["revised by", one.revised_by],
    ["run", `${one.run_id} (${one.project_id})`],
    ["agent", `${one.agent.display_name} (${one.agent.contract})`],
    ["call", `${one.server}/${one.tool}`],
    ["effect", effect.filter(Boolean).join("; ")],
    ["because", one.demanded_by.text],
    ["it says", one.agent_reason && `${one.agent_reason} (its own words, unchecked)`],
    ["cost", cost.filter(Boolean).join("; ")],
    ["approvers", approversOf(one)],
    ["separation", separationOf(one)],
    ["you", whyNotYou(one)],
    ["args hash", one.args_hash],
    ["executed", one.executed && `${one.executed.call_id}: ${one.executed.ended}`],
  ];
  return lines
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `  ${name.padEnd(10)} ${oneLine(value ?? "")}`)
    .join("\n");
}

function argumentLines({ rows, more }: OpenApproval["arguments_table"]): string {
  if (rows.length === 0) return "  none";
  const width = Math.min(30, Math.max(...rows.map(({ path }) => path.length)));
  const lines = rows.map(({ path, value, length }) => {
    const cut = length === null ? "" : ` (${length} characters in all)`;
    return `  ${oneLine(path).padEnd(width)}  ${oneLine(value)}${cut}`;
  });
  return [...lines, ...(more > 0 ? [`  and ${more} more; --json shows all`] : [])].join("\n");
}

function changeLines({ rows, more, hidden }: Changes): string {
  const lines = rows.flatMap(({ path, before, after }) => [
    ...(before === null ? [] : [`  - ${oneLine(path)}  ${oneLine(before)}`]),
    ...(after === null ? [] : [`  + ${oneLine(path)}  ${oneLine(after)}`]),
  ]);
  if (more > 0) lines.push(`  and ${more} more`);
  if (hidden) lines.push("  only what is not shown, such as a secret");
  return lines.length === 0 ? "  nothing" : lines.join("\n");
}

type Said = OpenApproval["earlier"][number]["decisions"][number];

function saidLine({ actor, decision, reason, at }: Said): string {
  const why = reason ? `: ${oneLine(reason)}` : "";
  return `  ${moment(at)}  ${oneLine(actor)}  ${decision}${why}`;
}

function earlierLine(one: OpenApproval["earlier"][number]): string {
  const by = one.decisions.at(-1);
  const reason = by?.reason ? `: ${oneLine(by.reason)}` : "";
  const same = one.same_arguments ? "same arguments" : "other values";
  return `  ${moment(one.decided_at)}  ${one.status} by ${oneLine(by?.actor ?? "nobody")}${reason} (${same}; the call: ${one.ended})`;
}

export const approvalsDecideMany: Command = {
  name: "approvals decide-many",
  summary: "Answer several questions of one tool and rule alike",
  details: `Without --seen it only shows what would be decided about, and the code for --seen. With that code the
decisions are sent, each about its own call, unless one of the questions is about other arguments by now.

  awooop approvals decide-many ID ID ID --decision approve
  awooop approvals decide-many ID ID ID --decision approve --seen 1f3a…`,
  takes: ["APPROVAL_ID…"],
  options: {
    decision: { value: "DECISION", help: "approve or reject" },
    reason: { value: "TEXT", help: "why, for the audit log and (unless approved) the agents" },
    seen: { value: "CODE", help: "what was shown; nothing is decided without it" },
  },
  async run({ api, args, required, option, show }) {
    const decision = required("decision");
    if (decision !== "approve" && decision !== "reject") {
      throw usageError(`--decision must be approve or reject, not "${decision}".`);
    }
    const questions: OpenApproval[] = [];
    for (const name of args) questions.push(await readQuestion(api, name));
    const code = codeOf(questions);
    const seen = option("seen");
    if (seen === undefined) {
      show(
        { questions, seen: code },
        () => `${listed(questions)}\n\nTo ${decision} them, add: --seen ${code}`,
      );
      return;
    }
    if (seen !== code) {
      throw usageError(
        "--seen is not the code of what these questions ask now; look at them again.",
      );
    }
    const answer = await api.send<DecideManyAnswer>("POST", "/approvals/decide-many", {
      project_id: questions[0]?.project_id,
      decision,
      reason: option("reason"),
      questions: questions.map(({ run_id, approval_id, args_hash }) => ({
        run_id,
        approval_id,
        args_hash,
      })),
    });
    show(answer, () => outcome(answer));
  },
};

function codeOf(questions: readonly OpenApproval[]): string {
  const seen = questions.map(({ approval_id, args_hash }) => `${approval_id} ${args_hash}`).sort();
  return createHash("sha256").update(seen.join("\n")).digest("hex").slice(0, 16);
}

function listed(questions: readonly OpenApproval[]): string {
  const shown = questions.map(
    (one) =>
      `${oneLine(one.headline)}\n  approval   ${one.approval_id} (${one.status})\n  call       ${one.server}/${one.tool}, ${one.agent.display_name}\n${argumentLines(one.arguments_table)}`,
  );
  const count = questions.length === 1 ? "1 question" : `${questions.length} questions`;
  return `${count}:\n\n${shown.join("\n\n")}`;
}

function outcome({ decided, results }: DecideManyAnswer): string {
  const rows = table(
    results,
    [
      ["approval", ({ approval_id }) => approval_id],
      ["outcome", ({ answer, problem }) => answer?.new_state ?? problem?.code ?? ""],
      ["why", ({ problem }) => problem?.detail ?? null],
    ],
    "",
  );
  return `${decided} of ${results.length} decided.\n${rows}`;
}
