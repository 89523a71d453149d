// What needs Debian's packages: on PostgreSQL 15, what of the suite is about the database, and the tests in test/system
// (Alertmanager).
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { freePort } from "../test/support/port.ts";

const POSTGRES_BIN = "/usr/lib/postgresql/15/bin";
const ALERTMANAGER = "/usr/bin/prometheus-alertmanager";
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");

function requireProgram(path: string, debianPackage: string): void {
  if (existsSync(path)) return;
  console.error(`${path} is not there. Install it: apt-get install ${debianPackage}`);
  process.exit(1);
}

/** PostgreSQL refuses to run as root; Debian's package brings the account `postgres`. */
function account(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function startPostgres(folder: string, port: number) {
  const as = { ...account(), cwd: "/" };
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  const data = join(folder, "data");
  execFileSync(
    `${POSTGRES_BIN}/initdb`,
    ["-D", data, "-U", "admin", "-A", "trust", "--locale=C.UTF-8"],
    {
      ...as,
      stdio: "ignore",
    },
  );
  const settings = {
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: folder,
    fsync: "off",
    max_connections: 200,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const server = spawn(`${POSTGRES_BIN}/postgres`, ["-D", data, ...flags], {
    ...as,
    stdio: "ignore",
  });
  const url = `postgres://admin@127.0.0.1:${port}/postgres`;
  for (const deadline = Date.now() + 30_000; ; ) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.query("create role ci login createdb createrole");
      await client.end();
      return { server, url: `postgres://ci@127.0.0.1:${port}/postgres` };
    } catch (error) {
      if (Date.now() > deadline || server.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function vitest(url: string, args: string[]): number {
  const env = { ...process.env, DATABASE_URL: url };
  return (
    spawnSync(process.execPath, [VITEST, "run", ...args], { cwd: ROOT, env, stdio: "inherit" })
      .status ?? 1
  );
}

requireProgram(`${POSTGRES_BIN}/postgres`, "postgresql-15");
requireProgram(ALERTMANAGER, "prometheus-alertmanager");
const folder = mkdtempSync(join(tmpdir(), "awooop-pg15-"));
const { server, url } = await startPostgres(folder, await freePort());
let status = 1;
try {
  // The embedded server and what runs on it; then what is about protocols, programs and pages, not about this database.
  const notAboutIt = [
    "src/platform/postgres/**",
    "demo/**",
    "examples/**",
    "test/demo.test.ts",
    "test/{browser,inbox,by-hand-*,console-*}.test.ts",
    "web/**",
    "src/{mcp,cli}/**",
    "src/toolservers/{backoff,clean,flood,http,lists,messagelines,paramheaders,stdio,supervision,toollist}.test.ts",
    "test/{conformance,others,example-agents,hostile-tool-servers,churn,passing-*,listen,task-clients}.test.ts",
    "test/{architecture,errors,contracts-page,docs-editors,traces,shutdown,oauth}.test.ts",
  ];
  status = vitest(
    url,
    notAboutIt.flatMap((pattern) => ["--exclude", pattern]),
  );
  status ||= vitest(url, ["--config", "vitest.system.config.ts"]);
} finally {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill("SIGINT");
  await ended;
  rmSync(folder, { recursive: true, force: true });
}
process.exit(status);
