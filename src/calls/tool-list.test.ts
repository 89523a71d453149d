import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench } from "../../test/support/calls.ts";
import { waitFor } from "../../test/support/wait.ts";
import { announce } from "../platform/database/changes.ts";
import type { RunRow } from "../runs/index.ts";

let bench: ShopBench;
let run: RunRow;

beforeAll(async () => {
  bench = await openShopBench();
  const of = (tool: string, effect: string) => ({ server: "shop", tool, effect });
  run = await bench.openRun({ tools: [of("echo", "write"), of("fail", "read")] } as never);
});
afterAll(() => bench?.close());
afterEach(() =>
  bench.asTenant(async (tx) => {
    await tx
      .updateTable("contract_revisions")
      .set({ lifecycle_status: "deprecated" })
      .where("contract_family", "=", "policy")
      .execute();
    await announce(tx, { project_id: PROJECT, kind: "contract", id: "guardrails" });
  }),
);

const listed = async () => {
  const tools = await bench.deps.toolLists.of(PROJECT, run.agent_id);
  return tools.map(({ name }) => name).sort();
};
/** Made known as the registry does. */
const put = async (cedar: string) => {
  await bench.putContract("policy", "guardrails", { cedar });
  await bench.asTenant((tx) =>
    announce(tx, { project_id: PROJECT, kind: "contract", id: "guardrails" }),
  );
};
const comesTo = (names: string[]) =>
  waitFor(async () => JSON.stringify(await listed()) === JSON.stringify(names), {
    timeoutMs: 20_000,
    what: `the list ${names}`,
  });

const ALL = "permit (principal, action, resource);";

describe("an agent's list of tools", () => {
  it.each<[string, string, string[]]>([
    ["all that no policy denies altogether", ALL, ["echo", "fail"]],
    [
      "no tool that is always forbidden",
      `${ALL} forbid (principal, action, resource == Tool::"shop/echo");`,
      ["fail"],
    ],
    [
      "a tool that some arguments are forbidden to",
      `${ALL} forbid (principal, action, resource) when { context.args.text == "no" };`,
      ["echo", "fail"],
    ],
    [
      "no tool that nothing permits",
      'permit (principal, action == Action::"read", resource);',
      ["fail"],
    ],
    ["nothing where all is forbidden", `${ALL} forbid (principal, action, resource);`, []],
  ])("holds %s, soon after it was decided", async (_, cedar, names) => {
    await put(cedar);
    await comesTo(names);
  });

  it("is kept, and asks neither the database nor the tool server again", async () => {
    await comesTo(["echo", "fail"]);
    const one = await bench.deps.toolLists.of(PROJECT, run.agent_id);
    expect(await bench.deps.toolLists.of(PROJECT, run.agent_id)).toBe(one);
  });

  it("leaves out what is quarantined or gone, and comes back with it", async () => {
    await comesTo(["echo", "fail"]);
    const set = async (change: string) => {
      await bench.asAdmin(
        `update awooop.tool_pins set ${change} where project_id = '${PROJECT}' and tool_name = 'echo'`,
      );
      await bench.asTenant((tx) => announce(tx, { project_id: PROJECT, kind: "tool", id: "shop" }));
    };
    await set("changed_hash = '0', changed_definition = definition, changed_at = now()");
    await comesTo(["fail"]);
    await set("changed_hash = null, changed_definition = null, changed_at = null");
    await comesTo(["echo", "fail"]);
    await set("absent_since = now()");
    await comesTo(["fail"]);
    await set("absent_since = null");
    await comesTo(["echo", "fail"]);
  });

  it("is empty where the first gate lets nothing pass", async () => {
    const mode = async (to: string) => {
      await bench.asAdmin(
        `update awooop.projects set migration_mode = '${to}' where project_id = '${PROJECT}'`,
      );
      await bench.asTenant((tx) =>
        announce(tx, { project_id: PROJECT, kind: "tenant", id: PROJECT }),
      );
    };
    await mode("legacy");
    await comesTo([]);
    await mode("active");
    await comesTo(["echo", "fail"]);
  });

  it("says that an agent has no contract", async () => {
    await expect(bench.deps.toolLists.of(PROJECT, "nobody")).rejects.toMatchObject({
      code: "E-CONTRACT-NONE",
    });
  });
});
