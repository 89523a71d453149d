import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalHash } from "../platform/canonical.ts";
import { newId } from "../platform/ids.ts";
import type { PolicyFact } from "./facts.ts";
import { createPolicies } from "./policies.ts";
import type { PolicyCall } from "./policy-context.ts";
import type { PolicyRevision } from "./policy-sets.ts";

const call: PolicyCall = {
  agent: "janitor",
  effect: "write",
  server: "shop",
  tool: "clear_cache",
  args: { path: "/var/cache/shop" },
  isShadow: false,
  driver: "client",
  agentMode: "active",
  triggerType: "client",
};

const revision = (cedar: string, contract_id = "guardrails"): PolicyRevision => ({
  revision_id: newId(),
  contract_id,
  version_major: 1,
  version_minor: 2,
  body_hash: canonicalHash({ cedar }),
  body: { cedar },
});

const policies = createPolicies();
const decide = (cedar: string, more: Partial<PolicyCall> = {}) =>
  policies.decide([revision(cedar)], { ...call, ...more });
/** Whether the arguments fulfil a condition; a condition that fails is an error of the test. */
const holds = (condition: string, args: unknown): boolean => {
  const fact = decide(`permit (principal, action, resource) when { ${condition} };`, { args });
  if (fact.decision === "deny" && fact.why !== "not_permitted") throw new Error(fact.problem);
  return fact.decision === "permit";
};
const denied = (why: string, by: string, problem: unknown = ""): PolicyFact =>
  ({ decision: "deny", why, by, problem }) as PolicyFact;

const ANYTHING = "permit (principal, action, resource);";

