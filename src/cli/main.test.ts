import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileCache } from "../../test/support/compile-cache.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedApproval, seedRun } from "../../test/support/fixtures.ts";
import { type Database, openDatabase } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";

const SERVER = fileURLToPath(new URL("../main.ts", import.meta.url));
const CLI = fileURLToPath(new URL("main.ts", import.meta.url));
const ADMIN = `awp_admin1_${"a".repeat(43)}`;

/** A command line that approves with other arguments. */
const edit = (args: string, run = "x") => [
  "approvals",
  "decide",
  run,
  "--decision",
  "edit",
  "--arguments",
  args,
];

let test: TestDatabase;
let db: Database;
let server: ChildProcess;
let url: string;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-cli-"));
  test = await createTestDatabase();
  db = openDatabase({ url: test.url, log: createLog("silent") });
  server = spawn(process.execPath, [SERVER], {
    env: {
      ...compileCache,
      DATABASE_URL: test.url,
      AWOOOP_DATA_DIR: folder,
      AWOOOP_PORT: "0",
      AWOOOP_ROLES: "api",
      AWOOOP_ADMIN_KEY: ADMIN,
      AWOOOP_SECRET_KEY: "a secret key of the tests that is long enough",
      AWOOOP_LOG_LEVEL: "error",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  url = await addressOf(server);
}, 60_000);

afterAll(async () => {
  if (server?.exitCode === null) {
    server.kill("SIGTERM");
    await once(server, "exit");
  }
  await db?.close();
  await test?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function addressOf(child: ChildProcess): Promise<string> {
  let said = "";
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk);
    const found = /AwoooP is ready: (\S+)/.exec(said)?.[1];
    if (found !== undefined) return found;
  }
  throw new Error(`the server ended: ${said}`);
}

/** Runs the command line as a person would. */
async function awooop(args: string[], more: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: { ...compileCache, AWOOOP_URL: url, AWOOOP_KEY: ADMIN, ...more.env },
    stdio: "pipe",
  });
  child.stdin.end(more.input ?? "");
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "exit"),
  ]);
  return { status: child.exitCode, out, err };
}

const FILE = `contract_family: tool_server
contract_id: shop-tools
body: { transport: http, url: "\${TOOLS}", headers: { authorization: Bearer secret:SHOP } }
---
contract_family: agent
contract_id: janitor
body:
  display_name: Janitor
  driver: client
  tools:
    - { server: shop-tools, tool: look, effect: read }
`;

