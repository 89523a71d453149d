import type { AgentBody } from "../contracts/index.ts";
import { hintOf } from "../toolservers/index.ts";
import type { CalledTool } from "./authoring-contract.ts";
import type { Called, CalledRow, KnownTool } from "./called.ts";
import { type NotedContract, type NotedGrant, quoted } from "./contract-file.ts";
import { draftGrant, MOST_TOOLS, READ_IT_FIRST } from "./drafting.ts";
import { shapeOf } from "./shapes.ts";

/** The contract an agent works under. */
export interface ActiveContract {
  projectId: string;
  agentId: string;
  /** `1.3` */
  version: string;
  /** As it was given. */
  given: Readonly<Record<string, unknown>>;
  body: AgentBody;
}

/** All that was recorded of one tool. */
interface Wanted {
  summary: CalledTool;
  rows: CalledRow[];
  known: KnownTool | undefined;
}

const GATE_OF_APPROVAL = 5;

/** The record of a question: what became of it is a call of its own, or a no. */
const isAsking = ({ block_gate, result_status }: CalledRow) =>
  result_status === "pending" || block_gate === GATE_OF_APPROVAL;

/** What an agent wanted of each tool, most wanted first. */
function wantedOf(
  { calls }: Called,
  { body }: ActiveContract,
  known: readonly KnownTool[],
): Wanted[] {
  const byName = Map.groupBy(known, ({ tool_name }) => tool_name);
  const found = Map.groupBy(calls, ({ server, tool_name }) => {
    // A call that no contract lists is recorded without a server; where only one has the tool, it is meant.
    const [only, ...others] = byName.get(tool_name) ?? [];
    const meant = server ?? (others.length === 0 ? only?.server_id : undefined);
    return JSON.stringify([meant ?? null, tool_name]);
  });
  const all = [...found].map(([name, rows]) => {
    const [server, tool] = JSON.parse(name) as [string | null, string];
    const pinned = byName.get(tool)?.find(({ server_id }) => server_id === server);
    return { rows, known: pinned, summary: summaryOf(server, tool, rows, pinned, body) };
  });
  return all.sort(
    (a, b) => b.summary.calls - a.summary.calls || (a.summary.tool < b.summary.tool ? -1 : 1),
  );
}

function summaryOf(
  server: string | null,
  tool: string,
  rows: readonly CalledRow[],
  known: KnownTool | undefined,
  body: AgentBody,
): CalledTool {
  const grant = body.tools.find((each) => each.server === server && each.tool === tool);
  const made = rows.filter((row) => !isAsking(row));
  const runs = Map.groupBy(made, ({ run_id }) => run_id);
  const hint = known ? hintOf(known.definition) : null;
  return {
    server,
    tool,
    is_listed: grant !== undefined,
    effect: grant?.effect ?? (hint === "read_only" ? "read" : "write"),
    hint,
    calls: made.length,
    blocked: rows.filter(({ result_status }) => result_status === "blocked").length,
    runs: new Set(rows.map(({ run_id }) => run_id)).size,
    most_in_a_run: Math.max(0, ...[...runs.values()].map((each) => each.length)),
  };
}

/** A contract of what an agent was seen to need, and what that was. */
export interface Proposal {
  contract: NotedContract;
  tools: CalledTool[];
}

/**
 * The active contract with what the agent called added, what it needs said more narrowly, and without its observing.
 * Whatever it lists already stays as a person wrote it.
 */
export function propose(
  active: ActiveContract,
  called: Called,
  known: readonly KnownTool[],
): Proposal {
  const wanted = wantedOf(called, active, known);
  const { observe: _, tools: given, limits, ...rest } = active.given;
  const kept = grantsOf(given).map((grant) => keptGrant(grant, wanted));
  const added = wanted.filter(({ summary }) => !summary.is_listed);
  const usable = added.flatMap((each) => (each.known ? [newGrant(each, each.known)] : []));
  const more = Math.max(0, kept.length + usable.length - MOST_TOOLS);
  const contract: NotedContract = {
    projectId: active.projectId,
    contractId: active.agentId,
    notes: [
      `A contract for the agent ${active.agentId}, from ${amount(called.calls.length, "call")} in ${amount(called.runs.length, "run")} since ${called.since}, on top of its version ${active.version}.`,
      ...(called.isComplete
        ? []
        : ["There were more runs or calls; only the newest were looked at."]),
      ...READ_IT_FIRST,
      ...(active.body.mode === "active"
        ? []
        : [
            `Its mode is ${active.body.mode} still: say \`mode: active\` once its writes shall be made.`,
          ]),
    ],
    body: { ...rest, limits: { ...limitsOf(limits), ...suggestedLimits(called, active.body) } },
    limitNotes: limitNotes(called),
    tools: [...kept, ...usable].slice(0, MOST_TOOLS),
    endNotes: [
      ...added.filter((each) => !each.known).map(({ summary }) => unknownTool(summary)),
      ...(more > 0 ? [`${amount(more, "tool")} more did not fit into one contract.`] : []),
    ],
  };
  return { contract, tools: wanted.map(({ summary }) => summary) };
}

