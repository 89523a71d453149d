import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { createLog } from "../platform/log.ts";
import { createIssuerKeys, metadataUrls } from "./issuer.ts";

const log = createLog("silent");
const { privateKey, publicKey } = await generateKeyPair("ES256");
const jwks = JSON.stringify({
  keys: [{ ...(await exportJWK(publicKey)), kid: "k", alg: "ES256" }],
});
const token = await new SignJWT({}).setProtectedHeader({ alg: "ES256", kid: "k" }).sign(privateKey);

/** What becomes of the token whose issuer answers like that; `path` is the issuer's own. */
async function checkedBy(
  answer: (issuer: string) => RequestListener,
  { path = "", allowed = true } = {},
) {
  const asked: string[] = [];
  let handle: RequestListener = () => {};
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  handle = answer(issuer);
  const keys = createIssuerKeys({ issuer, allowHosts: allowed ? ["127.0.0.1"] : [], log });
  const once = () =>
    jwtVerify(token, keys).then(
      () => "valid",
      (error: { code: string }) => error.code,
    );
  try {
    return { outcome: await once(), again: await once(), asked };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** An issuer as it should be, but for what the test says. */
const issuing =
  ({
    metadata = "/.well-known/oauth-authorization-server",
    ...more
  }: Record<string, string> = {}) =>
  (issuer: string): RequestListener =>
  ({ url }, response) => {
    const { origin } = new URL(issuer);
    if (url === metadata) {
      response.end(JSON.stringify({ issuer, jwks_uri: `${origin}/keys`, ...more }));
    } else if (url === "/keys") response.end(jwks);
    else response.writeHead(404).end("{}");
  };

const refused = { outcome: "E-OAUTH-ISSUER", again: "E-OAUTH-ISSUER" };

describe("an issuer's metadata", () => {
  it("may stand where RFC 8414 and OpenID Connect say", () => {
    expect(metadataUrls("https://login.example/").map(String)).toEqual([
      "https://login.example/.well-known/oauth-authorization-server",
      "https://login.example/.well-known/openid-configuration",
    ]);
    expect(metadataUrls("https://login.example/realms/a").map(String)).toEqual([
      "https://login.example/.well-known/oauth-authorization-server/realms/a",
      "https://login.example/.well-known/openid-configuration/realms/a",
      "https://login.example/realms/a/.well-known/openid-configuration",
    ]);
  });

  it("is found at any of those, and asked for once", async () => {
    const found = await checkedBy(issuing());
    expect(found).toMatchObject({ outcome: "valid", again: "valid" });
    expect(found.asked).toEqual(["/.well-known/oauth-authorization-server", "/keys"]);
    const metadata = "/realms/a/.well-known/openid-configuration";
    const last = await checkedBy(issuing({ metadata }), { path: "/realms/a" });
    expect(last).toMatchObject({ outcome: "valid", again: "valid" });
    expect(last.asked).toHaveLength(4);
  });

  it("of somebody else is not taken", async () => {
    expect(await checkedBy(issuing({ issuer: "https://login.example" }))).toMatchObject(refused);
  });

  it.each<[string, RequestListener]>([
    ["redirects", (_, response) => response.writeHead(302, { location: "/elsewhere" }).end()],
    ["is an error", (_, response) => response.writeHead(500).end("no")],
    ["is no JSON", (_, response) => response.end("<html>")],
    ["never ends", (_, response) => void response.write("x".repeat(300 * 1024))],
    ["breaks off", ({ socket }) => socket.destroy()],
  ])("that %s is no answer, and the issuer is left alone for a while", async (_, answer) => {
    const { asked, ...found } = await checkedBy(() => answer);
    expect(found).toEqual(refused);
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it("at a private address is asked for only where that is allowed", async () => {
    expect(await checkedBy(issuing(), { allowed: false })).toEqual({ ...refused, asked: [] });
  });

  it("may not lead to keys at a private address", async () => {
    const found = await checkedBy(issuing({ jwks_uri: "http://127.0.0.2:9/keys" }));
    expect(found).toMatchObject(refused);
  });
});