describe("a first session", () => {
  it("makes a project, a secret and contracts, and lists them", async () => {
    const made = await awooop([
      "tenants",
      "create",
      "acme",
      "--name",
      "Acme 公司",
      "--mode",
      "active",
    ]);
    expect(made).toMatchObject({ status: 0, err: "" });
    expect(made.out).toContain("Acme 公司");
    expect((await awooop(["tenants", "update", "acme", "--budget", "12.5"])).out).toContain("12.5");
    expect((await awooop(["tenants", "list"])).out).toMatch(/^PROJECT.*\nacme /);

    await writeFile(join(folder, "shop.yaml"), FILE);
    const apply = ["contracts", "apply", "shop.yaml", "--project", "acme", "--set"];
    const dry = await awooop([...apply, "TOOLS=https://a.example/mcp", "--dry-run"]);
    expect(dry).toMatchObject({ status: 0, err: "" });
    expect(dry.out).toMatch(
      /warning: shop-tools: The secret SHOP is not set.*\n\nThis was a dry run/s,
    );
    expect((await awooop(["contracts", "list"])).out).toBe("There are no such contracts.\n");

    const input = "hunter2\n";
    const set = await awooop(["secrets", "set", "SHOP", "--project", "acme"], { input });
    expect(set).toMatchObject({ status: 0, out: "The secret SHOP of acme is set.\n" });
    expect((await awooop(["secrets", "list", "--project", "acme"])).out).not.toContain("hunter2");
    const first = await awooop([...apply, "TOOLS=https://a.example/mcp"]);
    expect(first).toMatchObject({ status: 0, err: "" });
    expect(first.out).toMatch(
      /shop-tools +1\.0 +initial +created\n.*janitor +1\.0 +initial +created\n/,
    );
    const second = await awooop([...apply, "TOOLS=https://b.example/mcp", "--json"]);
    expect(JSON.parse(second.out).results).toMatchObject([
      { contract_id: "shop-tools", version: "2.0", status: "changed" },
      { contract_id: "janitor", version: "1.0", status: "unchanged" },
    ]);
    const listed = await awooop([
      "contracts",
      "list",
      "--family",
      "tool_server",
      "--status",
      "active",
    ]);
    expect(listed.out).toMatch(/acme +tool_server +shop-tools +2\.0 +active/);
  });

  it("makes a key, lists it and revokes it", async () => {
    const key = await awooop([
      "keys",
      "create",
      "janitor",
      "--role",
      "agent",
      "--project",
      "acme",
      "--agent",
      "janitor",
    ]);
    expect(key.out).toMatch(/^awp_\S+\n$/);
    const keys = JSON.parse((await awooop(["keys", "list", "--json"])).out).keys;
    const keyId = keys.find((of: { name: string }) => of.name === "janitor").key_id;
    expect((await awooop(["keys", "revoke", keyId])).status).toBe(0);
    expect((await awooop(["keys", "list"])).out).toMatch(new RegExp(`${keyId}.*revoked`));
  });

  it("pages through a list", async () => {
    const first = await awooop(["contracts", "list", "--limit", "2"]);
    expect(first).toMatchObject({ status: 0, err: "" });
    const cursor = /--cursor (\S+)/.exec(first.out)?.[1] ?? "";
    const second = await awooop(["contracts", "list", "--limit", "2", "--cursor", cursor]);
    expect(second).toMatchObject({ status: 0, err: "" });
    expect(second.out).toContain("shop-tools");
    expect(second.out).not.toContain("--cursor");
  });
});

