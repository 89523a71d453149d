import { sql } from "kysely";
import { readCounted, type Total } from "../platform/database/count.ts";
import type { Tx } from "../platform/database/index.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import { newId } from "../platform/ids.ts";
import type { TokenHolder } from "./access-token.ts";
import type { NewOAuthClient, OAuthClient } from "./oauth-contract.ts";

/** A client as every request of its tokens needs it. */
export interface OAuthClientRow {
  oauth_client_id: string;
  project_id: string;
  agent_id: string;
  hold_seconds: number;
  /** Its last use was noted more than a minute ago. */
  is_stale: boolean;
}

/**
 * The agent that the holder of a token is (system role: no tenant is known yet). A subject that was named counts before
 * the client, which may act for many.
 */
export async function findOAuthClient(
  tx: Tx,
  { issuer, clientId, subject }: TokenHolder,
): Promise<OAuthClientRow | undefined> {
  return tx
    .selectFrom("oauth_clients")
    .select(["oauth_client_id", "project_id", "agent_id", "hold_seconds"])
    .select(
      sql<boolean>`coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)`.as(
        "is_stale",
      ),
    )
    .where("issuer", "=", issuer)
    .where("revoked_at", "is", null)
    .where((where) =>
      where.or([where("sub", "=", subject ?? null), where("client_id", "=", clientId ?? null)]),
    )
    .orderBy("sub", (order) => order.asc().nullsLast())
    .limit(1)
    .executeTakeFirst();
}

/** Notes that a client's token was used, at most once a minute over all processes. */
export async function touchOAuthClient(tx: Tx, row: OAuthClientRow): Promise<void> {
  await sql`update oauth_clients set last_used_at = clock_timestamp()
    where project_id = ${row.project_id} and oauth_client_id = ${row.oauth_client_id}
      and coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)`.execute(tx);
}

const LISTED = [
  "oauth_client_id",
  "project_id",
  "agent_id",
  "issuer",
  "client_id",
  "sub",
  "hold_seconds",
  "created_at",
  "created_by",
  "revoked_at",
  "last_used_at",
] as const;

export function insertOAuthClient(
  tx: Tx,
  input: NewOAuthClient,
  createdBy: string,
): Promise<OAuthClient> {
  return tx
    .insertInto("oauth_clients")
    .values({
      oauth_client_id: newId(),
      project_id: input.project_id,
      agent_id: input.agent_id,
      issuer: input.issuer,
      client_id: input.client_id ?? null,
      sub: input.sub ?? null,
      hold_seconds: input.hold_seconds,
      created_by: createdBy,
    })
    .returning(LISTED)
    .executeTakeFirstOrThrow();
}

/** A page of the clients the transaction may see and one more, newest first, with how many there are. */
export function listOAuthClients(
  tx: Tx,
  projectId: string | undefined,
  place: Place<TimeAndId>,
): Promise<{ rows: OAuthClient[]; total: Total }> {
  const direction = directionOf("desc", place.back);
  const by = [sql`created_at`, sql`oauth_client_id`];
  const wanted = projectId === undefined ? sql`true` : sql`project_id = ${projectId}`;
  return readCounted<OAuthClient>(tx, {
    table: "oauth_clients",
    page: sql`select ${sql.join(LISTED.map((column) => sql.ref(column)))} from oauth_clients
      where ${wanted} and ${isBeyond(by, direction, place.beyond)} ${inOrder(by, direction)} limit ${place.limit + 1}`,
    order: inOrder(by, direction),
    rowsOf: (limit) => sql`select 1 from oauth_clients where ${wanted} ${limit}`,
  });
}
