import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalHash } from "../platform/canonical.ts";
import { newId } from "../platform/ids.ts";
import { openCedar } from "./cedar.ts";
import type { PolicyFact } from "./facts.ts";
import { createPolicies } from "./policies.ts";
import { type PolicyCall, policyContext, Unreadable } from "./policy-context.ts";
import { denied, factOf } from "./policy-fact.ts";
import type { PolicyRevision } from "./policy-sets.ts";
import { demandOf, policySources } from "./policy-text.ts";

/** Sets of policies are asked in slices; nobody may be able to tell. */

const cedarHost = openCedar();

/** Asks whole sets, as Cedar's documentation says. */
function unsliced(cedarText: string): (call: PolicyCall) => PolicyFact {
  const cedar = loaded();
  const sources = policySources(cedar, cedarText);
  if (typeof sources === "string") throw new TypeError(sources);
  const named = sources.map((of) => ({
    ...of,
    name: `mine 1.0 ${of.id.startsWith("#") ? of.id : `@${of.id}`}`,
  }));
  const staticPolicies = Object.fromEntries(named.map(({ name, source }) => [name, source]));
  expect(cedar.preparsePolicySet("whole", { staticPolicies })).toEqual({ type: "success" });
  const demands = named.flatMap(({ name, json }) => {
    const demand = demandOf(json);
    return demand ? [[name, demand] as const] : [];
  });
  const about = {
    effects: new Map(named.map(({ name, effect }) => [name, effect])),
    demands: new Map(demands),
    hash: canonicalHash([hashOf(cedarText)]),
  };
  return (call) => {
    const action = { type: "Action", id: call.effect };
    const resource = { type: "Tool", id: `${call.server}/${call.tool}` };
    try {
      const answer = cedar.statefulIsAuthorized({
        principal: { type: "Agent", id: call.agent },
        action,
        resource,
        context: policyContext(call),
        entities: [
          { uid: action, attrs: {}, parents: [{ type: "Action", id: "call" }] },
          { uid: resource, attrs: {}, parents: [{ type: "Server", id: call.server }] },
        ],
        preparsedPolicySetId: "whole",
      });
      if (answer.type === "failure") throw new TypeError(answer.errors[0]?.message);
      return factOf(answer.response, about);
    } catch (error) {
      if (error instanceof Unreadable) return denied("unreadable", [], error.message);
      throw error;
    }
  };
}

const loaded = () => cedarHost.run((cedar) => cedar);
const hashOf = (cedar: string) => canonicalHash({ cedar });
const revision = (cedar: string): PolicyRevision => ({
  revision_id: newId(),
  contract_id: "mine",
  version_major: 1,
  version_minor: 0,
  body_hash: hashOf(cedar),
  body: { cedar },
});

const agents = ["janitor", "scout"];
const servers = ["shop", "files"];
const tools = ["clear", "look"];
const agent = fc.constantFrom(...agents);
const server = fc.constantFrom(...servers);
const tool = fc.constantFrom(...tools);

const principalHead = fc.oneof(
  fc.constant("principal"),
  agent.map((id) => `principal == Agent::"${id}"`),
  agent.map((id) => `principal in Agent::"${id}"`),
  agent.map((id) => `principal is Agent in Agent::"${id}"`),
  fc.constantFrom("principal is Agent", "principal is Person", 'principal in Team::"night"'),
);
const actionHead = fc.constantFrom(
  "action",
  'action == Action::"read"',
  'action == Action::"write"',
  'action in Action::"call"',
  'action in [Action::"read", Action::"write"]',
  'action in [Action::"call"]',
  "action in []",
  'action == Action::"call"',
);
const resourceHead = fc.oneof(
  fc.constantFrom("resource", "resource is Tool", "resource is Server"),
  fc.tuple(server, tool).map(([of, id]) => `resource == Tool::"${of}/${id}"`),
  server.map((id) => `resource in Server::"${id}"`),
  server.map((id) => `resource is Tool in Server::"${id}"`),
  fc.constant('resource == Server::"shop"'),
);
const condition = fc.constantFrom(
  "",
  "when { true }",
  "when { false }",
  "when { context.is_shadow }",
  'unless { context.driver == "worker" }',
  'when { context.agent_mode == "active" }',
  'when { context has trigger_type && context.trigger_type like "c*" }',
  "when { context.nothing }",
  "when { context.args has n }",
  "when { context.args.n > 3 }",
  "when { context.args.n > 3 } unless { context.is_shadow }",
  'when { context.args has path && context.args.path like "/var/*" }',
  "when { context has args.path }",
  'when { {"args": context}.args has is_shadow }',
  "when { principal.name == 1 }",
  'when { principal in Agent::"scout" }',
  'when { resource in Server::"shop" }',
  'unless { action in Action::"call" }',
  'when { [Agent::"scout"].contains(principal) }',
  "when { if context.is_shadow then resource is Tool else context.args.flag }",
  "when { ip(context.args.path).isIpv4() }",
);
const annotation = fc.constantFrom(
  "",
  "",
  "",
  '@approval("required") ',
  '@approval("required") @reason("r") ',
);
const policy = fc
  .tuple(
    annotation,
    fc.constantFrom("permit", "permit", "forbid"),
    principalHead,
    actionHead,
    resourceHead,
    condition,
  )
  .map(([note, effect, ...head]) => {
    const when = head.pop();
    return `${effect === "permit" ? note : ""}${effect} (${head.join(", ")}) ${when};`;
  });

