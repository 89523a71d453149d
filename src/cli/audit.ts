import type { z } from "zod";
import type { auditListAnswer } from "../audit/contract.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";

export const audit: Command = {
  name: "audit",
  summary: "Who did what to what, newest first",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project; _platform for what is of none" },
    actor: { value: "NAME", help: "only what they did" },
    action: { value: "ACTION", help: "only this, such as run.approval.approve" },
    target: { value: "ID", help: "only what was done to this" },
    after: { value: "TIME", help: "at 2026-11-22T03:07:58Z or later" },
    before: { value: "TIME", help: "before that time" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof auditListAnswer>>("/audit-log", {
      project_id: option("project"),
      actor: option("actor"),
      action: option("action"),
      target: option("target"),
      created_after: option("after"),
      created_before: option("before"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const words = () =>
      table(
        answer.entries,
        [
          ["at", (row) => moment(row.at)],
          ["project", (row) => row.project_id],
          ["actor", (row) => oneLine(row.actor.id)],
          ["action", (row) => row.action],
          ["target", (row) => `${row.target.kind} ${oneLine(row.target.id)}`],
          ["said", (row) => (row.is_erased ? "(erased)" : reasonOf(row.private))],
        ],
        "There are no such entries.",
      );
    show(answer, () => words() + moreHint(answer));
  },
};

const reasonOf = (said: Record<string, unknown> | null): string =>
  typeof said?.reason === "string" ? oneLine(said.reason) : "";
