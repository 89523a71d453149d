import { canonicalJson } from "../platform/canonical.ts";
import { MIGRATION_MODES } from "../platform/contract.ts";
import { type AgentBody, isChatAllowed, type ToolGrant } from "./agent-body.ts";
import type { Difference } from "./change-contract.ts";
import { isNarrower } from "./narrower.ts";
import { coversPattern } from "./patterns.ts";

/** What one agent may do that another may not. What it does with it (its runbook, its words) is no permission. */
export function compareAgents(before: AgentBody, after: AgentBody): Difference[] {
  return [
    ...compareTools(before, after),
    ...compareObserved(before, after),
    ...compareReads(before, after),
    ...compareLimits(before.limits, after.limits),
    ...compareModes(before, after),
    ...compareTriggers(before, after),
    ...compareNames("notify", toldBy(before), toldBy(after)),
    ...compareNames("message", writtenTo(before), writtenTo(after)),
  ];
}

const only = (names: readonly string[], without: readonly string[]) =>
  [...new Set(names)].filter((name) => !without.includes(name));

const nameOf = ({ server, tool }: ToolGrant) => `${server}/${tool}`;

/** The resources and prompts an agent may read, each as a server and a pattern. */
function readsOf({ resources = [], prompts = [] }: AgentBody) {
  const pairs = (server: string, all: readonly string[]) =>
    all.map((pattern): [string, string] => [server, pattern]);
  return {
    resource: resources.flatMap(({ server, uris }) => pairs(server, uris)),
    prompt: prompts.flatMap(({ server, names }) => pairs(server, names)),
  };
}

function compareReads(before: AgentBody, after: AgentBody): Difference[] {
  const uncovered = (these: [string, string][], by: [string, string][]) =>
    these.filter(
      ([server, pattern]) =>
        !by.some(([other, wide]) => other === server && coversPattern(wide, pattern)),
    );
  return (["resource", "prompt"] as const).flatMap((kind) => {
    const [earlier, later] = [readsOf(before)[kind], readsOf(after)[kind]];
    const said = (key: `${typeof kind}_${"granted" | "withdrawn"}`) => (grant: [string, string]) =>
      ({ key, params: { server: grant[0], pattern: grant[1] } }) satisfies Difference;
    return [
      ...uncovered(later, earlier).map(said(`${kind}_granted`)),
      ...uncovered(earlier, later).map(said(`${kind}_withdrawn`)),
    ];
  });
}

function compareTools(before: AgentBody, after: AgentBody): Difference[] {
  const earlier = new Map(before.tools.map((grant) => [nameOf(grant), grant]));
  const later = new Map(after.tools.map((grant) => [nameOf(grant), grant]));
  const withdrawn = [...earlier].filter(([tool]) => !later.has(tool));
  return [
    ...[...later].flatMap(([tool, grant]): Difference[] => {
      const known = earlier.get(tool);
      if (!known) return [{ key: "tool_granted", params: { tool } }];
      return compareGrants(
        tool,
        { ...known, ...answers(known, before) },
        {
          ...grant,
          ...answers(grant, after),
        },
      );
    }),
    ...withdrawn.map(([tool, { server }]): Difference => {
      // The terms that it was listed under are gone, and its server's word is enough.
      const isObserved = after.observe?.servers.includes(server) === true;
      return { key: isObserved ? "tool_observed" : "tool_withdrawn", params: { tool } };
    }),
  ];
}

/** Observing a server lets pass what nobody has listed, on the server's word: that is wider whatever is listed. */
function compareObserved(before: AgentBody, after: AgentBody): Difference[] {
  const earlier = before.observe?.servers ?? [];
  const later = after.observe?.servers ?? [];
  return [
    ...only(later, earlier).map(
      (server): Difference => ({ key: "observe_gained", params: { server } }),
    ),
    ...only(earlier, later).map(
      (server): Difference => ({ key: "observe_lost", params: { server } }),
    ),
  ];
}

/** What a grant does without saying so: its approval by its effect, a no by the agent's driver. */
function answers(grant: ToolGrant, { driver }: AgentBody) {
  const onNo = driver === "worker" ? ("cancel" as const) : ("return" as const);
  return {
    approval: grant.approval ?? (grant.effect === "write" ? "always" : "never"),
    on_reject: grant.on_reject ?? onNo,
    on_expire: grant.on_expire ?? onNo,
  };
}

type Terms = ToolGrant & ReturnType<typeof answers>;

