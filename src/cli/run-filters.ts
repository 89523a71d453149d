import type { Call, Option } from "./command.ts";

/** What narrows a list of runs, or an action on many. */
export const RUN_FILTERS: Readonly<Record<string, Option>> = {
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
};

/** The filters that were given, as the API names them. */
export function runFilters({ option }: Pick<Call, "option">) {
  return {
    state: option("state"),
    agent_id: option("agent"),
    trigger_type: option("trigger"),
    is_shadow: option("shadow"),
    created_after: option("after"),
    created_before: option("before"),
    q: option("q"),
  };
}
