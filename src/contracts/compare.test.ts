import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AgentBody, agentBodySchema } from "./agent-body.ts";
import { compareBodies } from "./compare.ts";
import type { ComparedPolicy } from "./compare-policy.ts";
import type { Family } from "./contract.ts";

const body = (more: object = {}): AgentBody =>
  agentBodySchema.parse({ display_name: "A", driver: "client", ...more });
const grant = (more: object = {}) => ({ server: "shop", tool: "wipe", ...more });
const tools = (...grants: object[]) => ({ tools: grants });
const step = { key: "say", message: { channel: "ops", text: "done" } };
const runbook = (...steps: object[]) => ({ driver: "worker", runbook: { steps } });

/** What an agent's change is, as `gained tool_granted`, each once and sorted. */
function changes(before: object, after: object): string[] {
  return named("agent", body(before), body(after));
}

function named(family: Family, before: unknown, after: unknown): string[] {
  const { permissions, level, reasons } = compareBodies(family, before, after);
  const all = Object.entries(permissions).flatMap(([kind, list]) =>
    list.map(({ key, widens }) => `${kind}${widens ? "!" : ""} ${key}`),
  );
  expect(reasons.length > 0).toBe(level === "major");
  return [...new Set(all)].sort();
}

describe("an agent's permissions", () => {
  it.each<[what: string, before: object, after: object, there: string[], back: string[]]>([
    ["a tool", {}, tools(grant()), ["gained! tool_granted"], ["lost tool_withdrawn"]],
    [
      "the reads of a server",
      {},
      { observe: { servers: ["shop"] } },
      ["gained! observe_gained"],
      ["lost observe_lost"],
    ],
    [
      "a server's word instead of the contract's",
      { ...tools(grant()), observe: { servers: ["shop"] } },
      { observe: { servers: ["shop"] } },
      ["changed! tool_observed"],
      ["gained! tool_granted"],
    ],
    [
      "resources, where no wider pattern stood before",
      { resources: [{ server: "shop", uris: ["file:///docs/*", "db://stock"] }] },
      { resources: [{ server: "shop", uris: ["file:///docs/a", "file:///keys/*"] }] },
      ["gained! resource_granted", "lost resource_withdrawn"],
      ["gained! resource_granted", "lost resource_withdrawn"],
    ],
    [
      "prompts",
      {},
      { prompts: [{ server: "shop", names: ["*"] }] },
      ["gained! prompt_granted"],
      ["lost prompt_withdrawn"],
    ],
    [
      "an effect",
      tools(grant({ effect: "read", approval: "always" })),
      tools(grant({ approval: "always" })),
      ["changed! effect_write"],
      ["changed! effect_read"],
    ],
    [
      "no approval any more",
      tools(grant()),
      tools(grant({ approval: "never" })),
      ["changed! approval_dropped"],
      ["changed approval_added"],
    ],
    [
      "fewer people",
      tools(grant({ quorum: 2 })),
      tools(grant()),
      ["changed! quorum_lowered"],
      ["changed quorum_raised"],
    ],
    [
      "a group that may decide sooner",
      tools(grant({ ask: { escalate: [{ after_seconds: 60, to_group: "leads" }] } })),
      tools(grant({ ask: { escalate: [{ after_seconds: 30, to_group: "leads" }] } })),
      ["changed! escalation_gained"],
      ["changed escalation_lost"],
    ],
    [
      "any arguments",
      tools(grant({ args: { type: "object" } })),
      tools(grant()),
      ["changed! args_dropped"],
      ["changed args_narrowed"],
    ],
    [
      "more arguments",
      tools(grant({ args: { properties: { a: { enum: [1] } } } })),
      tools(grant({ args: { properties: { a: { enum: [1, 2] } } } })),
      ["changed! args_changed"],
      ["changed args_narrowed"],
    ],
    [
      "dearer calls",
      tools(grant({ cost_per_call: 0.1 })),
      tools(grant({ cost_per_call: 0.2 })),
      ["changed! cost_raised"],
      ["changed! cost_lowered"],
    ],
    [
      "a no that ends nothing",
      tools(grant({ on_reject: "cancel", on_expire: "fail" })),
      tools(grant({ on_reject: "return", on_expire: "return" })),
      ["changed! on_no_milder"],
      ["changed on_no_stricter"],
    ],
    [
      "more time",
      tools(grant()),
      tools(grant({ timeout_seconds: 31, expires_seconds: 901, redeem_seconds: 301 })),
      ["changed! limit_raised"],
      ["changed limit_lowered"],
    ],
    [
      "higher limits of a run",
      { limits: { timeout_seconds: 60, max_attempts: 1 } },
      {},
      ["changed! limit_raised"],
      ["changed limit_lowered"],
    ],
    [
      "no limits of a run",
      { limits: { calls: 0, cost_usd: 1 } },
      {},
      ["changed! limit_dropped"],
      ["changed limit_added"],
    ],
    ["a mode", { mode: "shadow" }, {}, ["changed! mode_raised"], ["changed mode_lowered"]],
    [
      "a trigger",
      {},
      { triggers: [{ channel: "alerts" }] },
      ["gained! trigger_gained"],
      ["lost trigger_lost"],
    ],
    [
      "more events of a trigger",
      { triggers: [{ channel: "alerts", when: "true" }] },
      { triggers: [{ channel: "alerts" }, { channel: "alerts", when: "true" }] },
      ["changed! trigger_changed"],
      ["changed trigger_narrowed"],
    ],
    [
      "other events of a trigger",
      { triggers: [{ channel: "alerts", when: "true" }] },
      { triggers: [{ channel: "alerts", when: "1 == 1" }] },
      ["changed! trigger_changed"],
      ["changed! trigger_changed"],
    ],
    ["whom it tells", {}, { notify: ["ops"] }, ["gained! notify_gained"], ["lost notify_lost"]],
    [
      "where it writes",
      runbook({ key: "a", check: { $cel: "true" } }),
      runbook({ key: "a", check: { $cel: "true" } }, step),
      ["gained! message_gained"],
      ["lost message_lost"],
    ],
  ])("differ by %s", (_, before, after, there, back) => {
    expect(changes(before, after)).toEqual(there);
    expect(changes(after, before)).toEqual(back);
  });

  it("do not differ by words, or by what is said though it goes without saying", () => {
    expect(changes({}, { display_name: "B", description: "new" })).toEqual([]);
    expect(changes({}, { mode: "active", limits: { max_attempts: 3 } })).toEqual([]);
    const said = { approval: "always", on_reject: "return", on_expire: "return", quorum: 1 };
    expect(changes(tools(grant()), tools(grant(said)))).toEqual([]);
    expect(changes(tools(grant({ simulate: { a: 1 } })), tools(grant()))).toEqual([]);
  });

  it("are told in words", () => {
    const { reasons } = compareBodies(
      "agent",
      body({ ...tools(grant({ quorum: 3 })), limits: { cost_usd: 0.5 } }),
      body({ ...tools(grant(), grant({ tool: "look", effect: "read" })) }),
    );
    expect(reasons.map(({ text }) => text)).toEqual([
      "The quorum of shop/wipe is 1 instead of 3.",
      "It may use shop/look.",
      "limits.cost_usd is no longer limited; it was 0.5.",
    ]);
  });
});

