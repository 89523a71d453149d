import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";
import Provider from "oidc-provider";

/** A real authorization server on this machine. */
export interface AuthorizationServer {
  issuer: string;
  /** Paths that were asked for, in order. */
  asked: string[];
  /** A token as the server gives it out for the client credentials grant. */
  token(client: string, wish?: { resource?: string; scope?: string }): Promise<string>;
  /** A token of any content, signed with the key that the server signs with now. */
  forge(payload: JWTPayload, header?: Partial<JWTHeaderParameters>): Promise<string>;
  publicKey(): JWK;
  /** Goes on with a new key; the old one is no longer published. */
  rotate(): Promise<void>;
  /** Stops listening, and listens again where it did. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

const SECRET = "a client's secret in the tests, long enough";

/** The client's secret, the same for all. */
export const secretOf = (_client: string) => SECRET;

interface Signing {
  jwk: JWK;
  key: CryptoKey;
}

async function newSigning(serial: number): Promise<Signing> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: `key-${serial}`, alg: "ES256", use: "sig" };
  return { jwk, key: (await importJWK(jwk, "ES256")) as CryptoKey };
}

/** @param clients the ids of clients that may ask for tokens */
export async function startAuthorizationServer(
  clients: readonly string[],
): Promise<AuthorizationServer> {
  const asked: string[] = [];
  let serial = 0;
  let signing = await newSigning(serial);
  let handle: ReturnType<Provider["callback"]>;
  const listener: Server = createServer((request, response) => {
    asked.push(request.url ?? "");
    void handle(request, response);
  });
  const listen = (port: number) =>
    new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  const stop = () =>
    new Promise<void>((resolve) => {
      listener.close(() => resolve());
      listener.closeAllConnections();
    });
  await listen(0);
  const { port } = listener.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const use = (next: Signing) => {
    signing = next;
    handle = new Provider(issuer, configuration(next.jwk, clients)).callback();
  };
  use(signing);
  return {
    issuer,
    asked,
    token: (client, wish = {}) => askForToken(issuer, client, wish),
    forge: (payload, header) =>
      new SignJWT(payload)
        .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: `key-${serial}`, ...header })
        .sign(signing.key),
    publicKey() {
      const { d: _, ...open } = signing.jwk;
      return open;
    },
    async rotate() {
      serial += 1;
      use(await newSigning(serial));
    },
    goAway: stop,
    comeBack: () => listen(port),
    close: stop,
  };
}

function configuration(jwk: JWK, clients: readonly string[]): object {
  return {
    jwks: { keys: [jwk] },
    clients: clients.map((client_id) => ({
      client_id,
      client_secret: SECRET,
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      id_token_signed_response_alg: "ES256",
    })),
    scopes: ["mcp", "other"],
    ttl: { ClientCredentials: 600 },
    cookies: { keys: ["a key for cookies that nobody gets"] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          audience: resource,
          scope: "mcp other",
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: "ES256" } },
        }),
      },
    },
  };
}

async function askForToken(
  issuer: string,
  client: string,
  { resource, scope }: { resource?: string; scope?: string },
): Promise<string> {
  const answer = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`${client}:${encodeURIComponent(SECRET)}`).toString("base64")}`,
    },
    body: new URLSearchParams({
      grant_type: "client_credentials",
      ...(resource === undefined ? {} : { resource }),
      ...(scope === undefined ? {} : { scope }),
    }),
  });
  const { access_token: token, ...problem } = (await answer.json()) as Record<string, unknown>;
  if (typeof token !== "string") throw new Error(JSON.stringify(problem));
  return token;
}
