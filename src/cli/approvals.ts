import type { z } from "zod";
import type { DecideAnswer, Decision } from "../approvals/contract.ts";
import type { approvalListAnswer, OpenApproval } from "../approvals/list-contract.ts";
import { parseApprovalName } from "../platform/ids.ts";
import type { RunAnswer } from "../timeline/contract.ts";
import { segment } from "./api.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine } from "./table.ts";
import { usageError } from "./usage.ts";

export const approvalsList: Command = {
  name: "approvals list",
  summary: "List open questions, oldest first",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    run: { value: "RUN_ID", help: "only of this run" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof approvalListAnswer>>("/approvals", {
      project_id: option("project"),
      run_id: option("run"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const { approvals } = answer;
    show(answer, () =>
      approvals.length === 0
        ? "Nothing waits for an answer."
        : approvals.map(question).join("\n\n") + moreHint(answer),
    );
  },
};

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
    ["effect", [open.blast_radius, undo, open.estimate].filter((part) => part !== null).join("; ")],
    ["it says", open.agent_reason],
    ["expires", `${moment(open.expires_at)}${open.expired ? " (expired)" : ""}`],
    ["decided", open.decisions.map((of) => `${of.actor}: ${of.decision}`).join("; ")],
  ];
  const shown = lines
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `  ${name.padEnd(9)} ${oneLine(value ?? "")}`);
  return [oneLine(open.headline), ...shown].join("\n");
}

export const approvalsApprove: Command = decision("approve", "Approve a run's open question");
export const approvalsReject: Command = decision("reject", "Reject a run's open question");

function decision(answer: Decision, summary: string): Command {
  return {
    name: `approvals ${answer}`,
    summary,
    takes: ["RUN_ID"],
    options: {
      approval: { value: "ID", help: "which question, when the run has several" },
      reason: { value: "TEXT", help: "why, for the audit log and (if rejected) the agent" },
      project: { value: "PROJECT_ID", help: "the run's project; looked up when left out" },
    },
    run: (call) => decide(call, answer),
  };
}

async function decide(call: Call, answer: Decision): Promise<void> {
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
  });
  call.show(
    decided,
    () => `${answer === "approve" ? "Approved" : "Rejected"}. The run is ${decided.new_state}.`,
  );
}
