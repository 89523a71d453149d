import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalHash } from "../platform/canonical.ts";
import { createArgumentChecker } from "./arguments.ts";
import { createPolicies } from "./policies.ts";
import { validatePolicies } from "./policy-validation.ts";

const restart = {
  type: "object",
  properties: {
    path: { type: "string" },
    count: { type: "integer" },
    tags: { type: "array", items: { type: "string" } },
    target: { type: "object", properties: { host: { type: "string" } }, required: ["host"] },
    amount: { type: "number" },
    either: { anyOf: [{ type: "string" }, { type: "integer" }] },
    maybe: { type: ["string", "null"] },
    mode: { enum: ["soft", "hard"] },
    size: { $ref: "#/$defs/size" },
    list: { type: "array" },
    free: { type: "object" },
  },
  required: ["path", "target", "amount", "either", "maybe", "mode", "list", "free", "tags"],
  $defs: { size: { type: "integer" } },
};
const look = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
const known = {
  servers: new Set(["shop", "new"]),
  tools: new Map([
    [
      "shop",
      new Map<string, unknown>([
        ["restart", restart],
        ["look", look],
      ]),
    ],
  ]),
};
const of = (condition: string, tool = "restart", effect = "forbid") =>
  `@id("it") ${effect} (principal, action, resource == Tool::"shop/${tool}") when { ${condition} };`;
const inEnglish = ({ errors, warnings }: Awaited<ReturnType<typeof validatePolicies>>) => ({
  errors: errors.map(({ message }) => message),
  warnings: warnings.map(({ message }) => message),
});
const find = async (cedar: string) => inEnglish(await validatePolicies(cedar, known));

