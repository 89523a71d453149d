import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openCedar } from "./cedar.ts";
import { mayApply } from "./policy-arguments.ts";
import { policyContext } from "./policy-context.ts";

/** What is read here and what Cedar reads must be the same, or a `forbid` would be passed over. */

const cedar = openCedar().run((loaded) => loaded);

const contextOf = (args: unknown) =>
  policyContext({
    agent: "janitor",
    effect: "write",
    server: "shop",
    tool: "clear",
    args,
    isShadow: false,
    driver: "client",
    agentMode: "active",
    triggerType: "client",
  });

/** Whether Cedar finds that the policy applies; "error" when it can't be told. */
function asked(text: string, args: unknown): boolean | "error" {
  const answer = cedar.isAuthorized({
    principal: { type: "Agent", id: "janitor" },
    action: { type: "Action", id: "write" },
    resource: { type: "Tool", id: "shop/clear" },
    context: contextOf(args),
    entities: [],
    policies: { staticPolicies: { one: text } },
  });
  if (answer.type === "failure") throw new TypeError(answer.errors[0]?.message);
  if (answer.response.diagnostics.errors.length > 0) return "error";
  return answer.response.diagnostics.reason.length > 0;
}

function readHere(text: string, args: unknown): boolean {
  const parsed = cedar.policyToJson(text);
  if (parsed.type === "failure") throw new TypeError(`${text}: ${parsed.errors[0]?.message}`);
  return mayApply(parsed.json)(contextOf(args));
}

const forbid = (conditions: string) => `forbid (principal, action, resource) ${conditions};`;

const names = ["n", "text", "flag", "list", "deep", "a key", "__proto__", "toString"];
const name = fc.constantFrom(...names);
const text = fc.constantFrom(
  "",
  "a",
  "ab",
  "aXb",
  "a*b",
  "/srv/x",
  "/srv",
  "絵文字😀",
  "line\nline",
);
const number = fc.constantFrom(0, -0, 1, -3, 10, 2 ** 53, 0.5, 1e300, Number.MAX_SAFE_INTEGER);
const plain = fc.oneof(text, number, fc.boolean(), fc.constant(null));
const args = fc.dictionary(
  name,
  fc.oneof(plain, fc.array(plain, { maxLength: 2 }), fc.dictionary(name, plain, { maxKeys: 3 })),
  { maxKeys: 5 },
);

const quoted = (of: string) => JSON.stringify(of);
const { expression } = fc.letrec<{ path: string; value: string; expression: string }>((tie) => ({
  path: fc.oneof(
    { maxDepth: 2 },
    name.map((key) => `context.args[${quoted(key)}]`),
    name.map((key) => `context.args[${quoted(key)}]`),
    fc.constantFrom("context.args", "context", "context.is_shadow", "principal"),
    fc.tuple(tie("path"), name).map(([of, key]) => `${of}[${quoted(key)}]`),
  ),
  value: fc.oneof(
    tie("path"),
    tie("path"),
    text.map(quoted),
    fc.constantFrom("0", "1", "-3", "10", "9007199254740993", "true", "false", '["a"]', "{}"),
    fc.constantFrom('decimal("0.5")', 'Json::"null"', "principal", "1 + 1"),
  ),
  expression: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(tie("path"), name).map(([of, key]) => `${of} has ${quoted(key)}`),
    fc
      .tuple(
        tie("value"),
        fc.constantFrom("", "*", "a*", "*b", "a*b", "a\\*b", "*/*", "*X*", "*😀*"),
      )
      .map(([of, pattern]) => `${of} like "${pattern}"`),
    fc
      .tuple(tie("value"), fc.constantFrom("==", "!=", "<", "<=", ">", ">="), tie("value"))
      .map(([left, sign, right]) => `${left} ${sign} ${right}`),
    tie("path"),
    tie("expression").map((of) => `!(${of})`),
    fc
      .tuple(tie("expression"), fc.constantFrom("&&", "||"), tie("expression"))
      .map(([left, sign, right]) => `(${left}) ${sign} (${right})`),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([test, then, otherwise]) => `(if ${test} then ${then} else ${otherwise})`),
  ),
}));
const conditions = fc
  .array(fc.tuple(fc.constantFrom("when", "unless"), expression), { minLength: 1, maxLength: 3 })
  .map((all) => all.map(([kind, of]) => `${kind} { ${of} }`).join(" "));

describe("a policy about arguments", () => {
  it("is passed over only where Cedar finds that it does not apply, without an error", () => {
    let passedOver = 0;
    fc.assert(
      fc.property(conditions, fc.array(args, { minLength: 1, maxLength: 4 }), (one, all) => {
        for (const given of all) {
          if (readHere(forbid(one), given)) continue;
          passedOver += 1;
          expect(asked(forbid(one), given), `${one} ${JSON.stringify(given)}`).toBe(false);
        }
      }),
      { numRuns: 1_500 },
    );
    expect(passedOver).toBeGreaterThan(100);
  });

  const given = { n: 3, text: "/srv/a/b", flag: false, deep: { er: { n: 1 } }, list: ["a"] };

  it.each([
    'when { context.args has path && context.args.path like "/etc/*" }',
    'when { context.args.text like "/etc/*" }',
    'when { context.args.text like "*/c" } when { context.args.missing }',
    'when { context.args.text == "/srv" }',
    "when { context.args.n > 3 }",
    "when { context.args.deep.er.n >= 2 || context.args.n < 3 }",
    "when { context.args has deep.er.m }",
    "unless { context.args.n <= 3 }",
    "unless { !context.args.flag }",
    "when { context.is_shadow && context.args.missing == 1 }",
    "when { if context.args.flag then context.args.missing else false }",
  ])("need not be asked about: %s", (one) => {
    expect(readHere(forbid(one), given)).toBe(false);
    expect(asked(forbid(one), given)).toBe(false);
  });

  it.each([
    "when { context.args.n == 3 }",
    "when { context.args.missing }",
    'when { context.args.n like "3" }',
    'when { context.args.text > "a" }',
    "when { context.args.missing } when { false }",
    'when { context.args.list.contains("b") }',
    'when { principal == Agent::"other" }',
    "when { context.args.n + 1 == 5 }",
  ])("is asked about: %s", (one) => {
    expect(readHere(forbid(one), given)).toBe(true);
  });
});
