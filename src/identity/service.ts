import { randomBytes } from "node:crypto";
import { parse as parseCookies } from "hono/utils/cookie";
import { appendAudit, PLATFORM_PROJECT } from "../audit/index.ts";
import type { Config } from "../platform/config.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { Logger } from "../platform/log.ts";
import { isJwt } from "./access-token.ts";
import { type Caller, type Surface, scopeOf } from "./caller.ts";
import type { Session } from "./contract.ts";
import { createKeyring, type Keyring } from "./keyring.ts";
import { hashOf } from "./keys.ts";
import { assertOwnHost, assertOwnOrigin, isFromBrowser, type Site } from "./origin.ts";
import { deleteSession, insertSession, type KeyRow, readProjects } from "./queries.ts";
import { createSignInLimit, type SignInLimit } from "./sign-in-limit.ts";
import { openTokenDoor, type TokenDoor } from "./token-door.ts";

const COOKIE = "awooop_session";
const SESSION_SECONDS = 12 * 3_600;
const MOST_PROJECTS = 1_000;

/** Who is asking: by key, or by the session that a key opened. */
export interface Identity {
  /**
   * The caller of a request: a bearer key, or under /api the session cookie. A cookie counts only on our own host,
   * and for what changes something only from our own pages.
   *
   * @throws AppError E-AUTH, E-HOST, E-ORIGIN
   */
  authenticate(request: Request): Promise<Caller>;
  /**
   * The caller that an Authorization header names, for those who have no web Request at hand.
   *
   * @param header the header's whole text, `Bearer …`: a key, or on the gateway an access token
   * @throws AppError E-AUTH; of an access token E-OAUTH-TOKEN, E-OAUTH-SCOPE, E-OAUTH-CLIENT, E-OAUTH-ISSUER
   */
  authenticateBearer(header: string | undefined, surface: Surface): Promise<Caller>;
  /**
   * Opens a session of 12 hours that ends with its key.
   *
   * @param options.address where the request came from; wrong keys are counted per address
   * @throws AppError E-AUTH, E-FORBIDDEN (an agent's key), E-SIGN-IN-RATE, E-HOST, E-ORIGIN
   */
  signIn(
    request: Request,
    options: { key: string; address: string },
  ): Promise<{ caller: Caller; cookie: string }>;
  /** Ends the request's session, if it has one; answers the cookie that removes it. */
  signOut(request: Request): Promise<string>;
  /** What the console shows of the caller. */
  session(caller: Caller): Promise<Session>;
  /** Makes a revoked key stop working in this process at once, elsewhere within three seconds. */
  forgetKey(keyId: string): void;
  /** The same for the OAuth clients that are agents. */
  forgetOAuthClients(): void;
}

function callerOf(row: KeyRow, surface: Surface): Caller {
  const agent = row.role === "agent";
  return {
    keyId: row.key_id,
    actor: { kind: agent ? "agent" : "key", id: agent ? (row.agent_id ?? row.name) : row.name },
    role: row.role,
    projects: row.projects ?? "all",
    agentId: row.agent_id,
    holdSeconds: row.hold_seconds,
    mayActForOthers: row.may_act_for_others,
    surface,
  };
}

function sessionTokenOf(request: Request): string | undefined {
  const header = request.headers.get("cookie");
  return header === null ? undefined : parseCookies(header, COOKIE)[COOKIE];
}

function surfaceOf(request: Request): Surface {
  if (new URL(request.url).pathname === "/mcp") return "mcp";
  return (request.headers.get("user-agent") ?? "").startsWith("awooop-cli") ? "cli" : "api";
}

const refused = () =>
  new AppError("E-AUTH", "The key is not one of ours, or it was revoked or has expired.");

/** What the functions below share. */
interface Door {
  db: Database;
  site: Site;
  keyring: Keyring;
  limit: SignInLimit;
  tokens: TokenDoor | undefined;
}

/**
 * @param options.site where the console is reached: decides whether cookies are `Secure`, and which hosts are ours
 * @param options.oauth the authorization servers whose access tokens open the gateway
 */
