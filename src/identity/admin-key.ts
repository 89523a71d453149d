import { sql } from "kysely";
import { appendAudit, PLATFORM_PROJECT, systemActor } from "../audit/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { hashOf, keyIdOf, matches, newKey } from "./keys.ts";

const LOCK_ID = 4_600_202;
/** No person's key may have a name that starts like these. */
const GIVEN = "system:configuration";
const MADE = "system:start";

/**
 * Sees to it that somebody can sign in. A key given by the configuration exists afterwards as a platform admin, and
 * one that an earlier configuration gave is revoked. Without one, the very first start makes a key and answers it, to
 * be shown once; every later start answers undefined. Safe when several processes start together.
 *
 * @throws AppError E-CONFIG when the given key has another form, belongs to somebody else, or was revoked: a restart
 * must not bring back what somebody took away
 */
export async function ensureAdminKey(
  db: Database,
  given: string | undefined,
): Promise<string | undefined> {
  return db.transaction({ role: "system" }, async (tx) => {
    await sql`select pg_advisory_xact_lock(${LOCK_ID})`.execute(tx);
    if (given !== undefined) {
      await takeGiven(tx, given);
      return undefined;
    }
    const any = await tx.selectFrom("api_keys").select("key_id").limit(1).executeTakeFirst();
    if (any) return undefined;
    const { keyId, key } = newKey();
    await insertAdmin(tx, { keyId, key, by: MADE });
    return key;
  });
}

async function takeGiven(tx: Tx, key: string): Promise<void> {
  const keyId = keyIdOf(key);
  if (keyId === undefined) {
    throw new AppError(
      "E-CONFIG",
      "AWOOOP_ADMIN_KEY: must look like awp_<id>_<secret>, the id 4 to 32 lower-case letters and digits, the secret 32 to 200 letters, digits, - and _, for example awp_admin1_ and the output of `openssl rand -hex 32`.",
    );
  }
  const found = await tx
    .selectFrom("api_keys")
    .select(["secret_hash", "role", "projects", "revoked_at"])
    .where("key_id", "=", keyId)
    .executeTakeFirst();
  if (!found) await insertAdmin(tx, { keyId, key, by: GIVEN });
  else if (found.revoked_at !== null) {
    throw new AppError(
      "E-CONFIG",
      `AWOOOP_ADMIN_KEY: the key with the id ${keyId} was revoked; give one with another id.`,
    );
  } else if (
    !matches(key, found.secret_hash) ||
    found.role !== "admin" ||
    found.projects !== null
  ) {
    throw new AppError(
      "E-CONFIG",
      `AWOOOP_ADMIN_KEY: the id ${keyId} belongs to another key; give one with another id.`,
    );
  }
  await revokeEarlier(tx, keyId);
}

async function revokeEarlier(tx: Tx, keyId: string): Promise<void> {
  const revoked = await tx
    .updateTable("api_keys")
    .set((set) => ({ revoked_at: set.fn("clock_timestamp") }))
    .where("created_by", "=", GIVEN)
    .where("key_id", "<>", keyId)
    .where("revoked_at", "is", null)
    .returning("key_id")
    .execute();
  for (const row of revoked) await record(tx, "key.revoke", row.key_id);
}

async function insertAdmin(
  tx: Tx,
  admin: { keyId: string; key: string; by: string },
): Promise<void> {
  await tx
    .insertInto("api_keys")
    .values({
      key_id: admin.keyId,
      name: "admin",
      role: "admin",
      projects: null,
      secret_hash: hashOf(admin.key),
      created_by: admin.by,
    })
    .execute();
  await record(tx, "key.create", admin.keyId);
}

function record(tx: Tx, action: "key.create" | "key.revoke", keyId: string): Promise<void> {
  return appendAudit(tx, {
    projectId: PLATFORM_PROJECT,
    actor: systemActor("start"),
    action,
    subject: { kind: "key", id: keyId },
    details: { role: "admin", project_ids: null },
  });
}
