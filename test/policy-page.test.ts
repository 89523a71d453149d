import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createPolicies, policiesOf, policyBodySchema, policyChecks } from "../src/gates/index.ts";

let page: string;
beforeAll(async () => {
  page = await readFile(new URL("../docs/write-a-policy.md", import.meta.url), "utf8");
});

const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(
    ([, text = ""]) => text,
  );

type Call = Parameters<ReturnType<typeof createPolicies>["decide"]>[1];

/** What a page's policies say of calls, in their order: permitted or denied, and by which one. */
function saidOf(cedar: string, ...calls: Partial<Call>[]) {
  expect(policyChecks(policyBodySchema.parse({ cedar }))).toEqual([]);
  const policies = createPolicies();
  const revision = {
    revision_id: "r",
    contract_id: "p",
    version_major: 1,
    version_minor: 0,
    body_hash: "h",
    body: { cedar },
  };
  return calls.map((call) => {
    const fact = policies.decide([revision], {
      agent: "log-scout",
      effect: "write",
      server: "shop-tools",
      tool: "clear_cache",
      args: {},
      isShadow: false,
      driver: "client",
      agentMode: "active",
      triggerType: "client",
      ...call,
    });
    return fact.decision === "unpoliced" ? fact.decision : `${fact.decision} ${fact.by}`;
  });
}

const args = (given: unknown): Partial<Call> => ({ args: given });

describe("docs/write-a-policy.md", () => {
  it("has a first contract that does what the page says", () => {
    const document = parse(blocks("yaml")[0] ?? "");
    expect(document).toMatchObject({ contract_family: "policy", contract_id: "guardrails" });
    const { cedar } = policyBodySchema.parse(document.body);
    expect(
      saidOf(cedar, args({ path: "/var/cache/shop" }), args({ path: "/etc" }), args({}), {
        effect: "read",
        tool: "disk_usage",
      }),
    ).toEqual([
      "permit p 1.0 @agents-work",
      "deny p 1.0 @caches-only",
      "deny p 1.0 @caches-only",
      "permit p 1.0 @agents-work",
    ]);
  });

  it("has examples that do what the page says", () => {
    const examples = blocks("cedar");
    expect(examples).toHaveLength(5);
    const [asking = "", roles = "", alerts = "", ten = "", stop = ""] = examples;
    const many = { tool: "restart", args: { count: 11 } };
    expect(saidOf(asking, { tool: "restart", args: { count: 10 } }, many)).toEqual([
      "permit p 1.0 @agents-work",
      "permit p 1.0 @agents-work, p 1.0 @many-at-once",
    ]);
    const deploy = { server: "deploy-tools", tool: "deploy", agent: "release-agent" };
    expect(saidOf(roles, { effect: "read" }, deploy, { ...deploy, agent: "log-scout" })).toEqual([
      "permit p 1.0 @everybody-reads",
      "permit p 1.0 @release-agent-writes",
      "deny ",
    ]);
    const alert = { triggerType: "alertmanager" };
    expect(
      saidOf(alerts, alert, { ...alert, isShadow: true }, { ...alert, effect: "read" }, {}),
    ).toEqual([
      "deny p 1.0 @alerts-only-read",
      "permit p 1.0 @agents-work",
      "permit p 1.0 @agents-work",
      "permit p 1.0 @agents-work",
    ]);
    const restart = (given: unknown) => ({ tool: "restart", args: given });
    expect(
      saidOf(
        ten,
        restart({ count: 10 }),
        restart({ count: 11 }),
        restart({}),
        restart({ count: "11" }),
      ),
    ).toEqual([
      "permit p 1.0 @agents-work",
      "deny p 1.0 @ten-at-once",
      "permit p 1.0 @agents-work",
      "deny p 1.0 @ten-at-once",
    ]);
    expect(saidOf(stop, {})).toEqual(["deny p 1.0 @stop"]);
  });

  it("names every policy of its examples", () => {
    for (const cedar of blocks("cedar")) {
      expect(policiesOf(cedar).filter(({ id }) => id.startsWith("#"))).toEqual([]);
    }
  });

  it("has conditions that Cedar reads", () => {
    const inline = [...page.matchAll(/`(!?context\.args\.[^`]*(?:[<>()])[^`]*)`/g)];
    expect(inline.length).toBeGreaterThan(3);
    for (const [, condition = ""] of inline) {
      const cedar = `permit (principal, action, resource) when { ${condition} };`;
      expect(policyChecks(policyBodySchema.parse({ cedar })), condition).toEqual([]);
    }
  });
});
