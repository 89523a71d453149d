import {
  Client,
  ClientCredentialsProvider,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { type CryptoKey, exportSPKI, importJWK, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { applyContracts, contract, good } from "./support/e2e-tenant.ts";
import { type ListeningServer, listen } from "./support/mcp/http-server.ts";
import {
  type AuthorizationServer,
  secretOf,
  startAuthorizationServer,
} from "./support/oauth/authorization-server.ts";
import { knockAt } from "./support/oauth/knock.ts";
import { freePort } from "./support/port.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/** A real authorization server beside the real gateway: what access tokens open, and which ones open nothing. */

const CLIENTS = ["helper-app", "stranger-app"] as const;

let database: TestDatabase;
let login: AuthorizationServer;
let elsewhere: AuthorizationServer;
let upstream: ListeningServer;
let server: Awooop;
let resource: string;
/** The headers that the tool server was sent. */
const reached: Record<string, unknown>[] = [];

function toolServer(): McpServer {
  const tools = new McpServer({ name: "fixture", version: "1.0.0" });
  tools.registerTool("echo", { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: "text", text }],
  }));
  return tools;
}

const mapping = (client_id: string, more: object = {}) => ({
  project_id: "acme",
  agent_id: "scout",
  issuer: login.issuer,
  client_id,
  ...more,
});

beforeAll(async () => {
  database = await createTestDatabase();
  login = await startAuthorizationServer(CLIENTS);
  elsewhere = await startAuthorizationServer(CLIENTS);
  const handle = toNodeHandler(createMcpHandler(toolServer));
  upstream = await listen((request, response) => {
    reached.push(request.headers);
    return handle(request, response);
  });
  const port = await freePort();
  server = await startAwooop({
    databaseUrl: database.url,
    port,
    env: { AWOOOP_OAUTH_ISSUERS: login.issuer },
  });
  resource = `${server.url}/mcp`;
  await good(
    server.api("/tenants", {
      body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
    }),
  );
  await applyContracts(server, "acme", [
    contract("tool_server", "fixture", { transport: "http", url: upstream.url }),
    contract("agent", "scout", {
      display_name: "Scout",
      driver: "client",
      tools: [{ server: "fixture", tool: "echo", effect: "read" }],
    }),
  ]);
  await good(server.api("/oauth-clients", { body: mapping("helper-app") }));
}, 120_000);

afterAll(async () => {
  await server?.stop();
  await upstream?.close();
  await login?.close();
  await elsewhere?.close();
  await database?.drop();
});

const knock = (token: string | undefined) => knockAt(resource, token);

const now = () => Math.floor(Date.now() / 1_000);

/** What a valid token says. */
const claims = () => ({
  iss: login.issuer,
  aud: resource,
  sub: "helper-app",
  client_id: "helper-app",
  scope: "mcp",
  jti: "1",
  iat: now(),
  exp: now() + 300,
});

describe("an agent that signs in with OAuth", () => {
  it("finds its way with an ordinary client, from the refusal to the tool", async () => {
    const authProvider = new ClientCredentialsProvider({
      clientId: "helper-app",
      clientSecret: secretOf("helper-app"),
      expectedIssuer: login.issuer,
    });
    const client = new Client(
      { name: "agent", version: "1.0.0" },
      { versionNegotiation: { mode: "auto" } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider }));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain("echo");
    reached.length = 0;
    const answer = await client.callTool({ name: "echo", arguments: { text: "hello" } });
    await client.close();
    expect(answer.content).toEqual([{ type: "text", text: "hello" }]);
    const { access_token: token } = authProvider.tokens() ?? {};
    expect(token).toMatch(/^ey/);
    expect(reached.length).toBeGreaterThan(0);
    expect(JSON.stringify(reached)).not.toContain(token);
  });

  it("is the agent in all that is recorded", async () => {
    expect((await knock(await login.token("helper-app", { resource, scope: "mcp" }))).status).toBe(
      200,
    );
    const { oauth_clients } = await good(server.api("/oauth-clients?project_id=acme"));
    const [client] = oauth_clients.filter(
      (each: { client_id: string }) => each.client_id === "helper-app",
    );
    expect(client.last_used_at).not.toBeNull();
    const runs = await queryRows(database.adminUrl, "select agent_id, opened_by from runs");
    expect(runs).toEqual([{ agent_id: "scout", opened_by: client.oauth_client_id }]);
    const audit = await queryRows(
      database.adminUrl,
      "select action, subject_id from audit_log where subject_kind = 'oauth_client' order by at",
    );
    expect(audit[0]).toEqual({
      action: "oauth_client.create",
      subject_id: client.oauth_client_id,
    });
  });

  it("is told where to get a token", async () => {
    const metadata = {
      resource,
      authorization_servers: [login.issuer],
      scopes_supported: ["mcp"],
      bearer_methods_supported: ["header"],
      resource_name: "AwoooP gateway",
    };
    for (const path of ["", "/mcp"]) {
      const address = `/.well-known/oauth-protected-resource${path}`;
      expect(await good(server.send(address, { key: null }))).toEqual(metadata);
    }
    const where = `resource_metadata="${server.url}/.well-known/oauth-protected-resource/mcp"`;
    expect(await knock(undefined)).toMatchObject({
      status: 401,
      code: "E-AUTH",
      challenge: `Bearer scope="mcp", ${where}`,
    });
    expect(await knock(await login.forge({ ...claims(), exp: now() - 60 }))).toMatchObject({
      status: 401,
      code: "E-OAUTH-TOKEN",
      challenge: `Bearer error="invalid_token", error_description="The access token has expired.", scope="mcp", ${where}`,
    });
    expect(
      await knock(await login.token("helper-app", { resource, scope: "other" })),
    ).toMatchObject({
      status: 403,
      code: "E-OAUTH-SCOPE",
      challenge: `Bearer error="insufficient_scope", error_description="The access token needs the scope mcp.", scope="mcp", ${where}`,
    });
  });
});

