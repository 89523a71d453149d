import type { z } from "zod";
import { appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { type Database, type Tx, violates } from "../platform/database/index.ts";
import { AppError, inputErrorAt } from "../platform/errors.ts";
import { type Cursors, openPage, timeAndId } from "../platform/http/index.ts";
import {
  type Caller,
  requirePlatformAdmin,
  requireRole,
  scopeOf,
  unknownProject,
} from "./caller.ts";
import type { NewOAuthClient, OAuthClient, oauthClientListSchema } from "./oauth-contract.ts";
import { insertOAuthClient, listOAuthClients } from "./oauth-queries.ts";
import { readProjects } from "./queries.ts";
import type { Identity } from "./service.ts";

const DEFAULT_LIMIT = 50;

/** What administrators do with the clients of authorization servers that are agents here. */
export interface OAuthClients {
  /**
   * Lets a client's tokens in as an agent. The issuers are the platform's, and their clients may be anybody's: so only the
   * platform's administrators say whose they are.
   *
   * @throws AppError E-FORBIDDEN, E-NOT-FOUND, E-INPUT (an issuer that is not trusted), E-OAUTH-MAPPED
   */
  create(caller: Caller, input: NewOAuthClient): Promise<OAuthClient>;
  /** Clients of the projects the caller administers, newest first. */
  list(
    caller: Caller,
    query: {
      project_id?: string | undefined;
      limit?: number | undefined;
      cursor?: string | undefined;
    },
  ): Promise<z.infer<typeof oauthClientListSchema>>;
  /**
   * Lets a client's tokens in no more, whether they have expired or not. Doing it again changes nothing.
   *
   * @throws AppError E-FORBIDDEN, E-NOT-FOUND
   */
  revoke(caller: Caller, id: string): Promise<void>;
}

/**
 * @param options.issuers the authorization servers that are trusted here
 * @param options.identity told when a revocation is committed
 */
export function createOAuthClients(options: {
  db: Database;
  cursors: Cursors;
  issuers: readonly string[];
  identity: Pick<Identity, "forgetOAuthClients">;
}): OAuthClients {
  const { db, cursors, issuers } = options;
  return {
    create: (caller, input) => create(db, issuers, caller, input),
    async list(caller, { project_id: projectId, cursor, limit = DEFAULT_LIMIT }) {
      requireRole(caller, "admin");
      const binding = ["oauth-clients", projectId ?? null, caller.keyId];
      const { place, cut } = openPage(cursors, { binding, cursor, limit, position: timeAndId });
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        (tx) => listOAuthClients(tx, projectId, place),
        { snapshot: true },
      );
      const page = cut(rows, (row) => [row.created_at, row.oauth_client_id]);
      const { rows: oauth_clients, ...more } = page;
      return { oauth_clients, total: total.count, total_is_exact: total.isExact, ...more };
    },
    async revoke(caller, id) {
      requireRole(caller, "admin");
      await db.transaction(scopeOf(caller), (tx) => revoke(tx, caller, id));
      options.identity.forgetOAuthClients();
    },
  };
}

async function create(
  db: Database,
  issuers: readonly string[],
  caller: Caller,
  input: NewOAuthClient,
): Promise<OAuthClient> {
  requirePlatformAdmin(caller);
  if (!issuers.includes(input.issuer)) throw unknownIssuer(issuers);
  try {
    return await db.transaction(scopeOf(caller), async (tx) => {
      const [project] = await readProjects(tx, { only: [input.project_id], limit: 1 });
      if (!project) throw unknownProject(input.project_id);
      const made = await insertOAuthClient(tx, input, caller.actor.id);
      await record(tx, caller, "oauth_client.create", made);
      return made;
    });
  } catch (error) {
    const isTaken =
      violates(error, "oauth_clients_one_client") || violates(error, "oauth_clients_one_subject");
    if (!isTaken) throw error;
    throw new AppError(
      "E-OAUTH-MAPPED",
      "Tokens of this client are an agent's already; revoke that first: a token can't be two agents.",
    );
  }
}

function unknownIssuer(issuers: readonly string[]): AppError {
  const path = "body.issuer";
  return issuers.length === 0
    ? inputErrorAt(path, "no_issuers")
    : inputErrorAt(path, "unknown_issuer", { issuers: issuers.join(", ") });
}

async function revoke(tx: Tx, caller: Caller, id: string): Promise<void> {
  const found = await tx
    .selectFrom("oauth_clients")
    .selectAll()
    .where("oauth_client_id", "=", id)
    .forUpdate()
    .executeTakeFirst();
  if (!found) throw new AppError("E-NOT-FOUND", `There is no OAuth client "${id}".`);
  if (found.revoked_at !== null) return;
  await tx
    .updateTable("oauth_clients")
    .set((set) => ({ revoked_at: set.fn("clock_timestamp") }))
    .where("project_id", "=", found.project_id)
    .where("oauth_client_id", "=", id)
    .execute();
  await record(tx, caller, "oauth_client.revoke", found);
}

async function record(
  tx: Tx,
  caller: Caller,
  action: "oauth_client.create" | "oauth_client.revoke",
  of: OAuthClient,
): Promise<void> {
  await appendAudit(tx, {
    projectId: of.project_id,
    actor: caller.actor,
    action,
    subject: { kind: "oauth_client", id: of.oauth_client_id },
    details: { agent_id: of.agent_id, issuer: of.issuer },
    // A subject may be a person.
    private: { client_id: of.client_id, sub: of.sub },
  });
  await announce(tx, { project_id: of.project_id, kind: "key", id: of.oauth_client_id });
}
