import { describe, expect, it } from "vitest";
import { policiesOf, policyBodySchema, policyChecks } from "./index.ts";

const problems = (cedar: string) =>
  policyChecks(policyBodySchema.parse({ cedar })).map(({ path, message }) => {
    expect(path).toBe("cedar");
    return message;
  });

describe("a contract's Cedar", () => {
  it("is fine when it parses, whatever annotations it has", () => {
    expect(problems('@id("reads") @owner("ops") permit (principal, action, resource);')).toEqual(
      [],
    );
  });

  it("that does not parse is refused with the line and column of every error", () => {
    expect(problems("permit (principal, action,\n  resorce);\npermit (principal);")).toEqual([
      expect.stringMatching(/^line 2, column 3: .*resorce/),
      expect.stringMatching(/^line 3, column 18: .*missing the `action`/),
      expect.stringMatching(/^line 3, column 18: .*missing the `resource`/),
    ]);
    expect(problems('@owner("機房") permit (principal, action resource);')[0]).toMatch(
      /^line 1, column 40: unexpected token `resource`; expected /,
    );
    expect(problems("permit (x);".repeat(1_000))).toHaveLength(20);
    expect(problems("permit (principal, action, resource)")[0]).toMatch(
      /^line 1, column 37: unexpected end of input/,
    );
  });

  it.each([
    ["has a slot", "permit (principal == ?principal, action, resource);", "nothing fills slots in"],
    ["has no policy", "// permit (principal, action, resource);", "has no policy in it"],
    ["has too many", "permit (principal, action, resource);".repeat(201), "at most 200"],
    ["has an empty @id", '@id("") permit (principal, action, resource);', "empty @id on policy 1"],
    ["has an @id without a text", "@id permit (principal, action, resource);", "empty @id"],
    [
      "has an @id that is too long",
      `@id("${"x".repeat(129)}") permit (principal, action, resource);`,
      "at most 128",
    ],
    [
      "has an @id twice",
      '@id("a") permit (principal, action, resource); @id("a") forbid (principal, action, resource);',
      'has the @id "a" twice, the second time on policy 2',
    ],
    [
      "has the number of another policy as @id",
      '@id("#2") permit (principal, action, resource); forbid (principal, action, resource);',
      "only policies without an @id",
    ],
    [
      "misspells what @approval says",
      '@id("a") @approval("always") permit (principal, action, resource);',
      'has @approval("always") on "a"; the only one there is is @approval("required")',
    ],
    [
      "has an @approval that says nothing",
      "@approval permit (principal, action, resource);",
      'has @approval("") on policy 1',
    ],
    [
      "wants an approval for what it forbids",
      '@approval("required") forbid (principal, action, resource);',
      "which forbids: there would be nothing to approve",
    ],
    [
      "has a @reason that is too long",
      `@approval("required") @reason("${"x".repeat(301)}") permit (principal, action, resource);`,
      "@reason of more than 300 characters on policy 1",
    ],
  ])("that %s is refused", (_, cedar, words) => {
    expect(problems(cedar)).toEqual([expect.stringContaining(words)]);
  });

  it.each([
    ["brackets", `${"(".repeat(1_000)}true${")".repeat(1_000)}`],
    ["sums", `${"1 + ".repeat(1_000)}1 > 0`],
    ["attributes", `context${".a".repeat(1_000)} == 1`],
    ["conditions", `${"if true then ".repeat(1_000)}true${" else true".repeat(1_000)}`],
    ["conjunctions", Array(12_000).fill("true").join("&&")],
  ])("that is nested too deeply in %s is refused, and harms nothing else", (_, condition) => {
    const cedar = `permit (principal, action, resource) when { ${condition} };`;
    expect(problems(cedar)).toEqual([expect.stringContaining("nested too deeply")]);
    expect(problems("permit (principal, action, resource);")).toEqual([]);
  });

  it("is taken apart into its policies, in their order and in one layout", () => {
    const cedar = Array.from(
      { length: 12 },
      (_, at) =>
        `// ${at}\n${at % 3 ? `@id("p${at}")` : ""}permit(principal,action,resource)when{context.n==${at}};`,
    );
    const policies = policiesOf(
      `${cedar.join("\n")}\n@id("no") forbid (principal, action, resource);`,
    );
    expect(policies.map(({ id }) => id)).toEqual(
      "#1 p1 p2 #4 p4 p5 #7 p7 p8 #10 p10 p11 no".split(" "),
    );
    expect(policies.at(-1)?.effect).toBe("forbid");
    expect(policies[3]).toEqual({
      id: "#4",
      effect: "permit",
      text: "permit (principal, action, resource)\nwhen { context.n == 3 };",
    });
  });
});
