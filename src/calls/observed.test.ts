import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openShopBench, PROJECT, type ShopBench } from "../../test/support/calls.ts";
import type { RunRow } from "../runs/index.ts";

let bench: ShopBench;
const ran = (tool: string) => bench.upstream.tools.ran.get(tool) ?? 0;
const OBSERVING = { observe: { servers: ["shop"] } };

async function toolsOf(run: RunRow): Promise<string[]> {
  const tools = await bench.deps.toolLists.of(PROJECT, run.agent_id);
  return tools.map(({ name }) => name).sort();
}

beforeAll(async () => {
  bench = await openShopBench();
  // As an agent does first of all; what is observed is what is pinned.
  await toolsOf(await bench.openRun(OBSERVING));
});
afterAll(() => bench?.close());

describe("a contract that observes a server", () => {
  it("shows the agent all its tools", async () => {
    const listed = await toolsOf(await bench.openRun({}));
    const observed = await toolsOf(await bench.openRun(OBSERVING));
    expect(listed).toEqual([]);
    expect(observed).toEqual(expect.arrayContaining(["echo", "fail", "hang"]));
  });

  it("lets pass what the server says only reads, and says so", async () => {
    const run = await bench.openRun(OBSERVING);
    const outcome = await bench.call(run, "echo", { text: "a" });
    expect(outcome).toMatchObject({ kind: "result", simulated: false });
    const row = await bench.callRow(outcome.callId);
    expect(row).toMatchObject({ effect: "read", result_status: "success", server: "shop" });
    expect(row.verdicts).toMatchObject([{}, { outcome: "pass", key: "observed_read" }, {}, {}, {}]);
  });

  it("sends no write in any kind of run", async () => {
    const before = ran("fail");
    const live = await bench.call(await bench.openRun(OBSERVING), "fail");
    expect(live).toMatchObject({ kind: "blocked", gate: 2, code: "E-CONTRACT-TOOL" });
    expect(await bench.callRow(live.callId)).toMatchObject({ effect: "write", server: "shop" });
    const shadow = await bench.call(await bench.openRun(OBSERVING, true), "fail");
    expect(shadow).toMatchObject({ kind: "result", simulated: true });
    const row = await bench.callRow(shadow.callId);
    expect(row).toMatchObject({ result_status: "simulated", effect: "write" });
    expect(row.verdicts).toMatchObject([{}, { key: "observed_in_shadow" }, {}, {}, {}]);
    expect(ran("fail")).toBe(before);
  });

  it("says no more of a tool that is listed than its grant", async () => {
    const grant = { server: "shop", tool: "echo", effect: "write" };
    const run = await bench.openRun({ ...OBSERVING, tools: [grant] } as never);
    expect(await bench.call(run, "echo", { text: "a" })).toMatchObject({ kind: "waiting" });
  });

  it("knows nothing of other servers' tools, nor of tools that changed since they were pinned", async () => {
    const other = await bench.openRun({ observe: { servers: ["bank"] } });
    expect(await bench.call(other, "echo", { text: "a" })).toMatchObject({
      code: "E-CONTRACT-TOOL",
    });
    const run = await bench.openRun(OBSERVING);
    await bench.asAdmin(
      `update awooop.tool_pins set changed_hash = repeat('0', 64), changed_definition = definition,
       changed_at = now() where project_id = '${PROJECT}' and tool_name = 'echo'`,
    );
    expect(await bench.call(run, "echo", { text: "a" })).toMatchObject({ code: "E-TOOL-CHANGED" });
    expect(await toolsOf(run)).not.toContain("echo");
  });
});
