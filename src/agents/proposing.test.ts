import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { agentBodySchema } from "../contracts/index.ts";
import type { Called, CalledRow, KnownTool } from "./called.ts";
import { documentOf, fileOf } from "./contract-file.ts";
import { propose } from "./proposing.ts";

const GIVEN = {
  display_name: "Scout",
  driver: "client",
  mode: "shadow",
  observe: { servers: ["shop"] },
  tools: [{ server: "shop", tool: "disk_usage", effect: "read" }],
};
const active = (more: object = {}) => {
  const given = { ...GIVEN, ...more };
  const body = agentBodySchema.parse(given);
  return { projectId: "acme", agentId: "scout", version: "1.2", given, body };
};
const pinned = (tool_name: string, annotations: object = {}, server_id = "shop"): KnownTool => ({
  server_id,
  tool_name,
  definition: { name: tool_name, inputSchema: { type: "object" }, annotations: { ...annotations } },
  is_changed: false,
  flags: [],
});
const KNOWN = [
  pinned("tail_log", { readOnlyHint: true }),
  pinned("disk_usage", { readOnlyHint: true }),
  pinned("clear_cache", { destructiveHint: true }),
];
const call = (tool_name: string, more: Partial<CalledRow> = {}): CalledRow => ({
  run_id: "run-1",
  server: "shop",
  tool_name,
  effect: "read",
  result_status: "success",
  block_gate: null,
  args: {},
  at: 0,
  ...more,
});
const called = (calls: CalledRow[], more: Partial<Called> = {}): Called => ({
  since: "2026-11-21T00:00:00.000Z" as Called["since"],
  until: "2026-11-28T00:00:00.000Z" as Called["until"],
  runs: [...new Set(calls.map(({ run_id }) => run_id))].map((run_id) => ({ run_id, cost_usd: 0 })),
  calls,
  isComplete: true,
  ...more,
});
const bodyOf = (...given: Parameters<typeof propose>) =>
  documentOf(propose(...given).contract).body as Record<string, unknown>;

describe("a proposal", () => {
  it("adds what was called, as its server describes it, and no longer observes", () => {
    const stopped = { result_status: "blocked", block_gate: 2, effect: "write" } as const;
    const calls = [call("tail_log"), call("tail_log"), call("clear_cache", stopped)];
    const body = bodyOf(active(), called(calls), KNOWN);
    expect(body).not.toHaveProperty("observe");
    expect(body.mode).toBe("shadow");
    expect(fileOf(propose(active(), called(calls), KNOWN).contract)).toContain(
      "mode is shadow still",
    );
    expect(body.tools).toEqual([
      GIVEN.tools[0],
      { server: "shop", tool: "tail_log", effect: "read" },
      {
        server: "shop",
        tool: "clear_cache",
        effect: "write",
        approval: "always",
        ask: { undoable: false },
      },
    ]);
    expect(agentBodySchema.safeParse(body).success).toBe(true);
  });

  it("keeps what is listed as a person wrote it, whatever was called, and says what was not", () => {
    const grant = {
      server: "shop",
      tool: "clear_cache",
      approval: "never",
      args: { maxProperties: 1 },
    };
    const of = active({ tools: [...GIVEN.tools, grant] });
    const { contract } = propose(of, called([call("clear_cache"), call("clear_cache")]), KNOWN);
    expect(documentOf(contract).body.tools).toEqual([GIVEN.tools[0], grant]);
    const file = fileOf(contract);
    expect(file).toContain(
      "# Not called in this time: does the agent need it?\n    - { server: shop, tool: disk_usage",
    );
    expect(file).toContain("# Called 2 times in 1 run, at most 2 in one.");
    expect(parse(file)).toEqual(documentOf(contract));
  });

  it("binds the arguments of a new tool to what came again and again, and shows no placeholder as one", () => {
    const calls = Array.from({ length: 6 }, (_, at) =>
      call("tail_log", { args: { lines: at, file: "$" + "{HOME}/app.log" } }),
    );
    const { contract } = propose(active(), called(calls), KNOWN);
    const args = documentOf(contract).body.tools[1]?.args;
    expect(args).toMatchObject({ required: ["file"], properties: { lines: { type: "integer" } } });
    expect(fileOf(contract)).toContain("$$" + "{HOME}/app.log");
  });

  it("takes a name without a server for the only tool that has it", () => {
    const lost = { server: null, result_status: "blocked", block_gate: 2 } as const;
    const calls = [call("clear_cache", lost), call("say", lost), call("restart", lost)];
    const known = [...KNOWN, pinned("say"), pinned("say", {}, "bank")];
    const { contract, tools } = propose(active(), called(calls), known);
    expect(tools.map(({ server, tool, blocked }) => [server, tool, blocked])).toEqual([
      ["shop", "clear_cache", 1],
      [null, "restart", 1],
      [null, "say", 1],
    ]);
    expect(documentOf(contract).body.tools.map(({ tool }) => tool)).toEqual([
      "disk_usage",
      "clear_cache",
    ]);
    expect(fileOf(contract)).toContain("# Also wanted, once: “restart”.");
  });

  it("counts a call that asked a person once", () => {
    const asking = { effect: "write", result_status: "blocked", block_gate: 5 } as const;
    const [tool] = propose(
      active(),
      called([call("clear_cache", asking), call("clear_cache")]),
      KNOWN,
    ).tools;
    expect(tool).toMatchObject({ calls: 1, most_in_a_run: 1, runs: 1 });
  });

  it("suggests limits with head-room, and none above what a person has set", () => {
    const calls = Array.from({ length: 21 }, (_, at) => call("tail_log", { at: at * 10 }));
    const runs = [{ run_id: "run-1", cost_usd: 0.21 }];
    expect(bodyOf(active(), called(calls, { runs }), KNOWN).limits).toEqual({
      calls: 35,
      calls_per_minute: 10,
      cost_usd: 0.32,
    });
    const bound = active({
      limits: { calls: 25, calls_per_minute: 5, cost_usd: 0.25, timeout_seconds: 60 },
    });
    const { contract } = propose(bound, called(calls, { runs }), KNOWN);
    expect(contract.body.limits).toEqual({
      calls: 25,
      calls_per_minute: 5,
      cost_usd: 0.25,
      timeout_seconds: 60,
    });
    expect(fileOf(contract)).toContain(
      "# Seen: at most 21 calls and $0.21 in one run, 6 calls in one minute.",
    );
  });

  it("of an agent that called nothing is what it has, without the observing", () => {
    const body = bodyOf(active(), called([]), []);
    const { observe: _, ...rest } = GIVEN;
    expect(body).toEqual({ ...rest, limits: {} });
  });
});