describe("a token is refused", () => {
  const refused = (token: string, detail: unknown) =>
    knock(token).then((answer) =>
      expect(answer).toMatchObject({ status: 401, code: "E-OAUTH-TOKEN", detail }),
    );

  it("unless it is for this gateway", async () => {
    const other = await login.token("helper-app", {
      resource: "https://other.example/mcp",
      scope: "mcp",
    });
    await refused(other, `The access token is not for the resource ${resource}.`);
    const { aud: _, ...nobody } = claims();
    await refused(await login.forge(nobody), expect.stringContaining("not for the resource"));
    const several = await login.forge({ ...claims(), aud: ["https://other.example", resource] });
    expect((await knock(several)).status).toBe(200);
  });

  it("unless it is of now", async () => {
    await refused(
      await login.forge({ ...claims(), exp: now() - 40 }),
      "The access token has expired.",
    );
    await refused(
      await login.forge({ ...claims(), nbf: now() + 120 }),
      "The access token is not valid yet.",
    );
    const { exp: _, ...endless } = claims();
    await refused(await login.forge(endless), "The access token's claim exp is missing or wrong.");
    // Clocks differ a little.
    expect((await knock(await login.forge({ ...claims(), exp: now() - 5 }))).status).toBe(200);
  });

  it("unless it is an access token", async () => {
    const detail = "It is not an access token of the type at+jwt (RFC 9068).";
    await refused(await login.forge(claims(), { typ: "JWT" }), detail);
    await refused(await login.forge(claims(), { typ: undefined }), detail);
    expect((await knock(await login.forge(claims(), { typ: "application/at+jwt" }))).status).toBe(
      200,
    );
  });

  it("unless its issuer signed it, with a signature that only the issuer can make", async () => {
    const header = { typ: "at+jwt", kid: "key-0" };
    const open = login.publicKey();
    const unsigned = new UnsecuredJWT(claims()).encode();
    await refused(unsigned, "The access token is not signed with an asymmetric algorithm.");
    // The published key as if it were a shared secret.
    for (const secret of [
      JSON.stringify(open),
      await exportSPKI((await importJWK(open, "ES256")) as CryptoKey),
    ]) {
      const symmetric = await new SignJWT(claims())
        .setProtectedHeader({ alg: "HS256", ...header })
        .sign(new TextEncoder().encode(secret));
      await refused(symmetric, "The access token is not signed with an asymmetric algorithm.");
    }
    await refused(
      await elsewhere.forge(claims()),
      "The access token is not a JWT with a valid signature.",
    );
    const [head, , signature] = (await login.forge(claims())).split(".");
    const changed = Buffer.from(JSON.stringify({ ...claims(), sub: "admin" })).toString(
      "base64url",
    );
    await refused(
      [head, changed, signature].join("."),
      "The access token is not a JWT with a valid signature.",
    );
    await refused("a.b.c", expect.stringContaining("not from an authorization server"));
  });

  it("unless its issuer is trusted, and nobody else is asked for keys", async () => {
    elsewhere.asked.length = 0;
    await refused(
      await elsewhere.token("helper-app", { resource, scope: "mcp" }),
      "The access token is not from an authorization server that is trusted here.",
    );
    expect(elsewhere.asked).toEqual(["/token"]);
    const header = { jku: `${elsewhere.issuer}/jwks`, jwk: elsewhere.publicKey() };
    await refused(
      await elsewhere.forge(claims(), header),
      "The access token is not a JWT with a valid signature.",
    );
    expect(elsewhere.asked).toEqual(["/token"]);
  });

  it("when it is bound to a key that its bearer would have to show", async () => {
    const bound = await login.forge({ ...claims(), cnf: { jkt: "thumb" } });
    await refused(bound, expect.stringContaining("bound to a key"));
  });

  it("at the operator API", async () => {
    const key = await login.token("helper-app", { resource, scope: "mcp" });
    for (const path of ["/runs", "/session", "/oauth-clients"]) {
      expect(await server.api(path, { key })).toMatchObject({ status: 401 });
    }
  });
});

