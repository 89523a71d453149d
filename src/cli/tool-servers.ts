import type { z } from "zod";
import type { ToolServerDetail, toolServersAnswer } from "../toolservers/page-contract.ts";
import { segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";

export const toolServersList: Command = {
  name: "tool-servers list",
  summary: "List registered tool servers and how they are",
  takes: [],
  options: { project: { value: "PROJECT_ID", help: "only of this project" }, ...PAGING },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof toolServersAnswer>>("/tool-servers", {
      project_id: option("project"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.tool_servers,
          [
            ["project", (row) => row.project_id],
            ["server", (row) => row.server_id],
            ["state", (row) => row.health.state],
            [
              "tools",
              (row) =>
                row.changed_tools > 0 ? `${row.tools} (${row.changed_tools} changed)` : row.tools,
            ],
            ["seen", (row) => moment(row.health.observed_at)],
            ["address", (row) => row.address],
          ],
          "There are no tool servers.",
        ) + moreHint(answer),
    );
  },
};

export const toolServersShow: Command = {
  name: "tool-servers show",
  summary: "Show a tool server: its health, its tools, who may call them, and a day's calls",
  takes: ["SERVER_ID"],
  options: { project: { value: "PROJECT_ID", help: "whose" } },
  async run({ api, args, required, show }) {
    const path = `/tool-servers/${segment(args[0] ?? "")}`;
    const server = await api.get<ToolServerDetail>(path, { project_id: required("project") });
    show(server, () => inWords(server));
  },
};

function inWords(server: ToolServerDetail): string {
  const { health, calls } = server;
  const [newest] = server.processes;
  const said = [newest?.server_name, newest?.server_version].filter(Boolean).join(" ");
  const settings = Object.entries(server.settings).map(
    ([name, value]) => `${name} ${value ?? "–"}`,
  );
  const facts: [string, string | null][] = [
    ["project", server.project_id],
    ["address", `${server.address} (${server.transport})`],
    ["contract", `${server.version}, ${server.revision_id}`],
    ["settings", settings.join(", ")],
    ["state", health.state],
    ["next try", moment(health.next_try_at)],
    ["last ok", moment(health.last_ok_at)],
    [
      "last error",
      health.error_code &&
        `${moment(health.last_failure_at)} ${health.error_code}: ${health.error_message}`,
    ],
    ["says it is", said === "" ? null : `${said}, protocol ${newest?.protocol_version ?? "–"}`],
    ["restarts", newest === undefined ? null : String(newest.restarts)],
    [
      "24 hours",
      `${calls.calls} calls, ${calls.errors} errors, ${calls.blocked} blocked, p50 ${calls.latency_p50_ms ?? "–"} ms, p95 ${calls.latency_p95_ms ?? "–"} ms`,
    ],
  ];
  return [
    ...facts.map(([name, value]) => `${name.padEnd(10)} ${value === null ? "–" : oneLine(value)}`),
    "",
    pinsTable(server),
    "",
    agentsTable(server),
    "",
    hoursTable(server),
  ].join("\n");
}

function pinsTable({ pins }: ToolServerDetail): string {
  return table(
    pins,
    [
      ["tool", (row) => row.name],
      ["is", (row) => (row.changed === null ? "as pinned" : `changed ${moment(row.changed.at)}`)],
      ["pinned", (row) => moment(row.pinned_at)],
      ["description", (row) => row.description],
    ],
    "None of its tools has been seen.",
  );
}

function agentsTable({ agents }: ToolServerDetail): string {
  return table(
    agents,
    [
      ["agent", (row) => row.agent_id],
      ["may call", (row) => [...row.tools, ...(row.observes ? ["(observes)"] : [])].join(", ")],
    ],
    "No agent's contract lists its tools.",
  );
}

function hoursTable({ calls }: ToolServerDetail): string {
  return table(
    calls.hours,
    [
      ["hour", (row) => moment(row.hour)],
      ["calls", (row) => row.calls],
      ["errors", (row) => row.errors],
      ["blocked", (row) => row.blocked],
      ["p50 ms", (row) => row.latency_p50_ms],
      ["p95 ms", (row) => row.latency_p95_ms],
    ],
    "None of its tools was called in the last 24 hours.",
  );
}
