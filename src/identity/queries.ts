import { type Selectable, sql } from "kysely";
import { readCounted, type Total } from "../platform/database/count.ts";
import type { ApiKeys } from "../platform/database/database.generated.ts";
import type { Tx } from "../platform/database/index.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import type { Role } from "./contract.ts";

/** A key as every request needs it. */
export interface KeyRow {
  key_id: string;
  name: string;
  role: Role;
  projects: string[] | null;
  agent_id: string | null;
  hold_seconds: number;
  may_act_for_others: boolean;
  secret_hash: Uint8Array;
  /** Revoked or expired. */
  is_over: boolean;
  /** Its last use was noted more than a minute ago. */
  is_stale: boolean;
}

/** Reads a key (system role: no tenant is known yet). */
export async function findKey(tx: Tx, keyId: string): Promise<KeyRow | undefined> {
  const row = await tx
    .selectFrom("api_keys")
    .select([
      "key_id",
      "name",
      "role",
      "projects",
      "agent_id",
      "hold_seconds",
      "may_act_for_others",
    ])
    .select(["secret_hash"])
    .select(
      sql<boolean>`revoked_at is not null or coalesce(expires_at <= clock_timestamp(), false)`.as(
        "is_over",
      ),
    )
    .select(
      sql<boolean>`coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)`.as(
        "is_stale",
      ),
    )
    .where("key_id", "=", keyId)
    .executeTakeFirst();
  return row && { ...row, role: row.role as Role };
}

/** Notes that a key was used, at most once a minute over all processes. */
export async function touchKey(tx: Tx, keyId: string): Promise<void> {
  await sql`update api_keys set last_used_at = clock_timestamp()
    where key_id = ${keyId} and coalesce(last_used_at < clock_timestamp() - interval '1 minute', true)`.execute(
    tx,
  );
}

/** The key of a session that has not run out. */
export async function findSession(tx: Tx, hash: Buffer): Promise<string | undefined> {
  const row = await tx
    .selectFrom("sessions")
    .select("key_id")
    .where("session_hash", "=", hash)
    .where("expires_at", ">", sql<string>`clock_timestamp()`)
    .executeTakeFirst();
  return row?.key_id;
}

/** Stores a session, and forgets those that have run out. */
export async function insertSession(
  tx: Tx,
  session: { hash: Buffer; keyId: string; seconds: number },
): Promise<void> {
  await tx
    .deleteFrom("sessions")
    .where("expires_at", "<", sql<string>`clock_timestamp()`)
    .execute();
  await tx
    .insertInto("sessions")
    .values({
      session_hash: session.hash,
      key_id: session.keyId,
      expires_at: sql<string>`clock_timestamp() + make_interval(secs => ${session.seconds})`,
    })
    .execute();
}

/** Ends a session; says whose it was, or undefined when there was none. */
export async function deleteSession(tx: Tx, hash: Buffer): Promise<string | undefined> {
  const row = await tx
    .deleteFrom("sessions")
    .where("session_hash", "=", hash)
    .returning("key_id")
    .executeTakeFirst();
  return row?.key_id;
}

/** The projects the transaction may see, by id; `only` narrows them down. */
export function readProjects(tx: Tx, options: { only?: readonly string[]; limit: number }) {
  const query = tx
    .selectFrom("projects")
    .select(["project_id", "display_name", "migration_mode", "is_active"])
    .orderBy("project_id")
    .limit(options.limit);
  return (options.only ? query.where("project_id", "in", options.only) : query).execute();
}

const LISTED = [
  "key_id",
  "name",
  "role",
  "projects",
  "agent_id",
  "hold_seconds",
  "may_act_for_others",
  "held_by",
  "created_at",
  "created_by",
  "expires_at",
  "revoked_at",
  "last_used_at",
] as const;

/** A key as it is listed. */
export type ListedKey = Pick<Selectable<ApiKeys>, (typeof LISTED)[number]>;

/** A page of the keys the transaction may see and one more, newest first, with how many there are. */
export function listKeys(
  tx: Tx,
  place: Place<TimeAndId>,
): Promise<{ rows: ListedKey[]; total: Total }> {
  const direction = directionOf("desc", place.back);
  const by = [sql`created_at`, sql`key_id`];
  return readCounted<ListedKey>(tx, {
    table: "api_keys",
    page: sql`select ${sql.join(LISTED.map((column) => sql.ref(column)))} from api_keys
      where ${isBeyond(by, direction, place.beyond)} ${inOrder(by, direction)} limit ${place.limit + 1}`,
    order: inOrder(by, direction),
    rowsOf: (limit) => sql`select 1 from api_keys ${limit}`,
  });
}