describe("which agent a token is", () => {
  it("is what an admin of the platform said, by client or by subject", async () => {
    const token = await login.token("stranger-app", { resource, scope: "mcp" });
    const unknown = await knock(token);
    expect(unknown).toMatchObject({
      status: 403,
      code: "E-OAUTH-CLIENT",
      detail: expect.stringContaining("client_id stranger-app"),
      challenge: expect.stringMatching(/^Bearer resource_metadata="/),
    });
    const body = mapping("stranger-app");
    const made = await good(server.api("/oauth-clients", { body }));
    expect((await knock(token)).status).toBe(200);
    expect(await server.api("/oauth-clients", { body })).toMatchObject({
      status: 409,
      body: { code: "E-OAUTH-MAPPED" },
    });

    const ended = await server.api(`/oauth-clients/${made.oauth_client_id}`, { method: "DELETE" });
    expect(ended.status).toBe(204);
    expect(await knock(token)).toMatchObject({ status: 403, code: "E-OAUTH-CLIENT" });
    const again = await server.api(`/oauth-clients/${made.oauth_client_id}`, { method: "DELETE" });
    expect(again.status).toBe(204);
    await good(server.api("/oauth-clients", { body }));
    expect((await knock(token)).status).toBe(200);
  });

  it("is forgotten by the other processes within seconds of a revocation", async () => {
    const other = await startAwooop({
      databaseUrl: database.url,
      env: { AWOOOP_OAUTH_ISSUERS: login.issuer, AWOOOP_ROLES: "api" },
    });
    try {
      const token = await login.forge({ ...claims(), client_id: "passing-app", sub: "passing" });
      const made = await good(other.api("/oauth-clients", { body: mapping("passing-app") }));
      expect((await knock(token)).status).toBe(200);
      await other.api(`/oauth-clients/${made.oauth_client_id}`, { method: "DELETE" });
      await waitFor(async () => (await knock(token)).status === 403, {
        timeoutMs: 10_000,
        what: "the revocation to be known",
      });
    } finally {
      await other.stop();
    }
  }, 60_000);

  it("is the subject's before it is the client's", async () => {
    const { client_id: _, ...bySubject } = mapping("", { sub: "user-7", agent_id: "nobody" });
    await good(server.api("/oauth-clients", { body: bySubject }));
    const token = await login.forge({ ...claims(), sub: "user-7" });
    // It comes in as the agent that has no contract.
    expect((await knock(token)).text).toContain("E-CONTRACT-NONE");
  });

  it("is said of trusted issuers only, and of one thing that names it", async () => {
    const foreign = { ...mapping("helper-app"), issuer: elsewhere.issuer };
    const cases: [object, string][] = [
      [foreign, "body.issuer"],
      [{ ...mapping("x"), sub: "y" }, "body.client_id"],
      [{ ...mapping("x"), client_id: undefined }, "body.client_id"],
    ];
    for (const [body, path] of cases) {
      expect(await server.api("/oauth-clients", { body })).toMatchObject({
        status: 422,
        body: { code: "E-INPUT", errors: [{ path }] },
      });
    }
    const nowhere = { ...mapping("x"), project_id: "nowhere" };
    expect((await server.api("/oauth-clients", { body: nowhere })).status).toBe(404);
  });
});

describe("the issuer's keys", () => {
  it("may change without a restart", async () => {
    const before = await login.forge(claims());
    await login.rotate();
    await waitFor(async () => (await knock(await login.forge(claims()))).status === 200, {
      timeoutMs: 30_000,
      what: "the new key to be known",
    });
    expect(await knock(before)).toMatchObject({
      status: 401,
      detail: "The access token is signed with a key that its issuer does not publish.",
    });
  });

  it("that can't be had are not the caller's fault, and known ones still do", async () => {
    const valid = await login.forge(claims());
    await login.goAway();
    try {
      expect((await knock(valid)).status).toBe(200);
      const unknownKey = await login.forge(claims(), { kid: "never-seen" });
      const answer = await waitFor(
        async () => {
          const found = await knock(unknownKey);
          return found.status === 503 ? found : undefined;
        },
        { timeoutMs: 30_000, what: "the issuer to be asked" },
      );
      expect(answer).toMatchObject({ code: "E-OAUTH-ISSUER", retryAfter: "5", challenge: null });
      expect((await knock(await login.forge({ ...claims(), jti: "2" }))).status).toBe(200);
    } finally {
      await login.comeBack();
    }
  });
});
