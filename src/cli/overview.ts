import type { Overview } from "../overview/contract.ts";
import type { Command } from "./command.ts";
import { moment, table } from "./table.ts";

export const overviewShow: Command = {
  name: "overview",
  summary: "Show what waits, what is wrong and what has happened",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    hours: { value: "HOURS", help: "how far back: 24, at most 168" },
  },
  async run({ api, option, show }) {
    const answer = await api.get<Overview>("/overview", {
      project_id: option("project"),
      hours: option("hours"),
    });
    show(answer, () => `${table(figuresOf(answer), FIGURES, "")}\n\n${wrongOf(answer)}`);
  },
};

const FIGURES = [
  ["what", ([what]: Figure) => what],
  ["how many", ([, many]: Figure) => many],
] as const;
type Figure = readonly [what: string, many: number];

function figuresOf({ since, runs, working, questions, stops }: Overview): Figure[] {
  const made = runs.reduce(
    (sum, { at: _, ...part }) => sum + Object.values(part).reduce((all, one) => all + one, 0),
    0,
  );
  return [
    ["questions open", questions.open],
    ["runs working", working.running],
    ["runs waiting for a worker", working.pending],
    ["runs waiting for a person", working.waiting_approval],
    [`runs since ${moment(since)}`, made],
    ...stops.map(({ gate, calls }): Figure => [`calls stopped by gate ${gate}`, calls]),
  ];
}

/** What is wrong, a line each. */
function wrongOf(overview: Overview): string {
  const {
    freezes,
    unhealthy_servers: servers,
    changed_tools: tools,
    failed_runs: failed,
  } = overview;
  const lines = [
    ...freezes.items.map(
      ({ scope, project_id, agent_id, reason }) =>
        `frozen: ${agent_id ?? project_id ?? scope} (${reason})`,
    ),
    ...servers.items.map(
      ({ project_id, server_id, state }) => `tool server ${project_id}/${server_id}: ${state}`,
    ),
    ...tools.items.map(
      ({ project_id, server_id, tool_name }) => `changed: ${project_id}/${server_id}/${tool_name}`,
    ),
    ...failed.items.map(
      ({ run_id, title, error_code }) => `failed: ${run_id} ${title} (${error_code ?? "-"})`,
    ),
  ];
  const total = freezes.total + servers.total + tools.total + failed.total;
  if (lines.length === 0) return "Nothing is wrong.";
  return [...lines, ...(total > lines.length ? [`and ${total - lines.length} more`] : [])].join(
    "\n",
  );
}
