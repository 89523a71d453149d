import type { z } from "zod";
import type { RunAnswer, TimelineItem, timelineAnswer } from "../timeline/contract.ts";
import { segment } from "./api.ts";
import type { Call, Command } from "./command.ts";
import { oneLine, table } from "./table.ts";

const PAGE = "200";

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
    ["because", run.start?.text ?? ""],
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