const call: fc.Arbitrary<PolicyCall> = fc.record({
  agent,
  server,
  tool,
  effect: fc.constantFrom("read", "write"),
  args: fc.constantFrom<unknown>(
    {},
    { n: 2 },
    { n: 5, path: "/var/cache" },
    { n: "5", flag: true },
    { path: "10.0.0.1" },
    { path: "/etc", deep: { __entity: 1 } },
  ),
  isShadow: fc.boolean(),
  driver: fc.constantFrom("worker", "client"),
  agentMode: fc.constantFrom("active", "shadow"),
  triggerType: fc.constantFrom("client", "alertmanager"),
});

describe("a set asked in slices", () => {
  it("says what the whole set says", () => {
    const policies = createPolicies();
    let permits = 0;
    fc.assert(
      fc.property(
        fc.array(policy, { minLength: 1, maxLength: 12 }),
        fc.array(call, { minLength: 1, maxLength: 6 }),
        (texts, calls) => {
          const cedar = texts.join("\n");
          const set = [revision(cedar)];
          const whole = unsliced(cedar);
          // Twice, so that what was kept of the first time is used.
          for (const one of [...calls, ...calls]) {
            const fact = policies.decide(set, one);
            expect(fact).toEqual(whole(one));
            if (fact.decision !== "permit") continue;
            permits += 1;
            expect(policies.couldPermit(set, one)).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(permits).toBeGreaterThan(100);
  });

  it("decides about more kinds of calls than are kept", () => {
    const policies = createPolicies();
    const named = Array.from(
      { length: 70 },
      (_, at) => `@id("t${at}") permit (principal, action, resource == Tool::"shop/t${at}");`,
    );
    const set = [revision(named.join("\n"))];
    const base = fc.sample(call, { seed: 1, numRuns: 1 })[0] as PolicyCall;
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 70; at++) {
        const one = { ...base, args: {}, server: "shop", tool: `t${at}` };
        expect(policies.decide(set, one)).toMatchObject({ by: `mine 1.0 @t${at}` });
      }
    }
  });
});

describe("whether a call could be permitted", () => {
  const could = (cedar: string) =>
    createPolicies().couldPermit([revision(cedar)], {
      agent: "janitor",
      effect: "write",
      server: "shop",
      tool: "clear",
    });

  it.each([
    ["permit (principal, action, resource);", true],
    ['permit (principal, action == Action::"read", resource);', false],
    ['permit (principal, action, resource in Server::"files");', false],
    ["permit (principal, action, resource) when { context.args has force };", true],
    [
      'permit (principal, action, resource); forbid (principal, action, resource == Tool::"shop/clear");',
      false,
    ],
    [
      'permit (principal, action, resource); forbid (principal, action, resource) when { context.args.path == "/" };',
      true,
    ],
    ["permit (principal,", false],
  ])("is told of %s", (cedar, expected) => {
    expect(could(cedar)).toBe(expected);
  });

  it("is open where there are no policies, and not where there are too many", () => {
    const scope = { agent: "a", effect: "read", server: "s", tool: "t" } as const;
    const all = revision("permit (principal, action, resource);");
    expect(createPolicies().couldPermit([], scope)).toBe(true);
    expect(createPolicies().couldPermit(Array(51).fill(all), scope)).toBe(false);
  });
});
