import type { z } from "zod";
import type { runListAnswer } from "../runs/list-contract.ts";
import type { RunAnswer, TimelineItem, timelineAnswer } from "../timeline/contract.ts";
import { segment } from "./api.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";

const PAGE = "200";

export const runsList: Command = {
  name: "runs list",
  summary: "List runs, newest first",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    state: { value: "STATE", help: "only in this state, such as waiting_approval" },
    agent: { value: "AGENT_ID", help: "only of this agent" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof runListAnswer>>("/runs", {
      project_id: option("project"),
      state: option("state"),
      agent_id: option("agent"),
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

export const runsShow: Command = {
  name: "runs show",
  summary: "Show a run and its timeline",
  takes: ["RUN_ID"],
  options: { project: { value: "PROJECT_ID", help: "the project it must belong to" } },
  async run(call) {
    const path = `/runs/${segment(call.args[0] ?? "")}`;
    const query = { project_id: call.option("project") };
    const answer = await call.api.get<RunAnswer>(path, query);
    const timeline = answer.truncated.timeline
      ? await wholeTimeline(call, path, query)
      : answer.timeline;
    call.show(
      { ...answer, timeline },
      () => `${heading(answer.run)}\n\n${timelineTable(timeline)}`,
    );
  },
};

async function wholeTimeline(
  { api }: Call,
  path: string,
  query: Record<string, string | undefined>,
): Promise<TimelineItem[]> {
  const items: TimelineItem[] = [];
  let cursor: string | undefined;
  do {
    const page = await api.get<z.output<typeof timelineAnswer>>(`${path}/timeline`, {
      ...query,
      cursor,
      limit: PAGE,
    });
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return items;
}

function heading(run: RunAnswer["run"]): string {
  const lines = [
    ["run", run.run_id],
    ["title", run.title],
    ["project", run.project_id],
    ["agent", `${run.agent_id} ${run.contract_version}`],
    ["state", run.is_shadow ? `${run.state} (shadow)` : run.state],
    ["cost", `${run.cost_usd} USD`],
    ["error", [run.error_code, run.error_detail].filter((part) => part !== null).join(": ")],
  ];
  return lines
    .filter(([, value]) => value !== "")
    .map(([name = "", value = ""]) => `${name.padEnd(8)} ${oneLine(value)}`)
    .join("\n");
}

function timelineTable(items: readonly TimelineItem[]): string {
  return table(
    items,
    [
      ["time", (item) => item.ts.slice(0, 23).replace("T", " ")],
      ["kind", (item) => item.kind],
      ["what", (item) => item.title],
      ["status", (item) => item.status],
      ["more", (item) => item.summary ?? ""],
    ],
    "Nothing has happened yet.",
  );
}