function compareGrants(tool: string, before: Terms, after: Terms): Difference[] {
  const found: Difference[] = [];
  if (before.effect !== after.effect)
    found.push({ key: `effect_${after.effect}`, params: { tool } });
  if (before.approval !== after.approval) {
    const key = after.approval === "never" ? "approval_dropped" : "approval_added";
    found.push({ key, params: { tool } });
  }
  const quorum = { tool, before: before.quorum, after: after.quorum };
  if (after.quorum < before.quorum) found.push({ key: "quorum_lowered", params: quorum });
  if (after.quorum > before.quorum) found.push({ key: "quorum_raised", params: quorum });
  found.push(...compareApprovers(tool, before, after));
  found.push(...compareArgs(tool, before.args, after.args));
  const cost = { tool, before: before.cost_per_call, after: after.cost_per_call };
  if (cost.after > cost.before) found.push({ key: "cost_raised", params: cost });
  if (cost.after < cost.before) found.push({ key: "cost_lowered", params: cost });
  for (const field of ["on_reject", "on_expire"] as const) {
    const params = { tool, field, before: before[field], after: after[field] };
    if (ends(before[field]) && !ends(after[field])) found.push({ key: "on_no_milder", params });
    if (!ends(before[field]) && ends(after[field])) found.push({ key: "on_no_stricter", params });
  }
  for (const field of ["timeout_seconds", "expires_seconds", "redeem_seconds"] as const) {
    found.push(...compareLimit(`${field} of ${tool}`, before[field], after[field]));
  }
  found.push(...compareWindows(`of ${tool}`, before.limits, after.limits));
  found.push(...compareEscalation(tool, before, after));
  found.push(...compareChat(tool, before, after));
  return found;
}

/** In a chat more people's accounts are as good as a sign-in, and less of the question is seen. */
function compareChat(tool: string, before: ToolGrant, after: ToolGrant): Difference[] {
  const isAllowed = isChatAllowed(after.ask);
  if (isAllowed === isChatAllowed(before.ask)) return [];
  return [{ key: isAllowed ? "chat_allowed" : "chat_refused", params: { tool } }];
}

/** A group that may decide as well, or sooner, can let pass what nobody else would have. */
function compareEscalation(tool: string, before: ToolGrant, after: ToolGrant): Difference[] {
  const [earlier, later] = [groupsOf(before), groupsOf(after)];
  return [...new Set([...earlier.keys(), ...later.keys()])].flatMap((group): Difference[] => {
    const [was, is] = [earlier.get(group), later.get(group)];
    if (was === is) return [];
    if (is !== undefined && (was === undefined || is < was))
      return [{ key: "escalation_gained", params: { tool, group, after: is } }];
    return [{ key: "escalation_lost", params: { tool, group, before: was ?? 0 } }];
  });
}

/** After how many seconds each group may decide. */
function groupsOf({ ask }: ToolGrant): Map<string, number> {
  const steps = (ask?.escalate ?? []).toReversed();
  return new Map(
    steps.flatMap(({ to_group, after_seconds }) =>
      to_group === undefined ? [] : [[to_group, after_seconds] as const],
    ),
  );
}

/** Who may approve: fewer people are narrower, other people are not. */
function compareApprovers(tool: string, before: Terms, after: Terms): Difference[] {
  const found: Difference[] = [];
  const [was, is] = [before.approvers?.group, after.approvers?.group];
  if (was !== is) {
    if (is === undefined) found.push({ key: "group_dropped", params: { tool, group: was ?? "" } });
    else if (was === undefined) found.push({ key: "group_added", params: { tool, group: is } });
    else found.push({ key: "group_changed", params: { tool, before: was, after: is } });
  }
  const switches = [
    [before.two_person, after.two_person, "two_person_added", "two_person_dropped"],
    [
      before.approvers?.editor_counts,
      after.approvers?.editor_counts,
      "editor_counts_allowed",
      "editor_counts_dropped",
    ],
  ] as const;
  for (const [wasSet, isSet, on, off] of switches) {
    if ((wasSet === true) !== (isSet === true))
      found.push({ key: isSet === true ? on : off, params: { tool } });
  }
  return found;
}

const ends = (answer: "cancel" | "fail" | "return") => answer !== "return";

function compareArgs(tool: string, before: unknown, after: unknown): Difference[] {
  const params = { tool };
  if (after === undefined) return before === undefined ? [] : [{ key: "args_dropped", params }];
  if (before === undefined) return [{ key: "args_narrowed", params }];
  if (canonicalJson(before) === canonicalJson(after)) return [];
  return [{ key: isNarrower(before, after) ? "args_narrowed" : "args_changed", params }];
}