describe("policies against the tools they name", () => {
  it.each<[string, string]>([
    ['context.args.pth like "/etc/*"', "attribute `args.pth` not found; did you mean `path`?"],
    ["context.args.path > 3", "unexpected type: expected Long but saw String"],
    ["context.args.count > 3", "unable to guarantee safety of access to optional attribute"],
    ['context.args.target.hst == "a"', "attribute `args.target.hst` not found"],
    ['context.args.tags like "a"', "unexpected type: expected String but saw Set<String>"],
    ['context.trigger == "client"', "attribute `trigger` not found"],
    ['action == Action::"delete"', 'unrecognized action `Action::"delete"`'],
    ['principal == User::"ada"', "unrecognized entity type `User`"],
    ["principal.name == 1", "attribute `name` on entity type `Agent` not found"],
  ])("are refused for %s", async (condition, words) => {
    const { errors } = await find(of(condition));
    expect(errors).toEqual([expect.stringContaining(words)]);
    expect(errors[0]).toMatch(/^line 1, column \d+: policy "it": /);
  });

  it.each([
    'context.args.path like "/etc/*"',
    "context.args has count && context.args.count > 3",
    "!(context.args has count) || context.args.count > 3",
    'context.args.tags.contains("a")',
    'context.args.target.host == "a"',
    "context.args.amount > 3",
    'context.args.amount.lessThan(decimal("0.5"))',
    "context.args.either == 3",
    'context.args.either like "a"',
    'context.args.maybe == Json::"null"',
    'context.args.mode == "hard"',
    "context.args has size && context.args.size < 3",
    "context.args.list.contains(3)",
    'context.args.free.anything == "x"',
    "ip(context.args.path).isLoopback()",
    "[].contains(context.args.path)",
    'context.args == {path: "x"}',
    "context.args has extra && context.args.extra > 3",
    'resource in Server::"shop"',
    'action in Action::"call"',
    'context has trigger_type && context.trigger_type == "client"',
  ])("are not found fault with for %s", async (condition) => {
    expect((await find(of(condition))).errors).toEqual([]);
  });

  it("are only warned about what fails with some of the tools that they are for", async () => {
    const all = '@id("it") forbid (principal, action, resource) when { context.args.name == "x" };';
    expect(await find(all)).toEqual({
      errors: [],
      warnings: [
        expect.stringMatching(/attribute `args.name` not found.*\(with the tool shop\/restart\)$/),
      ],
    });
    const singled = `forbid (principal, action, resource) when { resource == Tool::"shop/look" && context.args.name == "x" };`;
    expect(await find(singled)).toEqual({ errors: [], warnings: [] });
  });

  it("are warned about tools, servers and arguments that there are none of, yet", async () => {
    const warnings = async (cedar: string) => (await find(cedar)).warnings;
    const head = "permit (principal, action, resource";
    expect(await warnings(`@id("a") ${head} == Tool::"shop/lok");`)).toEqual([
      'policy "a" names the tool "lok", which the tool server "shop" does not have.',
    ]);
    expect(await warnings(`${head} in Server::"bank");`)).toEqual([
      'policy 1 names the tool server "bank", which the project does not have.',
    ]);
    // It has not listed its tools yet.
    expect(await warnings(`${head} == Tool::"new/anything");`)).toEqual([]);
    expect(await warnings(of('context.args has pth && context.args.pth like "/etc/*"'))).toEqual([
      'policy "it" asks for the argument pth, which no tool that it can be about declares.',
    ]);
    expect(await warnings(of("context.args.path == 3"))).toEqual([
      expect.stringContaining("the types Long and String are not compatible"),
    ]);
  });

  it("are warned about what can never apply", async () => {
    expect(
      (await find('permit (principal, action == Action::"call", resource);')).warnings,
    ).toEqual(expect.arrayContaining([expect.stringContaining("policy is impossible")]));
  });

  it("are looked at for a while only, and what breaks Cedar is only said", async () => {
    const tools = new Map(
      Array.from({ length: 3_000 }, (_, at) => [`t${at}`, { ...look, title: `${at}` }]),
    );
    const many = { servers: new Set(["shop"]), tools: new Map([["shop", tools]]) };
    const started = performance.now();
    const { warnings } = await validatePolicies(
      'forbid (principal, action, resource) when { context.args.name == "x" };',
      many,
    );
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(warnings.length).toBeLessThanOrEqual(20);
    expect((await validatePolicies("permit (principal, action, resource);", many)).errors).toEqual(
      [],
    );
  });

  it("of any shape of schema are never refused for what has no type", async () => {
    const schema = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.record({
        type: fc.constantFrom("object", "array", ["object", "null"], "nonsense"),
        properties: fc.dictionary(fc.constantFrom("path", "__entity", "a b", ""), fc.jsonValue()),
        required: fc.jsonValue(),
        $ref: fc.constantFrom("#/$defs/a", "#", "https://example.com/x", undefined),
        $defs: fc.constant({ a: { $ref: "#/$defs/a" } }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(schema, async (given) => {
        const tools = new Map([["shop", new Map<string, unknown>([["restart", given]])]]);
        const { errors } = await validatePolicies(of("context.args has path"), { ...known, tools });
        expect(errors).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("what is refused", () => {
  it("fails with all arguments that the tool takes", async () => {
    const checker = createArgumentChecker();
    const policies = createPolicies();
    const base = { path: "/a", target: { host: "h" }, amount: 1, either: 1, maybe: null };
    const args = { ...base, mode: "soft", list: [], free: {}, tags: [] };
    expect(checker.problems(restart, args, { en: "it", "zh-TW": "它" })).toEqual([]);
    for (const condition of [
      "context.args.path > 3",
      "context.args.pth == 1",
      "principal.x == 1",
    ]) {
      const cedar = of(condition);
      expect((await find(cedar)).errors).toHaveLength(1);
      const one = { revision_id: "r", contract_id: "c", version_major: 1, version_minor: 0 };
      const set = [{ ...one, body_hash: canonicalHash({ cedar }), body: { cedar } }];
      const call = { agent: "a", effect: "write", server: "shop", tool: "restart", args } as const;
      const about = { isShadow: false, driver: "client", agentMode: "active" } as const;
      expect(policies.decide(set, { ...call, ...about, triggerType: "client" })).toMatchObject({
        why: "forbid_failed",
      });
    }
  });
});