export function createIdentity(options: {
  db: Database;
  site: Site;
  oauth?: Config["oauth"];
  log: Logger;
}): Identity {
  const { db, site, oauth } = options;
  const limit = createSignInLimit(() => performance.now());
  const tokens =
    oauth && oauth.issuers.length > 0
      ? openTokenDoor({ db, log: options.log, publicUrl: site.publicUrl, ...oauth })
      : undefined;
  const door = { db, site, keyring: createKeyring(db), limit, tokens };
  return {
    authenticate: (request) => authenticate(door, request),
    authenticateBearer: (header, surface) => authenticateBearer(door, header, surface),
    signIn: (request, given) => signIn(door, request, given),
    signOut: (request) => signOut(door, request),
    session: (caller) => readSession(db, caller),
    forgetKey: (keyId) => door.keyring.forgetKey(keyId),
    forgetOAuthClients: () => tokens?.forget(),
  };
}

function cookie(site: Site, token: string, seconds: number): string {
  const secure = site.publicUrl.startsWith("https:") ? "; Secure" : "";
  return `${COOKIE}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

const STRANGER = "Send a key as `Authorization: Bearer awp_…`, or sign in to the console.";

async function authenticateBearer(
  { keyring, tokens }: Door,
  header: string | undefined,
  surface: Surface,
): Promise<Caller> {
  const credential = /^bearer +(\S+)$/i.exec(header ?? "")?.[1];
  if (tokens && surface === "mcp") {
    if (credential === undefined) throw tokens.stranger();
    if (isJwt(credential)) return tokens.callerOf(credential);
  }
  if (header === undefined) throw new AppError("E-AUTH", STRANGER);
  const row = credential === undefined ? undefined : await keyring.verify(credential);
  if (!row) throw refused();
  return callerOf(row, surface);
}

async function authenticate(door: Door, request: Request): Promise<Caller> {
  const { site, keyring } = door;
  const header = request.headers.get("authorization");
  if (header !== null) return authenticateBearer(door, header, surfaceOf(request));
  const token = sessionTokenOf(request);
  if (token === undefined || !new URL(request.url).pathname.startsWith("/api/")) {
    return authenticateBearer(door, undefined, surfaceOf(request));
  }
  assertOwnHost(request.headers, site);
  assertOwnOrigin(request, site);
  const row = await keyring.ofSession(token);
  if (!row) throw new AppError("E-AUTH", "The session has ended; sign in again.");
  return callerOf(row, "console");
}

async function signIn(
  { db, site, keyring, limit }: Door,
  request: Request,
  given: { key: string; address: string },
): Promise<{ caller: Caller; cookie: string }> {
  assertOwnHost(request.headers, site);
  if (isFromBrowser(request)) assertOwnOrigin(request, site);
  limit.check(given.address);
  const row = await keyring.verify(given.key);
  if (!row) {
    limit.failed(given.address);
    throw refused();
  }
  if (row.role === "agent") {
    throw new AppError("E-FORBIDDEN", "An agent's key works at /mcp; people sign in with theirs.");
  }
  const token = randomBytes(32).toString("base64url");
  const caller = callerOf(row, "console");
  await db.transaction({ role: "system" }, async (tx) => {
    await insertSession(tx, { hash: hashOf(token), keyId: row.key_id, seconds: SESSION_SECONDS });
    await appendAudit(tx, {
      projectId: PLATFORM_PROJECT,
      actor: caller.actor,
      action: "session.create",
      subject: { kind: "key", id: row.key_id },
    });
  });
  return { caller, cookie: cookie(site, token, SESSION_SECONDS) };
}

async function signOut({ db, site, keyring }: Door, request: Request): Promise<string> {
  const token = sessionTokenOf(request);
  if (token !== undefined) {
    await db.transaction({ role: "system" }, (tx) => deleteSession(tx, hashOf(token)));
    keyring.forgetSession(token);
  }
  return cookie(site, "", 0);
}

async function readSession(db: Database, caller: Caller): Promise<Session> {
  const rows = await db.transaction(scopeOf(caller), (tx) =>
    readProjects(tx, { limit: MOST_PROJECTS }),
  );
  return {
    actor: { id: caller.keyId, kind: caller.actor.kind, name: caller.actor.id },
    role: caller.role,
    is_platform: caller.projects === "all",
    projects: rows.map((row) => ({
      ...row,
      migration_mode: row.migration_mode as Session["projects"][number]["migration_mode"],
    })),
  };
}
