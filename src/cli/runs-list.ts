import type { z } from "zod";
import type { runListAnswer } from "../runs/list-contract.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";

export const runsList: Command = {
  name: "runs list",
  summary: "Find runs; newest first unless sorted",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    state: { value: "STATE", help: "only in this state, such as waiting_approval" },
    agent: { value: "AGENT_ID", help: "only of this agent" },
    trigger: { value: "TYPE", help: "only those set off by this, such as alertmanager" },
    shadow: { value: "true|false", help: "only shadow runs, or none" },
    after: { value: "TIME", help: "created at 2026-11-22T03:07:58Z or later" },
    before: { value: "TIME", help: "created before that time" },
    q: {
      value: "TEXT",
      help: "a run id's beginning, a trace id, trigger reference or error code, or words",
    },
    sort: { value: "FIELD", help: "created_at, completed_at, timeout_at or cost_usd" },
    order: { value: "asc|desc", help: "desc, what is newest or largest first, unless said" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof runListAnswer>>("/runs", {
      project_id: option("project"),
      state: option("state"),
      agent_id: option("agent"),
      trigger_type: option("trigger"),
      is_shadow: option("shadow"),
      created_after: option("after"),
      created_before: option("before"),
      q: option("q"),
      sort: option("sort"),
      order: option("order"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.runs,
          [
            ["run", (row) => row.run_id],
            ["project", (row) => row.project_id],
            ["agent", (row) => row.agent_id],
            ["state", (row) => (row.is_shadow ? `${row.state} (shadow)` : row.state)],
            ["cost usd", (row) => row.cost_usd],
            ["created", (row) => moment(row.created_at)],
            ["title", (row) => row.title],
          ],
          "There are no such runs.",
        ) + moreHint(answer),
    );
  },
};