describe("the policies of a project", () => {
  it("say nothing where there are none", () => {
    expect(policies.decide([], call)).toEqual({ decision: "unpoliced" });
  });

  it("permit by one that permits, and name it with its revision", () => {
    expect(decide(`@id("all") ${ANYTHING}`)).toEqual({
      decision: "permit",
      by: "guardrails 1.2 @all",
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(
      decide(`permit (principal, action == Action::"read", resource); ${ANYTHING}`),
    ).toMatchObject({
      decision: "permit",
      by: "guardrails 1.2 #2",
    });
  });

  it("deny what none of them permits", () => {
    expect(decide('@id("reads") permit (principal, action == Action::"read", resource);')).toEqual(
      denied("not_permitted", ""),
    );
  });

  it("deny what one of them forbids, whatever the others permit", () => {
    const forbid =
      '@id("no-caches") forbid (principal, action, resource == Tool::"shop/clear_cache");';
    expect(decide(`${ANYTHING} ${forbid}`)).toEqual(
      denied("forbidden", "guardrails 1.2 @no-caches"),
    );
  });

  it("count together over all contracts", () => {
    const both = [
      revision(ANYTHING, "wide"),
      revision("forbid (principal, action, resource);", "strict"),
    ];
    expect(policies.decide(both.slice(0, 1), call)).toMatchObject({ decision: "permit" });
    expect(policies.decide(both, call)).toEqual(denied("forbidden", "strict 1.2 #1"));
    const neither = [revision("forbid (principal, action, resource) when { false };", "none")];
    expect(policies.decide(neither, call)).toEqual(denied("not_permitted", ""));
    expect(policies.decide([...neither, ...both.slice(0, 1)], call)).toMatchObject({
      decision: "permit",
      by: "wide 1.2 #1",
    });
  });

  it.each([
    'principal == Agent::"janitor"',
    'action == Action::"write"',
    'action in Action::"call"',
    'resource == Tool::"shop/clear_cache"',
    'resource in Server::"shop"',
    '!(resource in Server::"other")',
    "!context.is_shadow",
    'context.driver == "client"',
    'context.agent_mode == "active"',
    'context.trigger_type == "client"',
    'context.args == { path: "/var/cache/shop" }',
  ])("can ask whether %s", (condition) => {
    expect(holds(condition, call.args)).toBe(true);
  });

  it("name at most three of those that decided", () => {
    const five = decide("forbid (principal, action, resource);".repeat(5));
    expect(five).toEqual(
      denied("forbidden", "guardrails 1.2 #1, guardrails 1.2 #2, guardrails 1.2 #3 (+2)"),
    );
  });
});

describe("a permit with @approval", () => {
  const big =
    '@id("big") @approval("required") @reason("It is a lot.") @reason_zh_tw("數量很大。")';
  const asks = {
    by: "guardrails 1.2 @big",
    reason: "It is a lot.",
    reasonZhTw: "數量很大。",
  };

  it("demands a person's yes where it permits, also beside one that demands nothing", () => {
    const cedar = `${big} permit (principal, action, resource) when { context.args.n > 10 }; @id("all") ${ANYTHING}`;
    expect(decide(cedar, { args: { n: 11 } })).toMatchObject({
      decision: "permit",
      by: "guardrails 1.2 @all, guardrails 1.2 @big",
      asks,
    });
    expect(decide(cedar, { args: { n: 10 } })).not.toHaveProperty("asks");
  });

  it("demands it where it could not be evaluated, and another permits", () => {
    const cedar = `${big} permit (principal, action, resource) when { context.args.n > 10 }; @id("all") ${ANYTHING}`;
    expect(decide(cedar, { args: {} })).toMatchObject({ by: "guardrails 1.2 @all", asks });
  });

  it("permits nothing that is forbidden, and nothing alone that it could not evaluate", () => {
    const permit = `${big} permit (principal, action, resource)`;
    expect(decide(`${permit}; forbid (principal, action, resource);`)).toMatchObject({
      why: "forbidden",
    });
    expect(decide(`${permit} when { context.args.n > 10 };`, { args: {} })).toMatchObject({
      why: "permit_failed",
    });
  });

  it("says the English words in Chinese where there are no others, and none where there are none", () => {
    const one =
      '@approval("required") @reason("Look first.") permit (principal, action, resource);';
    expect(decide(one)).toMatchObject({
      asks: { reason: "Look first.", reasonZhTw: "Look first." },
    });
    const none = '@approval("required") permit (principal, action, resource);';
    expect(decide(none)).toMatchObject({ asks: { by: "guardrails 1.2 #1", reason: "" } });
  });
});

describe("a policy that fails", () => {
  const size = "when { context.args.size > 10 };";

  it("denies if it is a forbid, although Cedar itself would leave it out", () => {
    const cedar = `${ANYTHING} @id("small") forbid (principal, action, resource) ${size}`;
    expect(decide(cedar, { args: { size: 5 } })).toMatchObject({ decision: "permit" });
    expect(decide(cedar, { args: {} })).toEqual(
      denied("forbid_failed", "guardrails 1.2 @small", expect.stringContaining("size")),
    );
    for (const unlike of ["5", 5.5, null, 1e300, [5], { size: 5 }, true]) {
      expect(decide(cedar, { args: { size: unlike } }), JSON.stringify(unlike)).toMatchObject({
        why: "forbid_failed",
        problem: expect.stringContaining("type error"),
      });
    }
  });

  it("permits nothing if it is a permit", () => {
    const cedar = `@id("big") permit (principal, action, resource) ${size}`;
    expect(decide(cedar, { args: { size: 11 } })).toMatchObject({ decision: "permit" });
    expect(decide(cedar, { args: {} })).toEqual(
      denied("permit_failed", "guardrails 1.2 @big", expect.stringContaining("size")),
    );
    expect(decide(`${cedar} ${ANYTHING}`, { args: {} })).toMatchObject({ decision: "permit" });
  });

  it("is not heard where another forbids", () => {
    const cedar = `forbid (principal, action, resource) ${size} @id("no") forbid (principal, action, resource);`;
    expect(decide(cedar, { args: {} })).toEqual(denied("forbidden", "guardrails 1.2 @no"));
  });

  it("does not repeat a secret that it choked on", () => {
    const cedar = "permit (principal, action, resource) when { ip(context.args.host).isIpv4() };";
    const fact = decide(cedar, { args: { host: "Bearer abcdefghijklmnop" } });
    expect(fact).toMatchObject({ why: "permit_failed" });
    expect(JSON.stringify(fact)).not.toContain("abcdefgh");
  });
});

describe("arguments", () => {
  it.each<[string, unknown]>([
    ["context.args.n == 3", { n: 3 }],
    ["context.args.n == -3", { n: -3 }],
    ["context.args.n == 0", { n: -0 }],
    ["context.args.n == 9007199254740991", { n: Number.MAX_SAFE_INTEGER }],
    ['context.args.n == decimal("0.1")', { n: 0.1 }],
    ['context.args.n.lessThan(decimal("-2.5"))', { n: -2.5001 }],
    ['context.args.n == Json::"0.12345"', { n: 0.12345 }],
    ['context.args.n == Json::"1e+300"', { n: 1e300 }],
    ['context.args.n == Json::"9007199254740992"', { n: 2 ** 53 }],
    ['context.args has n && context.args.n == Json::"null"', { n: null }],
    ["!(context.args has n)", {}],
    ["context.args.flag", { flag: true }],
    ['context.args.text like "*/shop"', { text: "/var/cache/shop" }],
    ['context.args.list.containsAll(["a", "b"])', { list: ["b", "a", "b"] }],
    ["context.args.list.isEmpty()", { list: [] }],
    ['context.args.deep.er["a key"] == 1', { deep: { er: { "a key": 1 } } }],
    ['context.args["__proto__"] == "x"', JSON.parse('{ "__proto__": "x" }')],
  ])("fulfil %s", (condition, args) => {
    expect(holds(condition, args)).toBe(true);
  });

  const nested = (levels: number): unknown => (levels === 0 ? 1 : { in: nested(levels - 1) });

  it.each<[string, unknown, string]>([
    ["a policy would misread", { to: { __entity: { type: "Agent", id: "boss" } } }, "__entity"],
    ["have such a field beside others", { to: { __entity: 1, path: "/etc" } }, "__entity"],
    ["pose as another type", { __extn: { fn: "decimal", arg: "1.0" } }, "__extn"],
    ["hold an old escape", { list: [{ __expr: "principal" }] }, "__expr"],
    ["are nested too deeply", { deep: nested(40) }, "32 levels"],
    ["hold half a character", { text: "\ud800" }, "half a character"],
    ["have half a character in a name", { "\udfff": 1 }, "half a character"],
  ])("that %s are denied", (_, args, problem) => {
    expect(decide(ANYTHING, { args })).toEqual(
      denied("unreadable", "", expect.stringContaining(problem)),
    );
  });

  it("are read down to 32 levels", () => {
    expect(decide(ANYTHING, { args: nested(31) })).toMatchObject({ decision: "permit" });
  });

  it("never make a decision throw, whatever JSON they are", () => {
    const hostile = fc.constantFrom(
      "__entity",
      "__extn",
      "__expr",
      "__proto__",
      "constructor",
      "toJSON",
      "",
      "\ud800",
      "a",
    );
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        fc.string({ unit: "binary" }),
        fc.double(),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 4 }),
        fc.dictionary(fc.oneof(hostile, fc.string()), tie("value"), { maxKeys: 4 }),
      ),
    })).value;
    const cedar = `${ANYTHING} forbid (principal, action, resource) when { context.args has a && context.args.a == "a" };`;
    const one = [revision(cedar)];
    fc.assert(
      fc.property(fc.dictionary(fc.oneof(hostile, fc.string()), json), (given) => {
        const args = JSON.parse(JSON.stringify(given)) as Record<string, unknown>;
        const fact = policies.decide(one, { ...call, args });
        if (fact.decision === "deny") expect(["unreadable", "forbidden"]).toContain(fact.why);
        else expect(fact.decision).toBe("permit");
      }),
      { numRuns: 500 },
    );
  });
});

