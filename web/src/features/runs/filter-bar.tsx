import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { RUN_STATES, type RunRow, type RunState } from "../../app/api.ts";
import { agentsQuery } from "../../app/queries.ts";
import { useProject } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Filter } from "../../ui/filter.tsx";
import { MODES, type Mode, type RunsSearch, SINCE, type Since } from "./filters.ts";
import { SearchBox } from "./search-box.tsx";

/** A search and four filters that are always there; each says what it holds and can be taken off. */
export function FilterBar(props: { rows: RunRow[] }) {
  const { t } = useWords();
  const search = useSearch({ from: "/console/runs" });
  const navigate = useNavigate({ from: "/runs" });
  const set = <K extends keyof RunsSearch>(key: K, value: RunsSearch[K] | "") =>
    navigate({ search: (old) => ({ ...old, [key]: value === "" ? undefined : value }) });
  const agents = useAgents(props.rows, search.agent);
  return (
    // biome-ignore lint/a11y/useSemanticElements: nothing is submitted, so this is no form
    <div className="filters" role="group" aria-label={t("filter.label")}>
      <SearchBox />
      <Filter<RunState>
        name={t("filter.state")}
        any={t("filter.any_state")}
        value={search.state}
        options={RUN_STATES.map((value) => ({ value, label: t(`state.${value}`) }))}
        onChange={(value) => set("state", value)}
      />
      <Filter<string>
        name={t("filter.agent")}
        any={t("filter.any_agent")}
        value={search.agent}
        options={agents.map((value) => ({ value, label: value }))}
        onChange={(value) => set("agent", value)}
      />
      <Filter<Mode>
        name={t("filter.mode")}
        any={t("filter.any_mode")}
        value={search.mode}
        options={MODES.map((value) => ({
          value,
          label: value === "live" ? t("filter.only_live") : t("filter.only_shadow"),
        }))}
        onChange={(value) => set("mode", value)}
      />
      <Filter<string>
        name={t("filter.trigger")}
        any={t("filter.any_trigger")}
        value={search.trigger}
        options={triggersOf(props.rows, search.trigger).map((value) => ({ value, label: value }))}
        onChange={(value) => set("trigger", value)}
      />
      <Filter<Since>
        name={t("filter.since")}
        any={t("filter.any_time")}
        value={search.since}
        options={SINCE.map((value) => ({ value, label: t(`filter.since_values.${value}`) }))}
        onChange={(value) => set("since", value)}
      />
    </div>
  );
}

// What starts runs wherever there are channels; others are known once a run of theirs is in the list.
const USUAL_TRIGGERS = ["alertmanager", "grafana", "webhook", "telegram", "slack", "email"];

function triggersOf(rows: RunRow[], chosen: string | undefined): string[] {
  const seen = rows.flatMap(({ trigger_type }) => trigger_type ?? []);
  return [...new Set([...USUAL_TRIGGERS, ...seen, ...(chosen ? [chosen] : [])])].sort();
}

function useAgents(rows: RunRow[], chosen: string | undefined): string[] {
  const contracts = useQuery(agentsQuery(useProject())).data?.contracts ?? [];
  const names = new Set([
    ...contracts.map((contract) => contract.contract_id),
    ...rows.map((row) => row.agent_id),
    ...(chosen ? [chosen] : []),
  ]);
  return [...names].sort();
}