function compareLimits(before: AgentBody["limits"], after: AgentBody["limits"]): Difference[] {
  const fields = [
    "calls",
    "cost_usd",
    "calls_per_minute",
    "timeout_seconds",
    "max_attempts",
  ] as const;
  return [
    ...fields.flatMap((field) => compareLimit(`limits.${field}`, before[field], after[field])),
    ...compareWindows("of all runs together", before.agent, after.agent),
  ];
}

type Windows = NonNullable<ToolGrant["limits"]>;

function compareWindows(whose: string, before: Windows = {}, after: Windows = {}): Difference[] {
  const fields = ["calls_per_minute", "calls_per_day", "cost_usd_per_day"] as const;
  return fields.flatMap((field) => compareLimit(`${field} ${whose}`, before[field], after[field]));
}

function compareLimit(
  field: string,
  before: number | undefined,
  after: number | undefined,
): Difference[] {
  if (before === after) return [];
  if (after === undefined)
    return [{ key: "limit_dropped", params: { field, before: before ?? 0 } }];
  if (before === undefined) return [{ key: "limit_added", params: { field, after } }];
  return [
    { key: after > before ? "limit_raised" : "limit_lowered", params: { field, before, after } },
  ];
}

function compareModes(before: AgentBody, after: AgentBody): Difference[] {
  const found: Difference[] = [];
  const rise = MIGRATION_MODES.indexOf(after.mode) - MIGRATION_MODES.indexOf(before.mode);
  const modes = { before: before.mode, after: after.mode };
  if (rise !== 0) found.push({ key: rise > 0 ? "mode_raised" : "mode_lowered", params: modes });
  const drivers = { before: before.driver, after: after.driver };
  if (before.driver !== after.driver) found.push({ key: "driver_changed", params: drivers });
  return found;
}

const EVERY_EVENT = Symbol("every event");
type Conditions = ReadonlySet<string | typeof EVERY_EVENT>;

/** The conditions under which events of each channel start a run. */
function conditionsOf({ triggers }: AgentBody): Map<string, Conditions> {
  const channels = Map.groupBy(triggers, ({ channel }) => channel);
  return new Map(
    [...channels].map(([channel, all]) => [
      channel,
      new Set(all.map(({ when }) => when ?? EVERY_EVENT)),
    ]),
  );
}

function compareTriggers(before: AgentBody, after: AgentBody): Difference[] {
  const earlier = conditionsOf(before);
  const later = conditionsOf(after);
  const lost = [...earlier.keys()].filter((channel) => !later.has(channel));
  return [
    ...[...later].flatMap(([channel, conditions]): Difference[] => {
      const params = { channel };
      const known = earlier.get(channel);
      if (!known) return [{ key: "trigger_gained", params }];
      if (isSameSet(known, conditions)) return [];
      // Two expressions are not compared: one that was not there before may be true of anything.
      const isWithin = known.has(EVERY_EVENT) || [...conditions].every((of) => known.has(of));
      return [{ key: isWithin ? "trigger_narrowed" : "trigger_changed", params }];
    }),
    ...lost.map((channel): Difference => ({ key: "trigger_lost", params: { channel } })),
  ];
}

function isSameSet(a: Conditions, b: Conditions): boolean {
  // Beside "every event" no other condition counts.
  if (a.has(EVERY_EVENT) || b.has(EVERY_EVENT)) return a.has(EVERY_EVENT) && b.has(EVERY_EVENT);
  return a.size === b.size && [...a].every((of) => b.has(of));
}

function toldBy({ notify, tools }: AgentBody): string[] {
  const steps = tools.flatMap(({ ask }) => ask?.escalate ?? []);
  return [...notify, ...steps.flatMap(({ channels = [] }) => channels)];
}

function writtenTo({ runbook }: AgentBody): string[] {
  return (runbook?.steps ?? []).flatMap((step) => ("message" in step ? step.message.channel : []));
}

function compareNames(
  what: "notify" | "message",
  before: readonly string[],
  after: readonly string[],
): Difference[] {
  return [
    ...only(after, before).map(
      (channel): Difference => ({ key: `${what}_gained`, params: { channel } }),
    ),
    ...only(before, after).map(
      (channel): Difference => ({ key: `${what}_lost`, params: { channel } }),
    ),
  ];
}
