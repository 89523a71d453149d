import type { z } from "zod";
import type { runListAnswer } from "../runs/list-contract.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { RUN_FILTERS, runFilters } from "./run-filters.ts";
import { moment, table } from "./table.ts";

export const runsList: Command = {
  name: "runs list",
  summary: "Find runs; newest first unless sorted",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    ...RUN_FILTERS,
    sort: { value: "FIELD", help: "created_at, completed_at, timeout_at or cost_usd" },
    order: { value: "asc|desc", help: "desc, what is newest or largest first, unless said" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof runListAnswer>>("/runs", {
      project_id: option("project"),
      ...runFilters({ option }),
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
