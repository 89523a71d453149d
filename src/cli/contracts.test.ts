import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY, type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { newKey } from "../../test/support/e2e-tenant.ts";
import { queryRows } from "../../test/support/server.ts";
import { runCommandLine } from "./run.ts";

let database: TestDatabase;
let server: Awooop;
let folder: string;
let key: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-contracts-"));
  database = await createTestDatabase();
  server = await startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api" } });
  for (const project_id of ["acme", "careful"]) {
    await server.api("/tenants", { body: { project_id, display_name: project_id } });
  }
  await queryRows(
    database.adminUrl,
    "update projects set separate_approver = true where project_id = 'careful'",
  );
  key = await newKey(server, { name: "Ada", role: "admin", project_ids: ["acme"] });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs `awooop contracts …` in the folder, with Ada's key unless it is another's. */
async function contracts(args: string[], as = key) {
  const said = { out: "", err: "" };
  const here = (text: string) => text.replaceAll(`${folder}/`, "");
  const status = await runCommandLine(
    ["contracts", ...args.map((arg) => (arg.startsWith("shop") ? join(folder, arg) : arg))],
    {
      env: { AWOOOP_URL: server.url, AWOOOP_KEY: as },
      print: (line) => {
        said.out += `${here(line)}\n`;
      },
      complain: (line) => {
        said.err += `${here(line)}\n`;
      },
      readInput: async () => "",
    },
  );
  return { status, ...said };
}

const SHOP = `contract_family: tool_server
contract_id: shop-tools
body: { transport: http, url: https://tools.example/mcp }
---
contract_family: channel
contract_id: bell
body: { type: console }
`;
const janitor = (more = "") => `contract_family: agent
contract_id: janitor
body:
  display_name: Janitor
  driver: client
  tools:
    - { server: shop-tools, tool: look, effect: read }
${more}`;

async function write(files: Record<string, string>): Promise<void> {
  await rm(join(folder, "shop"), { recursive: true, force: true });
  await mkdir(join(folder, "shop"));
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, "shop", name), content);
  }
}

