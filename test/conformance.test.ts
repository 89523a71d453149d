import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { type BearerProxy, startBearerProxy } from "./support/mcp/bearer-proxy.ts";
import { serveEverything } from "./support/mcp/everything-http.ts";
import { everythingGranted, everythingKey } from "./support/mcp/granted-everything.ts";
import type { ListeningServer } from "./support/mcp/http-server.ts";
import { freePort } from "./support/port.ts";

const SUITE = new URL("../node_modules/@modelcontextprotocol/conformance/", import.meta.url)
  .pathname;
const MINUTES = 60_000;
const run = promisify(execFile);

let database: TestDatabase;
let proxy: BearerProxy;
let awooop: Awooop;
let gateway: string;
const upstreams: ListeningServer[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startBearerProxy();
  const port = await freePort();
  gateway = `http://127.0.0.1:${port}`;
  proxy.forwardTo({ url: gateway, key: "" });
  // To the server's mind, the proxy is where everybody comes from.
  const env = { AWOOOP_PUBLIC_URL: proxy.origin };
  awooop = await startAwooop({ databaseUrl: database.url, port, env });
  await awooop.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  for (const era of ["2025", "2026"] as const) {
    const upstream = await serveEverything(era);
    upstreams.push(upstream);
    const documents = everythingGranted(`server${era}`, { transport: "http", url: upstream.url });
    const applied = await awooop.api("/contracts/apply", {
      body: { project_id: "acme", documents },
    });
    expect(applied.status, JSON.stringify(applied.body)).toBe(200);
  }
}, MINUTES);

afterAll(async () => {
  await awooop?.stop();
  await proxy?.close();
  for (const upstream of upstreams) await upstream.close();
  await database?.drop();
}, MINUTES);

interface Check {
  id: string;
  status: string;
  errorMessage?: string;
}

/** What is not required, for the suite's own server can't do it; the gateway can. */
const BEYOND: Record<string, readonly string[]> = {
  "2026-07-28": [
    "http-custom-header-server-validation",
    "http-header-validation",
    "json-schema-2020-12",
  ],
};

/** What the revision requires of servers, as the suite has written it down. */
async function required(revision: string): Promise<string[]> {
  const text = await readFile(join(SUITE, "requirements", `${revision}.yaml`), "utf8");
  const section = /^server:\n((?: {2}- .*\n)+)/m.exec(text)?.[1] ?? "";
  const scenarios = [...section.matchAll(/- (\S+)/g)].map(([, name]) => name ?? "");
  return [...scenarios, ...(BEYOND[revision] ?? [])];
}

/** Runs the suite and gives the checks of each scenario. */
async function conformance(revision: string): Promise<Map<string, Check[]>> {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  try {
    const args = ["server", "--url", `${proxy.origin}/mcp`, "--requirements", revision];
    const index = join(SUITE, "dist/index.js");
    // It exits non-zero when anything at all has failed; what counts is looked up below.
    await run(process.execPath, [index, ...args, "-o", folder], { maxBuffer: 2 ** 26 }).catch(
      () => undefined,
    );
    const found = new Map<string, Check[]>();
    for (const name of await readdir(folder)) {
      const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)?.[1];
      if (scenario === undefined) continue;
      found.set(scenario, JSON.parse(await readFile(join(folder, name, "checks.json"), "utf8")));
    }
    return found;
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe.each([
  ["2026-07-28", "2026"],
  ["2025-11-25", "2025"],
])("a client that requires %s", (revision, era) => {
  it(
    "finds all it requires of a server behind the gateway",
    async () => {
      proxy.forwardTo({ url: gateway, key: await everythingKey(awooop, `server${era}`) });
      const scenarios = await required(revision);
      expect(scenarios.length).toBeGreaterThan(25);
      const checks = await conformance(revision);
      const wrong = scenarios.flatMap((scenario) => {
        const found = checks.get(scenario);
        if (!found || found.length === 0) return [`${scenario} was not run`];
        return found
          .filter(({ status }) => status === "FAILURE")
          .map(({ id, errorMessage }) => `${scenario}: ${id}: ${errorMessage}`);
      });
      expect(wrong).toEqual([]);
    },
    5 * MINUTES,
  );
});
