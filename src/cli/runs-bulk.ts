import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import type { Bulk, bulkListAnswer, bulkResultsAnswer, DryRun } from "../runs/bulk-contract.ts";
import { segment } from "./api.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { RUN_FILTERS, runFilters } from "./run-filters.ts";
import { moment, oneLine, table } from "./table.ts";
import { usageError } from "./usage.ts";

const ASK_EVERY_MS = 1_000;
const SHOWN = "100";

export const runsBulkCancel: Command = bulk("cancel", "Cancel all runs that a filter matches");
export const runsBulkRetry: Command = bulk("retry", "Start all runs that a filter matches anew");

function bulk(action: "cancel" | "retry", summary: string): Command {
  return {
    name: `runs bulk ${action}`,
    summary,
    details:
      "The server goes on by itself, also when this command is stopped. Which runs it is about is decided when it is asked for.",
    takes: [],
    options: {
      project: { value: "PROJECT_ID", help: "the runs' project" },
      ...RUN_FILTERS,
      reason: { value: "TEXT", help: "why, for the timeline of each run" },
      all: { help: "all runs of the project; needed when no filter is given" },
      "at-most": { value: "N", help: "refuse when more runs match" },
      "dry-run": { help: "only say how many runs match; change nothing" },
      wait: { help: "wait until it is done, and say how far it has come" },
    },
    run: (call) => start(call, action),
  };
}

async function start(call: Call, action: "cancel" | "retry"): Promise<void> {
  const { is_shadow, ...filter } = runFilters(call);
  const body = {
    project_id: call.required("project"),
    action,
    filter: { ...filter, is_shadow: yesOrNo("shadow", is_shadow) },
    reason: call.required("reason"),
    all: call.isSet("all") || undefined,
    at_most: wholeNumber("at-most", call.option("at-most")),
  };
  if (call.isSet("dry-run")) {
    const found = await call.api.send<DryRun>("POST", "/runs/bulk", { ...body, dry_run: true });
    call.show(found, () => matching(found));
    return;
  }
  const begun = await call.api.send<Bulk>("POST", "/runs/bulk", body);
  const answer = call.isSet("wait") ? await untilDone(call, begun) : begun;
  call.show(answer, () => progress(answer));
}

function yesOrNo(name: string, given: string | undefined): boolean | undefined {
  if (given === undefined) return undefined;
  if (given === "true" || given === "false") return given === "true";
  throw usageError(`--${name} must be true or false, not "${given}".`);
}

function wholeNumber(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw usageError(`--${name} must be a whole number, not "${given}".`);
}

function matching({ total_count, total_is_exact, states }: DryRun): string {
  const inStates = Object.entries(states)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const number = total_is_exact ? `${total_count}` : `More than ${total_count - 1}`;
  return `${number} runs match${inStates.length > 0 ? `: ${inStates.join(", ")}` : ""}. Nothing was changed.`;
}

async function untilDone(call: Call, begun: Bulk): Promise<Bulk> {
  let now = begun;
  let said = "";
  while (now.status !== "done") {
    const line = howFar(now);
    if (line !== said) call.note(line);
    said = line;
    await pause(ASK_EVERY_MS);
    now = await call.api.get<Bulk>(`/runs/bulk/${segment(now.bulk_id)}`);
  }
  return now;
}

function howFar(now: Bulk): string {
  const { total_count, remaining_count, remaining_seconds } = now;
  const left = remaining_seconds === null ? "" : `, about ${remaining_seconds} s to go`;
  return `${total_count - remaining_count} of ${total_count} runs dealt with${left}`;
}

function progress(now: Bulk): string {
  const filter = Object.entries(now.filter).map(([name, value]) => `${name} ${value}`);
  const lines = [
    ["action", `${now.action} of ${now.total_count} runs in ${now.project_id}`],
    ["filter", filter.length > 0 ? filter.join(", ") : "none"],
    ["reason", now.reason],
    ["by", `${now.actor}, ${moment(now.created_at)}`],
    ["status", now.status === "done" ? `done, ${moment(now.completed_at)}` : now.status],
    ["changed", `${now.changed_count}`],
    ["refused", `${now.refused_count}`],
    ["waiting", `${now.remaining_count}`],
  ];
  return [
    now.bulk_id,
    ...lines.map(([name = "", value = ""]) => `  ${name.padEnd(8)} ${oneLine(value)}`),
  ].join("\n");
}

export const runsBulkShow: Command = {
  name: "runs bulk show",
  summary: "Show how far an action on many runs has come, and what it could not change",
  takes: ["BULK_ID"],
  options: {},
  async run({ api, args, show }) {
    const path = `/runs/bulk/${segment(args[0] ?? "")}`;
    const now = await api.get<Bulk>(path);
    const refused = await api.get<z.output<typeof bulkResultsAnswer>>(`${path}/results`, {
      outcome: "refused",
      limit: SHOWN,
    });
    const { results, next_cursor } = refused;
    const whyNot = table(
      results,
      [
        ["run", (row) => row.run_id],
        ["code", (row) => row.code],
        ["why", (row) => row.detail],
      ],
      "",
    );
    const more = next_cursor === null ? "" : `\n… and ${refused.total - results.length} more`;
    const parts = results.length === 0 ? [progress(now)] : [progress(now), whyNot + more];
    show({ ...now, refused: results }, () => parts.join("\n\n"));
  },
};

export const runsBulkList: Command = {
  name: "runs bulk list",
  summary: "List actions on many runs, newest first",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    status: { value: "STATUS", help: "queued, running or done" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof bulkListAnswer>>("/runs/bulk", {
      project_id: option("project"),
      status: option("status"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.bulk_actions,
          [
            ["id", (row) => row.bulk_id],
            ["project", (row) => row.project_id],
            ["action", (row) => row.action],
            ["status", (row) => row.status],
            ["runs", (row) => row.total_count],
            ["changed", (row) => row.changed_count],
            ["refused", (row) => row.refused_count],
            ["created", (row) => moment(row.created_at)],
            ["by", (row) => row.actor],
            ["reason", (row) => row.reason],
          ],
          "There are no such actions.",
        ) + moreHint(answer),
    );
  },
};
