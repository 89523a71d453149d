import type { z } from "zod";
import type {
  spendSchema,
  tenantListSchema,
  tenantPageSchema,
  tenantSchema,
} from "../tenants/contract.ts";
import { segment } from "./api.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";
import { usageError } from "./usage.ts";

type Tenant = z.output<typeof tenantSchema>;

const SETTINGS = {
  name: { value: "TEXT", help: "what people call it" },
  mode: { value: "MODE", help: "legacy, shadow, canary or active" },
  canary: { value: "PERCENT", help: "with mode canary: how many triggers run live" },
  budget: { value: "USD", help: "what it may spend in a calendar month, `none` for no limit" },
  "calls-per-minute": { value: "CALLS", help: "tool calls in a minute, `none` for no limit" },
  "calls-per-day": { value: "CALLS", help: "tool calls in a day (UTC), `none` for no limit" },
  "separate-approver": { value: "yes|no", help: "a contract's author may not approve it as well" },
  "retention-payload-days": {
    value: "DAYS",
    help: "erase inputs, arguments and results this long after a run's end, `none` for never",
  },
  "retention-run-days": {
    value: "DAYS",
    help: "delete runs this long after their end, `none` for never",
  },
} as const;

/** The settings that were given, as the API names them. */
function settingsOf(call: Call) {
  return {
    display_name: call.option("name"),
    migration_mode: call.option("mode"),
    canary_percent: number("canary", call.option("canary")),
    budget_limit_usd: numberOrNone(call, "budget"),
    calls_per_minute: numberOrNone(call, "calls-per-minute"),
    calls_per_day: numberOrNone(call, "calls-per-day"),
    separate_approver: yesOrNo(call, "separate-approver"),
    retention_payload_days: numberOrNone(call, "retention-payload-days"),
    retention_run_days: numberOrNone(call, "retention-run-days"),
  };
}

function number(name: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const value = Number(given);
  if (given.trim() === "" || !Number.isFinite(value)) {
    throw usageError(`--${name} must be a number, not "${given}".`);
  }
  return value;
}

function numberOrNone(call: Call, name: string): number | null | undefined {
  const given = call.option(name);
  return given === "none" ? null : number(name, given);
}

function yesOrNo(call: Call, name: string): boolean | undefined {
  const given = call.option(name);
  if (given === undefined) return undefined;
  if (given !== "yes" && given !== "no") {
    throw usageError(`--${name} must be yes or no, not "${given}".`);
  }
  return given === "yes";
}

const activity = (tenant: Tenant) => {
  if (tenant.is_active) return "yes";
  return tenant.drains ? "no, runs finish" : "no";
};

const showTenants = (tenants: readonly Tenant[]) =>
  table(
    tenants,
    [
      ["project", (row) => row.project_id],
      ["mode", (row) => row.migration_mode],
      ["canary", (row) => `${row.canary_percent} %`],
      ["budget usd", (row) => row.budget_limit_usd],
      ["active", activity],
      ["created", (row) => moment(row.created_at)],
      ["name", (row) => row.display_name],
    ],
    "There are no projects. Make one with: awooop tenants create PROJECT_ID",
  );

export const tenantsList: Command = {
  name: "tenants list",
  summary: "List projects",
  takes: [],
  options: PAGING,
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof tenantListSchema>>("/tenants", {
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(answer, () => showTenants(answer.tenants) + moreHint(answer));
  },
};

type Page = z.output<typeof tenantPageSchema>;
type Months = z.output<typeof spendSchema>["months"];

const days = (value: number | null) => (value === null ? "for ever" : `${value} days`);
const calls = (value: number | null) => (value === null ? "any number" : `at most ${value}`);
const dollars = (value: number | null) => (value === null ? "no limit" : `$${value}`);

/** A project in words: what it may do, what it has spent and what it keeps. */
function showPage(page: Page, months: Months): string {
  const { month, open_runs: open } = page;
  const share = month.share === null ? "" : ` (${Math.round(month.share * 100)} %)`;
  const atLeast = open.is_exact ? "" : ", or more";
  const lines = [
    `${page.project_id}: ${oneLine(page.display_name)}`,
    `mode         ${page.migration_mode}, canary ${page.canary_percent} %`,
    `active       ${activity(page)}`,
    `spent        $${month.spent_usd} of ${dollars(month.limit_usd)} in ${month.month}${share}`,
    `calls        ${calls(page.calls_per_minute)} a minute, ${calls(page.calls_per_day)} a day`,
    `open runs    ${open.pending} pending, ${open.running} running, ${open.waiting_approval} waiting for a person${atLeast}`,
    `contracts    ${page.separate_approver ? "author and approver must differ" : "the author may approve"}`,
    `keeps        payloads ${days(page.retention_payload_days)}, runs ${days(page.retention_run_days)}`,
    `forgot last  ${page.retention_ran_at === null ? "never" : moment(page.retention_ran_at)}`,
  ];
  const spent = table(
    months,
    [
      ["month", (row) => row.month],
      ["spent usd", (row) => row.spent_usd],
      ["forgotten runs", (row) => row.forgotten.runs],
      ["their cost usd", (row) => row.forgotten.cost_usd],
    ],
    "",
  );
  return `${lines.join("\n")}\n\n${spent}`;
}

export const tenantsShow: Command = {
  name: "tenants show",
  summary: "Show a project: its month's spend, open runs and what it keeps for how long",
  takes: ["PROJECT_ID"],
  options: { months: { value: "N", help: "how many months' spend to show, 3 by default" } },
  async run({ api, args, option, show }) {
    const path = `/tenants/${segment(args[0] ?? "")}`;
    const page = await api.get<Page>(path, {});
    const { months } = await api.get<z.output<typeof spendSchema>>(`${path}/spend`, {
      months: option("months") ?? "3",
    });
    show({ ...page, months }, () => showPage(page, months));
  },
};

export const tenantsCreate: Command = {
  name: "tenants create",
  summary: "Make a project",
  details: "Without --mode the project starts in shadow: reads are real, writes simulated.",
  takes: ["PROJECT_ID"],
  options: SETTINGS,
  async run(call) {
    const [project_id = ""] = call.args;
    const settings = settingsOf(call);
    const body = { ...settings, project_id, display_name: settings.display_name ?? project_id };
    const tenant = await call.api.send<Tenant>("POST", "/tenants", body);
    call.show(tenant, () => showTenants([tenant]));
  },
};

export const tenantsUpdate: Command = {
  name: "tenants update",
  summary: "Change a project; what is not given stays",
  takes: ["PROJECT_ID"],
  options: {
    ...SETTINGS,
    activate: { help: "let it work (again)" },
    deactivate: { help: "stop it: no run starts any more, open questions are voided" },
    "running-runs": {
      value: "finish|cancel",
      help: "with --deactivate: what becomes of the runs that are not over",
    },
  },
  async run(call) {
    const [projectId = ""] = call.args;
    const [on, off] = [call.isSet("activate"), call.isSet("deactivate")];
    if (on && off) throw usageError("--activate and --deactivate exclude each other.");
    const running_runs = call.option("running-runs");
    if (off !== (running_runs !== undefined)) {
      throw usageError("--deactivate and --running-runs finish|cancel belong together.");
    }
    const body = { ...settingsOf(call), ...(on || off ? { is_active: on } : {}), running_runs };
    const tenant = await call.api.send<Tenant>("PATCH", `/tenants/${segment(projectId)}`, body);
    call.show(tenant, () => showTenants([tenant]));
  },
};
