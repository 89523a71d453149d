import { afterAll, beforeAll, expect, test } from "vitest";
import { ADMIN_KEY, type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { good } from "../../test/support/e2e-tenant.ts";
import { runCommandLine } from "./run.ts";

const ISSUER = "https://login.example/realms/a";

let database: TestDatabase;
let server: Awooop;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startAwooop({
    databaseUrl: database.url,
    env: { AWOOOP_OAUTH_ISSUERS: ISSUER, AWOOOP_ROLES: "api" },
  });
  await good(server.api("/tenants", { body: { project_id: "acme", display_name: "Acme" } }));
}, 60_000);
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** Runs one command line, as an admin of the platform. */
async function awooop(...args: string[]) {
  const said = { out: "", err: "" };
  const status = await runCommandLine(["keys", ...args], {
    env: { AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY },
    print(text) {
      said.out += text;
    },
    complain(text) {
      said.err += text;
    },
    readInput: async () => "",
  });
  return { status, ...said };
}

test("an OAuth client becomes an agent, is listed, and is one no more", async () => {
  const of = ["--project", "acme", "--agent", "scout", "--issuer"];
  expect((await awooop("oauth", "list")).out).toBe("There are no OAuth clients.");
  const made = await awooop("oauth", "create", ...of, ISSUER, "--client", "scout-app", "--json");
  expect(made).toMatchObject({ status: 0, err: "" });
  const { oauth_client_id: id, hold_seconds } = JSON.parse(made.out);
  expect(hold_seconds).toBe(4);
  const second = await awooop("oauth", "create", ...of, ISSUER, "--sub", "user-7", "--hold", "9");
  expect(second.out).toMatch(/^Access tokens of user-7 are now the agent scout of acme \(/);

  const { out } = await awooop("oauth", "list", "--project", "acme");
  expect(out).toMatch(new RegExp(`${id} +acme +scout +valid .*scout-app +${ISSUER}`));
  expect(out).toContain("sub user-7");
  expect((await awooop("oauth", "list", "--project", "globex")).out).toBe(
    "There are no OAuth clients.",
  );

  expect((await awooop("oauth", "revoke", id)).out).toBe(`The OAuth client ${id} is revoked.`);
  expect((await awooop("oauth", "list")).out).toMatch(new RegExp(`${id} .*revoked`));
});

test("what the server refuses is said in its words", async () => {
  const of = ["--project", "acme", "--agent", "scout", "--issuer"];
  const foreign = await awooop("oauth", "create", ...of, "https://other.example", "--client", "x");
  expect(foreign.status).toBe(1);
  expect(foreign.err).toContain(`must be one of AWOOOP_OAUTH_ISSUERS, to the letter: ${ISSUER}`);
  expect((await awooop("oauth", "create", ...of, ISSUER)).err).toContain(
    "give either client_id or sub",
  );
  const taken = await awooop("oauth", "create", ...of, ISSUER, "--sub", "user-7");
  expect(taken.err).toMatch(/^E-OAUTH-MAPPED: /);
  expect((await awooop("oauth", "create", ...of, ISSUER, "--hold", "long")).status).toBe(2);
});

test("the signing key is rotated, and both are told to everybody", async () => {
  const said = await awooop("signing", "rotate");
  expect(said).toMatchObject({ status: 0, err: "" });
  const [, kid, former] =
    /^The key (\S+) signs from now on in the place of (\S+)\.$/.exec(said.out) ?? [];
  const answer = await fetch(`${server.url}/.well-known/jwks.json`);
  expect(answer.headers.get("cache-control")).toBe("public, max-age=300");
  expect(await answer.json()).toMatchObject({
    keys: [{ kid }, { kid: former, exp: expect.any(Number) }],
  });
});
