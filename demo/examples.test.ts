import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { agentBodySchema } from "../src/contracts/index.ts";
import { resolveCel } from "../src/platform/cel.ts";
import { type ContractDocument, readContracts } from "./contract-files.ts";

const values = {
  NODE: "/usr/bin/node",
  SHOP_TOOLS: "/srv/tools.ts",
  SHOP_HOST: "shop-cache-01",
  SHOP_URL: "http://127.0.0.1:1",
  SHOP_CACHE_DIR: "/srv/cache",
  SHOP_LOG_FILE: "/srv/shop.log",
  SHOP_QUOTA_BYTES: "52428800",
  PAGER_URL: "http://127.0.0.1:1/pager",
};

/** What the demo's tools answer, before and after the repair. */
const outputs = {
  status: { healthy: false, summary: "The cache is 96 % full." },
  disk: { percent: 96, files: 192, older_than_24h: { files: 148, bytes: 38_797_312 } },
  log: { no_space_errors: 37, line_count: 40 },
  clear: { deleted_files: 148, freed_bytes: 38_797_312 },
  status_after: { healthy: true, summary: "The cache is 22 % full." },
  disk_after: { percent: 22.4 },
};
const done = (output: unknown) => ({ status: "success", output, text: "" });
const variables = {
  trigger: {
    status: "firing",
    labels: { alertname: "DiskAlmostFull", instance: "shop-cache-01", path: "/srv/cache" },
    annotations: { summary: "Disk almost full on shop-cache-01" },
  },
  steps: Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, done(value)])),
  run: { id: "r", agent_id: "disk-janitor", title: "t", is_shadow: false },
  args: { host: "shop-cache-01", path: "/srv/cache", older_than: "24h", dry_run: false },
};

let contracts: ContractDocument[];
beforeAll(async () => {
  contracts = await readContracts(
    join(import.meta.dirname, "..", "examples", "disk-janitor"),
    "demo",
    values,
  );
});

function agent(id: string) {
  return agentBodySchema.parse(contracts.find((each) => each.contract_id === id)?.body);
}

describe("the example's contracts", () => {
  it("declare two channels, a tool server and two agents", () => {
    expect(contracts.map((each) => `${each.contract_family} ${each.contract_id}`)).toEqual([
      "channel alerts",
      "channel pager",
      "agent disk-janitor",
      "agent restart-happy",
      "tool_server shop-tools",
    ]);
  });

  it("ask a person in both languages, and no expression of theirs fails", () => {
    const { tools, runbook } = agent("disk-janitor");
    const ask = tools.find((grant) => grant.tool === "clear_cache")?.ask;
    expect(resolveCel(ask?.headline, variables)).toEqual({
      en: "Delete files older than 24h from /srv/cache on shop-cache-01?",
      "zh-TW": "要刪除 shop-cache-01 上 /srv/cache 中超過 24h 的檔案嗎？",
    });
    expect(resolveCel(runbook, variables)).toMatchObject({
      steps: [
        { key: "status" },
        { call: { args: { path: "/srv/cache" } } },
        { call: { args: { lines: 200 } } },
        { check: true, else: { message: expect.stringContaining("96 % full") } },
        { call: { args: variables.args, reason: expect.stringContaining("148 of 192 files") } },
        { key: "status_after" },
        { key: "disk_after" },
        { check: true, else: { message: expect.stringContaining("not healthy") } },
        {
          message: {
            text: "shop-cache-01 is healthy again: the cache went from 96 % to 22.4 %; 148 files deleted, 37 MiB freed.",
          },
        },
      ],
      result: { healthy: true, percent_before: 96, percent_after: 22.4, deleted_files: 148 },
    });
  });

  it("let the second agent reach for a tool that its contract does not list", () => {
    const { tools, runbook } = agent("restart-happy");
    expect(runbook?.steps[0]).toMatchObject({ call: { tool: "restart_service" } });
    expect(tools.map((grant) => grant.tool)).toEqual(["service_status"]);
    expect(resolveCel(runbook, { ...variables })).toBeDefined();
  });
});