describe("contracts on the command line", () => {
  it("are applied from a folder: the plan first, then what was done", async () => {
    await write({ "tools.yaml": SHOP, "agents.yaml": janitor() });
    const dry = await contracts(["apply", "-f", "shop", "--dry-run"]);
    expect(dry).toMatchObject({ status: 0, err: "" });
    expect(dry.out).toMatch(/^PROJECT +FAMILY +CONTRACT +VERSION +CHANGE +STATUS\n/);
    expect(dry.out).toMatch(/\nacme +agent +janitor +1\.0 +initial +created\n/);
    expect(dry.out).toMatch(/\n\nThis was a dry run; nothing has changed\.\n$/);
    expect((await contracts(["list"])).out).toBe("There are no such contracts.\n");

    const first = await contracts(["apply", "-f", "shop"]);
    expect(first).toMatchObject({ status: 0, err: "" });
    expect(first.out).toMatch(/warning: janitor: The tool server shop-tools has not listed/);
    expect(first.out).toMatch(/\n\nDone: 3 created\.\n$/);
    const again = await contracts(["apply", "shop/tools.yaml", "shop/agents.yaml"]);
    expect(again.out).toMatch(/\n\nDone: 3 unchanged\.\n$/);
  });

  it("say why a change is a major one, and what would be retired", async () => {
    const wider = janitor("    - { server: shop-tools, tool: wipe, approval: never }\n");
    await write({ "all.yaml": `${SHOP.split("---")[0]}---\n${wider}` });
    const done = await contracts(["apply", "-f", "shop", "--prune"]);
    expect(done.out).toMatch(/janitor +2\.0 +major +changed\n/);
    expect(done.out).toMatch(/bell +1\.0 +– +retired\n/);
    expect(done.out).toContain("\nwider: janitor: It may use shop-tools/wipe.\n");
    expect(done.out).toMatch(/\n\nDone: 1 unchanged, 1 changed, 1 retired\.\n$/);
    const asJson = JSON.parse((await contracts(["apply", "-f", "shop", "--json"])).out);
    expect(asJson.results).toMatchObject([{ status: "unchanged" }, { status: "unchanged" }]);
  });

  it("are drafted, shown, compared and led through their life", async () => {
    await write({ "agent.yaml": janitor("  limits: { calls: 5 }\n") });
    const drafted = await contracts(["draft", "-f", "shop/agent.yaml", "--project", "acme"]);
    expect(drafted).toMatchObject({ status: 0, err: "" });
    const id = /^Drafted janitor 2\.1: (\S+)\n/.exec(drafted.out)?.[1] ?? "";
    expect(drafted.out).toContain("\n  lost     It may no longer use shop-tools/wipe.\n");
    expect(drafted.out).toContain("\n  changed  limits.calls is limited to 5.\n");

    const early = await contracts(["activate", id]);
    expect(early.err).toMatch(/^E-CONTRACT-STATE: .* is draft: .* possible: submit\.\n$/);
    expect((await contracts(["submit", id, "--reason", "please look"])).out).toBe(
      "janitor 2.1 is in review.\n",
    );
    expect((await contracts(["reject", id])).err).toContain("--reason is missing");
    expect((await contracts(["approve", id])).out).toBe("janitor 2.1 is in review and approved.\n");
    const active = JSON.parse(
      (await contracts(["list", "--id", "janitor", "--json"])).out,
    ).contracts;
    const base = active.find(
      (of: { lifecycle_status: string }) => of.lifecycle_status === "active",
    );
    const diff = await contracts(["diff", id, base.revision_id]);
    expect(diff.out).toMatch(/^janitor 2\.1 → janitor 2\.0: a major change\n/);
    expect(diff.out).toContain("\n! gained   It may use shop-tools/wipe.\n");
    expect(diff.out).toMatch(/\nremove {3}\/limits\n/);

    expect((await contracts(["activate", id])).out).toBe("janitor 2.1 is active.\n");
    const shown = await contracts(["show", id]);
    expect(shown.out).toContain(`\nbase      ${base.revision_id}\n`);
    expect(shown.out).toMatch(/\n\S+ \S+ +submit +review +Ada +please look\n/);
    expect(shown.out).toMatch(/\nlimits:\n {2}calls: 5\n/);
    expect((await contracts(["deprecate", id])).out).toBe("janitor 2.1 is deprecated.\n");
    expect((await contracts(["retire", id])).out).toBe("janitor 2.1 is retired.\n");
  });

  it("wait for another person where the project asks for one", async () => {
    const carol = await newKey(server, { name: "Carol", role: "admin", project_ids: ["careful"] });
    await write({ "bell.yaml": SHOP.split("---\n")[1] ?? "" });
    const applied = await contracts(["apply", "-f", "shop"], carol);
    const id = /\nbell waits for another person: (\S+)\n/.exec(applied.out)?.[1] ?? "";
    expect(applied.out).toMatch(/`contracts activate` then makes it active\.\n$/);
    expect((await contracts(["approve", id], carol)).err).toMatch(/^E-CONTRACT-AUTHOR: /);
    expect((await contracts(["approve", id], ADMIN_KEY)).status).toBe(0);
    expect((await contracts(["activate", id], carol)).status).toBe(0);
  });

  it("name the file and the line of what is wrong", async () => {
    await write({ "wrong.yaml": janitor("  notify: [horn]\n"), "more.yaml": SHOP });
    const draft = await contracts(["draft", "shop/wrong.yaml"]);
    expect(draft).toMatchObject({ status: 1, out: "" });
    expect(draft.err).toMatch(
      /^E-CONTRACT-INVALID: The draft was not stored; one thing is wrong:\n/,
    );
    expect(draft.err).toMatch(/\n {2}shop\/wrong\.yaml:8: body\.notify\.0: there is no channel/);
    const several = await contracts(["draft", "-f", "shop"]);
    expect(several).toMatchObject({ status: 2 });
    expect(several.err).toContain("there are 3 in the files");
    expect((await contracts(["apply"])).err).toContain("FILE is missing");
  });
});