describe("what was parsed", () => {
  const head = ({ body: _, ...rest }: PolicyRevision): PolicyRevision => rest;

  it("is known, so that the bodies are not needed again", () => {
    const mine = createPolicies();
    const revisions = [revision(ANYTHING, "a"), revision(ANYTHING, "b")];
    expect(mine.knows(revisions)).toBe(false);
    mine.decide(revisions, call);
    expect(mine.knows(revisions.map(head))).toBe(true);
    expect(mine.decide(revisions.map(head), call)).toMatchObject({ decision: "permit" });
    expect(mine.knows(revisions.slice(0, 1))).toBe(false);
    expect(mine.knows(revisions.map((of) => ({ ...of, body_hash: "0".repeat(64) })))).toBe(false);
  });

  it("gives way to what is used more, and is parsed again when it is asked", () => {
    const mine = createPolicies();
    const first = [revision(`@id("first") ${ANYTHING}`)];
    const second = [revision(`@id("second") ${ANYTHING}`)];
    mine.decide(first, call);
    mine.decide(second, call);
    for (let at = 0; at < 600; at++) {
      const other = [revision(`@id("n${at}") ${ANYTHING}`)];
      expect(mine.decide(other, call)).toMatchObject({ by: `guardrails 1.2 @n${at}` });
      mine.decide(first.map(head), call);
    }
    expect([mine.knows(first), mine.knows(second)]).toEqual([true, false]);
    expect(mine.decide(second, call)).toMatchObject({ by: "guardrails 1.2 @second" });
  });

  it("that Cedar breaks on denies, and the others' policies go on", () => {
    const mine = createPolicies();
    const fine = [revision(ANYTHING)];
    const deep = [
      revision(`permit (principal, action, resource) when { ${"1 + ".repeat(1_000)}1 > 0 };`),
    ];
    mine.decide(fine, call);
    for (let at = 0; at < 2; at++) {
      expect(mine.decide(deep, call)).toEqual(denied("unusable", "", "it is nested too deeply"));
      expect(mine.knows(deep.map(head))).toBe(true);
      expect(mine.decide(fine, call)).toMatchObject({ decision: "permit" });
    }
  });

  it("outlives the loss of the instance, also where only heads are at hand", () => {
    const mine = createPolicies();
    const fine = [revision(ANYTHING)];
    const deep = `permit (principal, action, resource) when { ${"1 + ".repeat(1_000)}1 > 0 };`;
    mine.decide(fine, call);
    mine.decide([revision(deep)], call);
    expect(mine.decide(fine.map(head), call)).toMatchObject({ decision: "permit" });
  });

  it("is not taken for unusable where it is not known and its body is missing", () => {
    const mine = createPolicies();
    const fine = [revision(ANYTHING)];
    expect(mine.decide(fine.map(head), call)).toMatchObject({ why: "unusable" });
    expect(mine.knows(fine)).toBe(false);
    expect(mine.decide(fine, call)).toMatchObject({ decision: "permit" });
  });

  it.each<[string, PolicyRevision[], string]>([
    ["does not parse", [revision("permit")], "guardrails 1.2: "],
    ["has no Cedar", [{ ...revision(ANYTHING), body: {} }], "no valid body"],
    [
      "is one contract too many",
      Array.from({ length: 51 }, () => revision(ANYTHING)),
      "more than 50",
    ],
    [
      "is too much together",
      Array.from({ length: 6 }, (_, at) =>
        revision(`${ANYTHING} // ${"x".repeat(99_000)}`, `p${at}`),
      ),
      "more than 500000",
    ],
  ])("and %s permits nothing", (_, revisions, problem) => {
    expect(policies.decide(revisions, call)).toEqual(
      denied("unusable", "", expect.stringContaining(problem)),
    );
  });
});
