import type { z } from "zod";
import type { tenantListSchema, tenantSchema } from "../tenants/contract.ts";
import { segment } from "./api.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";
import { usageError } from "./usage.ts";

type Tenant = z.output<typeof tenantSchema>;

const SETTINGS = {
  name: { value: "TEXT", help: "what people call it" },
  mode: { value: "MODE", help: "legacy, shadow, canary or active" },
  canary: { value: "PERCENT", help: "with mode canary: how many triggers run live" },
  budget: { value: "USD", help: "what it may spend in a calendar month, `none` for no limit" },
} as const;

/** The settings that were given, as the API names them. */
function settingsOf(call: Call) {
  const budget = call.option("budget");
  return {
    display_name: call.option("name"),
    migration_mode: call.option("mode"),
    canary_percent: number("canary", call.option("canary")),
    budget_limit_usd: budget === "none" ? null : number("budget", budget),
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

const showTenants = (tenants: readonly Tenant[]) =>
  table(
    tenants,
    [
      ["project", (row) => row.project_id],
      ["mode", (row) => row.migration_mode],
      ["canary", (row) => `${row.canary_percent} %`],
      ["budget usd", (row) => row.budget_limit_usd],
      ["active", (row) => (row.is_active ? "yes" : "no")],
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
    deactivate: { help: "stop it: no call passes any more, open questions are voided" },
  },
  async run(call) {
    const [projectId = ""] = call.args;
    const [on, off] = [call.isSet("activate"), call.isSet("deactivate")];
    if (on && off) throw usageError("--activate and --deactivate exclude each other.");
    const body = { ...settingsOf(call), ...(on || off ? { is_active: on } : {}) };
    const tenant = await call.api.send<Tenant>("PATCH", `/tenants/${segment(projectId)}`, body);
    call.show(tenant, () => showTenants([tenant]));
  },
};