const grantsOf = (tools: unknown) => (Array.isArray(tools) ? (tools as NotedGrant["grant"][]) : []);
const limitsOf = (limits: unknown) => (limits ?? {}) as Record<string, unknown>;

function keptGrant(grant: NotedGrant["grant"], wanted: readonly Wanted[]): NotedGrant {
  const use = wanted.find(
    ({ summary }) => summary.server === grant.server && summary.tool === grant.tool,
  );
  const notes = use ? [inWords(use.summary)] : ["Not called in this time: does the agent need it?"];
  return { grant, notes };
}

function newGrant({ summary, rows }: Wanted, known: KnownTool): NotedGrant {
  const { server_id: server, definition, is_changed: isChanged, flags } = known;
  const args = shapeOf(rows.map((row) => row.args ?? undefined));
  const { grant, notes } = draftGrant({ server, definition, isChanged, flags }, args);
  const shape = `args: what ${amount(rows.length, "call")} had in common; widen it where that was chance.`;
  return { grant, notes: [inWords(summary), ...notes, ...(args ? [shape] : [])] };
}

function inWords({ calls, blocked, runs, most_in_a_run }: CalledTool): string {
  const stopped = blocked > 0 ? `, ${blocked} times stopped by a gate` : "";
  return `Called ${calls === 1 ? "once" : `${calls} times`} in ${amount(runs, "run")}, at most ${most_in_a_run} in one${stopped}.`;
}

function unknownTool({ tool, calls }: CalledTool): string {
  return `Also wanted, ${calls === 1 ? "once" : `${calls} times`}: ${quoted(tool)}. No single tool server of the project has it.`;
}

const HEADROOM = 1.5;
const FEWEST_CALLS = 10;

const withRoom = (most: number) => Math.max(FEWEST_CALLS, Math.ceil((most * HEADROOM) / 5) * 5);

/** With head-room, but never above what a person has set. */
function suggestedLimits({ calls, runs }: Called, { limits }: AgentBody) {
  if (calls.length === 0) return {};
  const wish = withRoom(mostCalls(calls));
  const rate = withRoom(mostInAMinute(calls));
  const cost = Math.ceil(dearest(runs) * HEADROOM * 100) / 100;
  return {
    calls: Math.min(wish, limits.calls ?? wish),
    calls_per_minute: Math.min(rate, limits.calls_per_minute ?? rate),
    ...(cost > 0 ? { cost_usd: Math.min(cost, limits.cost_usd ?? cost) } : {}),
  };
}

function limitNotes({ calls, runs }: Called): string[] {
  if (calls.length === 0) return ["Nothing was called in this time; the limits are as they were."];
  return [
    `Seen: at most ${amount(mostCalls(calls), "call")} and $${dearest(runs)} in one run, ${amount(mostInAMinute(calls), "call")} in one minute.`,
  ];
}

const dearest = (runs: Called["runs"]) => Math.max(0, ...runs.map(({ cost_usd }) => cost_usd));

function mostCalls(calls: readonly CalledRow[]): number {
  const made = calls.filter((row) => !isAsking(row));
  const runs = Map.groupBy(made, ({ run_id }) => run_id);
  return Math.max(0, ...[...runs.values()].map((each) => each.length));
}

const MINUTE = 60;

/** The most calls that began within one minute of one run. */
function mostInAMinute(calls: readonly CalledRow[]): number {
  const made = calls.filter((row) => !isAsking(row));
  const peaks = [...Map.groupBy(made, ({ run_id }) => run_id).values()].map((of) => {
    const times = of.map(({ at }) => at).sort((a, b) => a - b);
    let first = 0;
    return times.reduce((most, at, last) => {
      while (at - (times[first] ?? at) >= MINUTE) first += 1;
      return Math.max(most, last - first + 1);
    }, 0);
  });
  return Math.max(0, ...peaks);
}

const amount = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