describe("a connection's permissions", () => {
  const http = { transport: "http", url: "https://a.example/mcp", headers: {} };
  const stdio = { transport: "stdio", command: "/bin/tool", args: [], env: {} };

  it.each<[what: string, before: object, after: object, there: string[], back: string[]]>([
    [
      "an address",
      http,
      { ...http, url: "https://b.example/mcp" },
      ["changed! value_changed"],
      ["changed! value_changed"],
    ],
    [
      "a program",
      http,
      stdio,
      ["changed! field_changed", "changed! value_changed"],
      ["changed! field_changed", "changed! value_changed"],
    ],
    [
      "arguments",
      stdio,
      { ...stdio, args: ["--force"] },
      ["changed! field_changed"],
      ["changed! field_changed"],
    ],
    [
      "a variable",
      { ...stdio, env: { READ_ONLY: "1" } },
      stdio,
      ["changed! field_changed"],
      ["changed! field_changed"],
    ],
    [
      "a secret",
      http,
      { ...http, headers: { authorization: "Bearer secret:TOKEN" } },
      ["changed! field_changed", "gained! secret_gained"],
      ["lost secret_lost"],
    ],
    ["nothing but time", http, { ...http, timeout_seconds: 60 }, [], []],
  ])("to a tool server differ by %s", (_, before, after, there, back) => {
    expect(named("tool_server", before, after)).toEqual(there);
    expect(named("tool_server", after, before)).toEqual(back);
  });

  it("are told without what should have been a secret", () => {
    const url = "https://a.example/mcp?access_token=hunter2hunter2";
    const { reasons } = compareBodies("tool_server", http, { ...http, url });
    expect(JSON.stringify(reasons)).not.toContain("hunter2");
    const { permissions } = compareBodies("tool_server", http, {
      ...http,
      headers: { authorization: "Bearer secret:SHOP_TOKEN" },
    });
    expect(permissions.gained).toMatchObject([{ text: "It is given the secret SHOP_TOKEN." }]);
  });

  const alerts = { type: "alertmanager", auth: { scheme: "bearer", secret: "secret:A" } };

  it.each<[what: string, before: object, after: object, there: string[], back: string[]]>([
    [
      "another proof",
      alerts,
      { ...alerts, auth: { scheme: "bearer", secret: "secret:B" } },
      ["changed! field_changed"],
      ["changed! field_changed"],
    ],
    [
      "no proof",
      alerts,
      { type: "alertmanager" },
      ["changed! auth_dropped"],
      ["changed auth_added"],
    ],
    [
      "an address",
      { type: "webhook", url: "https://a.example", secret: "secret:A" },
      { type: "webhook", url: "https://b.example", secret: "secret:A" },
      ["changed! value_changed"],
      ["changed! value_changed"],
    ],
    [
      "a field that is not known here",
      { type: "telegram", chat: ["1"] },
      { type: "telegram", chat: ["1", "2"] },
      ["changed! field_changed"],
      ["changed! field_changed"],
    ],
  ])("to a channel differ by %s", (_, before, after, there, back) => {
    expect(named("channel", before, after)).toEqual(there);
    expect(named("channel", after, before)).toEqual(back);
  });
});