describe("questions", () => {
  const seedQuestion = () =>
    db.transaction({ role: "platform" }, async (tx) => {
      const revision = await tx
        .selectFrom("contract_revisions")
        .select(["project_id", "revision_id"])
        .where("contract_id", "=", "janitor")
        .executeTakeFirstOrThrow();
      const run = await seedRun(tx, {
        ...revision,
        agent_id: "janitor",
        driver: "client",
        state: "waiting_approval",
        title: "Disk \u001b[31mfull",
      });
      const approval = await seedApproval(tx, run, { agent_reason: "It is full.\u0007" });
      return { run: run.run_id, approval: approval.approval_id };
    });

  it("are shown with what is asked, and answered", async () => {
    const { run, approval } = await seedQuestion();
    const list = await awooop(["approvals", "list", "--run", run]);
    expect(list.out).toContain(approval);
    expect(list.out).toContain('args      {"path":"/var/cache/shop"}');
    expect(list.out).toContain("it says   It is full.\n");
    const hash = /\n {2}args hash ([0-9a-f]{64})\n/.exec(list.out)?.[1] ?? "";
    const other = await awooop(["approvals", "approve", run, "--args-hash", "f".repeat(64)]);
    expect(other.err).toMatch(/^E-APPR-CHANGED: /);
    const more = ["--args-hash", hash, "--approval", `apr_${approval}`, "--reason", "go"];
    const yes = await awooop(["approvals", "approve", run, ...more]);
    expect(yes).toMatchObject({ status: 0, out: "Approved. The run is running.\n" });
    const late = await awooop(["approvals", "reject", run, "--reason", "no"]);
    expect(late).toMatchObject({ status: 1, out: "" });
    expect(late.err).toMatch(/^E-\S+: /);
    const record = await awooop(["approvals", "record", `apr_${approval}`]);
    expect(record.out).toMatch(
      /^\{"payload":"[\w-]+","protected":"[\w-]+","signature":"[\w-]+"\}\n$/,
    );
    const shown = await awooop(["runs", "show", run]);
    expect(shown.out).toMatch(/title +Disk \[31mfull\n/);
    expect(shown.out).toMatch(/TIME +KIND +WHAT +STATUS +MORE\n/);
    expect(shown.out).toMatch(/approval .*decision=approve; reason=go/);
    const decided = await db.transaction({ role: "platform" }, (tx) =>
      tx.selectFrom("approval_decisions").select("surface").where("run_id", "=", run).execute(),
    );
    expect(decided).toEqual([{ surface: "cli" }]);
  });

  it("are answered with a wish for changes, and the run goes on", async () => {
    const { run } = await seedQuestion();
    const more = ["--decision", "request_changes", "--reason", "only the replica"];
    const said = await awooop(["approvals", "decide", run, ...more]);
    expect(said).toMatchObject({ status: 0, out: "Changes requested. The run is running.\n" });
  });

  it("are edited, with the arguments on the command line or in a file, and asked of the gates", async () => {
    const { run } = await seedQuestion();
    const file = join(folder, "arguments.json");
    await writeFile(file, '{"path": "/tmp"}');
    for (const given of ['{"path": "/tmp"}', `@${file}`]) {
      const said = await awooop(edit(given, run));
      // The question is of a tool that the run's contract does not list.
      expect(said).toMatchObject({ status: 1, out: "" });
      expect(said.err).toMatch(/^E-CONTRACT-TOOL: .*clear_cache/);
    }
  });

  it("are rejected, and the run ends", async () => {
    const { run } = await seedQuestion();
    const no = await awooop(["approvals", "reject", run, "--reason", "not now", "--json"]);
    expect(JSON.parse(no.out)).toMatchObject({ run_id: run, new_state: "cancelled" });
    const runs = await awooop(["runs", "list", "--state", "cancelled", "--project", "acme"]);
    expect(runs.out).toMatch(new RegExp(`${run} +acme +janitor +cancelled`));
    const asked = "--q now --trigger alertmanager --shadow false --before 2126-01-01T00:00:00Z";
    const sorted = "--after 2026-01-01T00:00:00Z --sort cost_usd --order asc --json";
    const found = await awooop(`runs list ${asked} ${sorted}`.split(" "));
    expect(JSON.parse(found.out).runs).toMatchObject([{ run_id: run }]);
    const none = await awooop(["runs", "list", "--q", "nowhere to be found"]);
    expect(none.out).toBe("There are no such runs.\n");
  });
});

describe("what goes wrong", () => {
  const revisions = async () =>
    JSON.parse((await awooop(["contracts", "list", "--json"])).out).total as number;

  it("names file, line and path of every wrong field, and writes nothing", async () => {
    const before = await revisions();
    const wrong = FILE.replace("driver: client", "driver: robot").replace(
      "look,",
      "look, colour: red,",
    );
    await writeFile(
      join(folder, "new.yaml"),
      "contract_family: channel\ncontract_id: fresh\nbody:\n  type: carrier-pigeon\n",
    );
    await writeFile(join(folder, "wrong.yaml"), wrong);
    const answer = await awooop([
      "contracts",
      "apply",
      "new.yaml",
      "wrong.yaml",
      "--project",
      "acme",
      "--set",
      "TOOLS=https://a.example",
    ]);
    expect(answer).toMatchObject({ status: 1, out: "" });
    expect(answer.err).toMatch(/^E-CONTRACT-INVALID: Nothing was applied; 3 things are wrong:\n/);
    expect(answer.err).toMatch(/\n {2}new\.yaml:4: body\.type: /);
    expect(answer.err).toMatch(/\n {2}wrong\.yaml:9: body\.driver: /);
    expect(answer.err).toMatch(
      /\n {2}wrong\.yaml:11: body\.tools\.0\.colour: there is no such field here\n/,
    );
    expect(await revisions()).toBe(before);
  });

  it.each([
    ["no YAML", "broken.yaml", "a: [", /^E-CLI-FILE: .*\n {2}broken\.yaml:\d+: /],
    [
      "another shape",
      "shape.yaml",
      "just: words",
      /\n {2}shape\.yaml:1: contract_family: is missing\n/,
    ],
    ["a list of texts", "list.yaml", "[a]", /\n {2}list\.yaml:1: must be an object/],
  ])("a file with %s is refused", async (_, name, content, wanted) => {
    await writeFile(join(folder, name), content);
    const answer = await awooop(["contracts", "apply", name, "--project", "acme"]);
    expect(answer.status).toBe(1);
    expect(answer.err).toMatch(wanted);
  });

  it.each([
    [[], /Usage: awooop COMMAND/],
    [["paint", "it"], /^E-CLI-USAGE: There is no command "paint it"/],
    [["runs"], /There is: runs list, runs show, runs cancel/],
    [["--json"], /The command comes first/],
    [["runs", "list", "--colour"], /Unknown option '--colour'/],
    [["runs", "show"], /RUN_ID is missing/],
    [["runs", "show", "a", "b"], /"b" is one argument too many/],
    [["contracts", "apply", "x.yaml", "--set", "oops"], /--set must be NAME=VALUE/],
    [
      ["approvals", "approve", "x", "--approval", "nonsense"],
      /--approval must be an approval's id/,
    ],
    [["approvals", "decide", "x"], /--decision is missing/],
    [["approvals", "decide", "x", "--decision", "perhaps"], /--decision must be one of approve, /],
    [edit("{"), /--arguments is not JSON/],
    [edit("[1]"), /--arguments must be a JSON object/],
    [edit("@no-such-file"), /--arguments can't be read/],
    [["keys", "create", "x"], /--role is missing/],
    [["keys", "oauth", "create", "--project", "acme"], /--agent is missing/],
    [["secrets", "set", "X", "--project", "acme"], /There is no value on standard input/],
  ])("%j is bad usage: exit status 2", async (args, wanted) => {
    const answer = await awooop(args);
    expect(answer).toMatchObject({ status: 2, out: "" });
    expect(answer.err).toMatch(wanted);
  });

  it("says what the server refused, with its code", async () => {
    const wrongKey = await awooop(["runs", "list"], { env: { AWOOOP_KEY: `${ADMIN}x` } });
    expect(wrongKey).toMatchObject({ status: 1, out: "" });
    expect(wrongKey.err).toMatch(/^E-AUTH: /);
    const wrongState = await awooop(["runs", "list", "--state", "tired", "--json"]);
    expect(JSON.parse(wrongState.err)).toMatchObject({
      code: "E-INPUT",
      errors: [{ path: "query.state" }],
    });
  });

  it("says when there is no key, no server, or another one", async () => {
    const noKey = await awooop(["runs", "list"], { env: { AWOOOP_KEY: "" } });
    expect(noKey).toMatchObject({ status: 2 });
    expect(noKey.err).toContain("AWOOOP_KEY is not set");
    const other = createServer((_, response) => response.end("<html>hello</html>"));
    await new Promise<void>((listening) => other.listen(0, "127.0.0.1", listening));
    const port = (other.address() as AddressInfo).port;
    const env = { AWOOOP_URL: `http://127.0.0.1:${port}` };
    expect((await awooop(["runs", "list"], { env })).err).toMatch(
      /^E-CLI-SERVER: .* answered 200, but not/,
    );
    await new Promise((closed) => other.close(closed));
    expect((await awooop(["runs", "list"], { env })).err).toMatch(
      /^E-CLI-SERVER: No answer .*ECONNREFUSED/,
    );
  });

  it("takes the key from a file", async () => {
    await writeFile(join(folder, "key"), `${ADMIN}\n`);
    const env = { AWOOOP_KEY: "", AWOOOP_KEY_FILE: join(folder, "key") };
    expect(await awooop(["tenants", "list"], { env })).toMatchObject({ status: 0 });
  });
});

describe("help", () => {
  it("is there for all, for a noun and for a command, without key or server", async () => {
    const env = { AWOOOP_KEY: "", AWOOOP_URL: "http://127.0.0.1:9" };
    const all = await awooop(["--help"], { env });
    expect(all).toMatchObject({ status: 0, err: "" });
    expect(all.out).toContain("secrets set NAME");
    expect((await awooop(["keys", "--help"], { env })).out).not.toContain("secrets set");
    const one = await awooop(["contracts", "apply", "--help"], { env });
    expect(one.status).toBe(0);
    for (const option of ["--set NAME=VALUE", "--dry-run", "--project", "--json"]) {
      expect(one.out).toContain(option);
    }
  });
});
