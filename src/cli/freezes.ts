import type { z } from "zod";
import type { inFlightList } from "../calls/in-flight-contract.ts";
import type {
  freezeListSchema,
  freezeSchema,
  frozenSchema,
  liftedSchema,
} from "../tenants/freeze-contract.ts";
import { segment } from "./api.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";

type Freeze = z.output<typeof freezeSchema>;
type Frozen = z.output<typeof frozenSchema>;
type Lifted = z.output<typeof liftedSchema>;
type FreezePage = z.output<typeof freezeListSchema>;
type InFlight = z.output<typeof inFlightList>;

type Place = Pick<Freeze, "scope" | "project_id" | "agent_id">;

/** What is frozen, in words. */
function placeOf({ scope, project_id, agent_id }: Place): string {
  if (scope === "platform") return "everything";
  return scope === "agent" ? `agent ${agent_id} of ${project_id}` : `project ${project_id}`;
}

const whoAndWhy = (freeze: Freeze) =>
  `${oneLine(freeze.frozen_by)}, ${moment(freeze.frozen_at)} UTC: ${oneLine(freeze.reason)}`;

const showCalls = (calls: InFlight["calls"]) =>
  table(
    calls,
    [
      ["started", (row) => moment(row.started_at)],
      ["given up", (row) => moment(row.deadline_at)],
      ["effect", (row) => row.effect],
      ["project", (row) => row.project_id],
      ["agent", (row) => row.agent_id],
      ["run", (row) => row.run_id],
      ["call", (row) => row.call_id],
      ["tool", (row) => `${row.server ?? ""}/${row.tool_name}`],
    ],
    "No call is under way.",
  );

function showFrozen(frozen: Frozen): string {
  const { in_flight, in_flight_total: total } = frozen;
  const head = `Frozen: ${placeOf(frozen)} (${whoAndWhy(frozen)}).`;
  if (total === 0) return `${head}\nNo call is under way there.`;
  const shown = total > in_flight.length ? `, the first ${in_flight.length} of which are` : "";
  return `${head}\n${total} calls had got through before${shown}:\n\n${showCalls(in_flight)}`;
}

const REASON = { value: "TEXT", help: "why, for whoever finds it stopped" };
const PROJECT = { value: "PROJECT_ID", help: "whose" };

async function freeze(call: Call, place: Place): Promise<void> {
  const { scope, project_id, agent_id } = place;
  const body = {
    scope,
    reason: call.required("reason"),
    ...(project_id === null ? {} : { project_id }),
    ...(agent_id === null ? {} : { agent_id }),
  };
  const frozen = await call.api.send<Frozen>("POST", "/freezes", body);
  call.show(frozen, () => showFrozen(frozen));
}

/** Lifts the freezes of exactly this place that the key may lift, one after the other. */
async function thaw(call: Call, place: Place): Promise<void> {
  const reason = call.required("reason");
  const { freezes } = await call.api.get<FreezePage>("/freezes", {
    ...(place.project_id === null ? {} : { project_id: place.project_id }),
    standing: "true",
    limit: "200",
  });
  const mine = freezes.filter(
    ({ scope, project_id, agent_id }) =>
      scope === place.scope && project_id === place.project_id && agent_id === place.agent_id,
  );
  const lifted: Lifted[] = [];
  for (const { freeze_id } of mine) {
    const path = `/freezes/${segment(freeze_id)}/lift`;
    lifted.push(await call.api.send<Lifted>("POST", path, { reason }));
  }
  const left = lifted.at(-1)?.still_standing ?? [];
  call.show(lifted, () =>
    [
      mine.length === 0 ? `Not frozen: ${placeOf(place)}.` : `Lifted: ${placeOf(place)}.`,
      ...left.map((each) => `Still frozen: ${placeOf(each)} (${whoAndWhy(each)}).`),
    ].join("\n"),
  );
}

const agentAt = (call: Call): Place => ({
  scope: "agent",
  project_id: call.required("project"),
  agent_id: call.args[0] ?? "",
});
const projectAt = (call: Call): Place => ({
  scope: "project",
  project_id: call.args[0] ?? "",
  agent_id: null,
});
const everything = (): Place => ({ scope: "platform", project_id: null, agent_id: null });

const PLACES = [
  ["agent", ["AGENT_ID"], { project: PROJECT }, agentAt, "one agent of a project"],
  ["project", ["PROJECT_ID"], {}, projectAt, "all agents of a project"],
  ["all", [], {}, everything, "every agent of every project"],
] as const;

/** `freeze agent`, `freeze project`, `freeze all`. */
export const freezeCommands: readonly Command[] = PLACES.map(
  ([what, takes, options, at, words]): Command => ({
    name: `freeze ${what}`,
    summary: `Stop ${words} at once; shows the calls that are under way`,
    takes,
    options: { ...options, reason: REASON },
    run: (call) => freeze(call, at(call)),
  }),
);

/** `thaw agent`, `thaw project`, `thaw all`. */
export const thawCommands: readonly Command[] = PLACES.map(
  ([what, takes, options, at, words]): Command => ({
    name: `thaw ${what}`,
    summary: `Set ${words} going again (admins)`,
    takes,
    options: { ...options, reason: { ...REASON, help: "why it may go on" } },
    run: (call) => thaw(call, at(call)),
  }),
);

export const freezesList: Command = {
  name: "freezes list",
  summary: "List what is frozen and what was, newest first",
  takes: [],
  options: {
    project: PROJECT,
    standing: { help: "only what is frozen now" },
    ...PAGING,
  },
  async run({ api, option, isSet, show }) {
    const answer = await api.get<FreezePage>("/freezes", {
      project_id: option("project"),
      standing: isSet("standing") ? "true" : undefined,
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const lifted = (row: Freeze) =>
      row.lifted_at === null
        ? "stands"
        : `${moment(row.lifted_at)} by ${row.lifted_by}: ${row.lift_reason}`;
    const words = () =>
      table(
        answer.freezes,
        [
          ["frozen", (row) => moment(row.frozen_at)],
          ["what", placeOf],
          ["held by", (row) => row.held_by],
          ["by", (row) => row.frozen_by],
          ["why", (row) => row.reason],
          ["lifted", lifted],
        ],
        "Nothing is frozen.",
      );
    show(answer, () => words() + moreHint(answer));
  },
};

export const inFlight: Command = {
  name: "in-flight",
  summary: "List the calls that tool servers have been sent and that have not come back",
  takes: [],
  options: {
    project: PROJECT,
    agent: { value: "AGENT_ID", help: "only this agent's" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<InFlight>("/calls/in-flight", {
      project_id: option("project"),
      agent_id: option("agent"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(answer, () => showCalls(answer.calls) + moreHint(answer));
  },
};