describe("a policy's permissions", () => {
  const policy = (id: string, effect: "permit" | "forbid", more = ""): ComparedPolicy => ({
    id,
    effect,
    text: `${id.startsWith("#") ? "" : `@id("${id}")\n`}${effect} (principal, action, resource)${more};`,
  });
  const base = [policy("a", "permit"), policy("#2", "forbid", " when { false }")];

  it.each<[what: string, after: ComparedPolicy[], there: string[], back: string[]]>([
    [
      "one that permits",
      [...base, policy("b", "permit")],
      ["gained! permit_added"],
      ["lost permit_removed"],
    ],
    [
      "one that forbids",
      [...base, policy("b", "forbid")],
      ["lost forbid_added"],
      ["gained! forbid_removed"],
    ],
    [
      "one that says something else",
      [policy("a", "permit", " when { true }"), ...base.slice(1)],
      ["changed! policy_changed"],
      ["changed! policy_changed"],
    ],
  ])("differ by %s", (_, after, there, back) => {
    expect(named("policy", base, after)).toEqual(there);
    expect(named("policy", after, base)).toEqual(back);
  });

  it("do not differ by their order", () => {
    const [first, second] = base as [ComparedPolicy, ComparedPolicy];
    expect(named("policy", base, [{ ...second, id: "#1" }, first])).toEqual([]);
  });
});

it("a body that can't be read any more is compared as if anything might have changed", () => {
  expect(named("agent", undefined, body())).toEqual(["changed! unreadable"]);
});

describe("any two agents", () => {
  it("differ in nothing from themselves", () => {
    fc.assert(
      fc.property(anyAgent, (agent) => {
        const { level, permissions, reasons } = compareBodies("agent", agent, agent);
        expect({ level, permissions, reasons }).toEqual({
          level: "minor",
          permissions: { gained: [], lost: [], changed: [] },
          reasons: [],
        });
      }),
    );
  });

  it("differ one way by what they differ by the other way", () => {
    fc.assert(
      fc.property(anyAgent, anyAgent, (a, b) => {
        const there = compareBodies("agent", a, b);
        const back = compareBodies("agent", b, a);
        const { gained, lost, changed } = there.permissions;
        const subjects = (list: typeof gained) =>
          list.map(({ params }) => subjectOf(params)).sort();
        expect(subjects(gained)).toEqual(subjects(back.permissions.lost));
        expect(subjects(lost)).toEqual(subjects(back.permissions.gained));
        expect(subjects(changed)).toEqual(subjects(back.permissions.changed));
        const widened = [...gained, ...lost, ...changed].filter(({ widens }) => widens);
        expect(there.level).toBe(widened.length > 0 ? "major" : "minor");
        expect(there.reasons).toHaveLength(widened.length);
        expect(lost.every(({ widens }) => !widens)).toBe(true);
        // What differs at all is wider one way or the other.
        for (const change of changed.filter(({ widens }) => !widens)) {
          const same = back.permissions.changed.filter(
            ({ params }) => subjectOf(params) === subjectOf(change.params),
          );
          expect(same.some(({ widens }) => widens)).toBe(true);
        }
      }),
    );
  });
});

/** What a change is about, without how it was before and is after. */
function subjectOf({ before: _, after: __, ...subject }: Record<string, string | number>): string {
  return JSON.stringify(subject);
}

const some = <T>(...values: T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const anyGrant = fc.record({
  tool: fc.constantFrom("look", "wipe", "move"),
  effect: some("read", "write"),
  approval: some("never", "always"),
  quorum: some(1, 2, 3),
  cost_per_call: some(0, 0.1),
  timeout_seconds: some(10, 60),
  args: some<object>({}, { maxProperties: 1 }, { type: "object", maxProperties: 1 }),
  on_reject: some("cancel", "return"),
  on_expire: some("cancel", "fail", "return"),
  ask: some(...[60, 30].map((s) => ({ escalate: [{ after_seconds: s, to_group: "leads" }] }))),
});
const anyAgent = fc
  .record({
    mode: fc.constantFrom("legacy", "shadow", "canary", "active"),
    limits: fc.record({ calls: some(1, 5), cost_usd: some(0.5, 2), max_attempts: some(1, 4) }),
    triggers: fc.array(
      fc.record({ channel: fc.constantFrom("a", "b"), when: some("true", "false") }),
      { maxLength: 3 },
    ),
    notify: fc.array(fc.constantFrom("a", "b"), { maxLength: 2 }),
    tools: fc.uniqueArray(anyGrant, { selector: ({ tool }) => tool, maxLength: 3 }),
  })
  .map((agent) => body({ ...agent, tools: agent.tools.map((of) => ({ server: "s", ...of })) }));
