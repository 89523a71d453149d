import { readFileSync } from "node:fs";
import type { z } from "zod";
import { DECISIONS, type DecideAnswer, type Decision } from "../approvals/contract.ts";
import type { approvalListAnswer, OpenApproval } from "../approvals/list-contract.ts";
import type { SignedRecord } from "../approvals/record-contract.ts";
import { parseApprovalName } from "../platform/ids.ts";
import type { RunAnswer } from "../timeline/contract.ts";
import { segment } from "./api.ts";
import { approversOf, whyNotYou } from "./approvers-words.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine } from "./table.ts";
import { usageError } from "./usage.ts";

export const approvalsList: Command = {
  name: "approvals list",
  summary: "List open questions, oldest first, or decided ones, newest first",
  takes: [],
  options: {
    status: { value: "open|closed", help: "closed: what was decided or has ended" },
    project: { value: "PROJECT_ID", help: "only of this project" },
    run: { value: "RUN_ID", help: "only of this run" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof approvalListAnswer>>("/approvals", {
      project_id: option("project"),
      run_id: option("run"),
      status: option("status"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const { approvals } = answer;
    const nothing =
      option("status") === "closed" ? "Nothing was decided yet." : "Nothing waits for an answer.";
    show(answer, () =>
      approvals.length === 0 ? nothing : approvals.map(question).join("\n\n") + moreHint(answer),
    );
  },
};

const nextOf = ({ next_step: next }: OpenApproval): string | null =>
  next &&
  `${moment(next.at)}: ${next.to_group === null ? "a reminder" : `${next.to_group} is asked too`}`;

/** A question with all that is needed to answer it. */
function question(open: OpenApproval): string {
  const undo = { true: "can be undone", false: "can not be undone", null: null }[
    `${open.undoable}`
  ];
  const lines: [string, string | null][] = [
    ["run", open.run_id],
    ["approval", open.approval_id],
    ["asked by", `${open.agent_id} (${open.project_id}): ${open.run_title}`],
    ["call", `${open.server}/${open.tool} (${open.effect})`],
    ["args", JSON.stringify(open.arguments)],
    ["args hash", open.args_hash],
    ["effect", [open.blast_radius, undo, open.estimate].filter((part) => part !== null).join("; ")],
    ["it says", open.agent_reason],
    ["expires", `${moment(open.expires_at)}${open.expired ? " (expired)" : ""}`],
    ["next", nextOf(open)],
    ["edited", open.edited ? "a person has put these arguments in the place of others" : null],
    ["decided", open.decisions.map(said).join("; ")],
    ["approvers", approversOf(open)],
    ["you", whyNotYou(open)],
  ];
  const shown = lines
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `  ${name.padEnd(9)} ${oneLine(value ?? "")}`);
  return [oneLine(open.headline), ...shown].join("\n");
}

function said({ actor, decision, counts }: OpenApproval["decisions"][number]): string {
  return `${actor}: ${decision}${counts ? "" : " (of other arguments)"}`;
}

export const approvalsRecord: Command = {
  name: "approvals record",
  summary: "Print the signed record of a decision",
  details: `It is verified with the public keys at /.well-known/jwks.json of the server and nothing else; see
docs/prove-a-decision.md.

  awooop approvals record apr_01a1ff82-17a0-7c3e-9d2f-0123456789ab > record.json`,
  takes: ["APPROVAL_ID"],
  options: { project: { value: "PROJECT_ID", help: "refuse one of another project" } },
  async run({ args, api, option, show }) {
    const [named = ""] = args;
    const id = parseApprovalName(named);
    if (id === undefined) {
      throw usageError(`APPROVAL_ID must be an approval's id (apr_… or a UUID), not "${named}".`);
    }
    const record = await api.get<SignedRecord>(`/approvals/${id}/record`, {
      project_id: option("project"),
    });
    show(record, () => JSON.stringify(record));
  },
};

const OPTIONS = {
  "args-hash": { value: "HASH", help: "refuse if the question is about other arguments by now" },
  approval: { value: "ID", help: "which question, when the run has several" },
  reason: { value: "TEXT", help: "why, for the audit log and (unless approved) the agent" },
  project: { value: "PROJECT_ID", help: "the run's project; looked up when left out" },
};

export const approvalsApprove: Command = decision("approve", "Approve a run's open question");
export const approvalsReject: Command = decision("reject", "Reject a run's open question");

function decision(answer: Decision, summary: string): Command {
  return {
    name: `approvals ${answer}`,
    summary,
    takes: ["RUN_ID"],
    options: OPTIONS,
    run: (call) => decide(call, answer, undefined),
  };
}

export const approvalsDecide: Command = {
  name: "approvals decide",
  summary: "Answer a run's open question in any way",
  details: `An edit approves the call with other arguments; they have to pass the gates. A wish for changes
tells the agent what to propose instead, and needs a reason.

  awooop approvals decide RUN_ID --decision edit --arguments '{"path": "/var/cache/shop"}'
  awooop approvals decide RUN_ID --decision edit --arguments @arguments.json
  awooop approvals decide RUN_ID --decision request_changes --reason "only the replica"`,
  takes: ["RUN_ID"],
  options: {
    decision: { value: "DECISION", help: "approve, reject, request_changes or edit" },
    arguments: { value: "JSON|@FILE", help: "for edit: what is to be executed" },
    ...OPTIONS,
  },
  async run(call) {
    const wanted = call.required("decision");
    const answer = DECISIONS.find((name) => name === wanted);
    if (answer === undefined) {
      throw usageError(`--decision must be one of ${DECISIONS.join(", ")}, not "${wanted}".`);
    }
    await decide(call, answer, editedArguments(call.option("arguments")));
  },
};

function editedArguments(given: string | undefined): Record<string, unknown> | undefined {
  if (given === undefined) return undefined;
  const text = given.startsWith("@") ? readArguments(given.slice(1)) : given;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usageError(`--arguments is not JSON: ${(error as Error).message}.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw usageError("--arguments must be a JSON object.");
  }
  return value as Record<string, unknown>;
}

function readArguments(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw usageError(`--arguments can't be read: ${(error as Error).message}.`);
  }
}

const DONE: Record<Decision, string> = {
  approve: "Approved",
  reject: "Rejected",
  request_changes: "Changes requested",
  edit: "Approved with edited arguments",
};

async function decide(
  call: Call,
  answer: Decision,
  args: Record<string, unknown> | undefined,
): Promise<void> {
  const run = segment(call.args[0] ?? "");
  const named = call.option("approval");
  const approvalId = named === undefined ? undefined : parseApprovalName(named);
  if (named !== undefined && approvalId === undefined) {
    throw usageError(`--approval must be an approval's id (apr_… or a UUID), not "${named}".`);
  }
  const project =
    call.option("project") ?? (await call.api.get<RunAnswer>(`/runs/${run}`)).run.project_id;
  const decided = await call.api.send<DecideAnswer>("POST", `/approvals/${run}/decide`, {
    project_id: project,
    decision: answer,
    reason: call.option("reason"),
    approval_id: approvalId,
    arguments: args,
    args_hash: call.option("args-hash"),
  });
  call.show(decided, () => `${DONE[answer]}. The run is ${decided.new_state}.`);
}
