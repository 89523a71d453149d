import { exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import { sql } from "kysely";
import { type Actor, appendAudit, PLATFORM_PROJECT } from "../audit/index.ts";
import type { Database, Timestamp, Tx } from "../platform/database/index.ts";
import { jsonb, violates } from "../platform/database/index.ts";
import { isUuid, newId } from "../platform/ids.ts";
import type { Sealer } from "../platform/sealing.ts";

/** Ed25519 (RFC 8037). */
export const ALGORITHM = "EdDSA";

/** The key that signs now. */
interface CurrentKey {
  kid: string;
  key: Awaited<ReturnType<typeof importJWK>>;
}

/** Makes the first signing key unless there is one; of two processes starting together one wins. */
export async function ensureSigningKey(db: Database, sealer: Sealer): Promise<void> {
  await db
    .transaction({ role: "system" }, async (tx) => {
      const current = await tx
        .selectFrom("signing_keys")
        .select("kid")
        .where("retired_at", "is", null)
        .executeTakeFirst();
      if (!current) await insertKey(tx, sealer);
    })
    .catch((error: unknown) => {
      if (!violates(error, "signing_keys_one_current")) throw error;
    });
}

/**
 * Retires the key that signs and puts a new one in its place, in one transaction. What the former has signed still holds:
 * its public half is kept.
 */
export function rotateSigningKey(
  db: Database,
  sealer: Sealer,
  actor: Actor,
): Promise<{ kid: string; retired: string[]; created_at: Timestamp }> {
  return db.transaction({ role: "system" }, async (tx) => {
    // Of two at once the second retires the first one's key: neither fails, and there is always one that signs.
    await sql`select pg_advisory_xact_lock(hashtext('awooop.signing_keys'))`.execute(tx);
    const retired = await tx
      .updateTable("signing_keys")
      .set({ retired_at: sql<string>`clock_timestamp()` })
      .where("retired_at", "is", null)
      .returning("kid")
      .execute();
    const made = await insertKey(tx, sealer);
    const former = retired.map(({ kid }) => kid);
    await appendAudit(tx, {
      projectId: PLATFORM_PROJECT,
      actor,
      action: "signing_key.rotate",
      subject: { kind: "signing_key", id: made.kid },
      details: { retired: former },
    });
    return { ...made, retired: former };
  });
}

async function insertKey(tx: Tx, sealer: Sealer): Promise<{ kid: string; created_at: Timestamp }> {
  const pair = await generateKeyPair(ALGORITHM, { crv: "Ed25519", extractable: true });
  const kid = newId();
  const secret = JSON.stringify(await exportJWK(pair.privateKey));
  const publicHalf = { ...(await exportJWK(pair.publicKey)), kid, alg: ALGORITHM, use: "sig" };
  return tx
    .insertInto("signing_keys")
    .values({
      kid,
      public_jwk: jsonb(publicHalf),
      private_ciphertext: sealer.seal(secret, contextOf(kid)),
    })
    .returning(["kid", "created_at"])
    .executeTakeFirstOrThrow();
}

function contextOf(kid: string): string {
  return `signing_keys/${kid}`;
}

export async function currentKey(tx: Tx, sealer: Sealer): Promise<CurrentKey> {
  const { kid, private_ciphertext } = await tx
    .selectFrom("signing_keys")
    .select(["kid", "private_ciphertext"])
    .where("retired_at", "is", null)
    .executeTakeFirstOrThrow();
  const jwk = JSON.parse(sealer.open(private_ciphertext, contextOf(kid))) as JWK;
  return { kid, key: await importJWK(jwk, ALGORITHM) };
}

/**
 * The public half of the key that something signed names, also of a retired one.
 *
 * @throws Error when there is no such key
 */
export async function publicKey(tx: Tx, kid: string | undefined): Promise<CurrentKey["key"]> {
  // A statement that fails would end the transaction in which the refusal is to be recorded.
  if (kid === undefined || !isUuid(kid)) throw new Error("no such key");
  const { public_jwk } = await tx
    .selectFrom("signing_keys")
    .select("public_jwk")
    .where("kid", "=", kid)
    .executeTakeFirstOrThrow();
  return importJWK(public_jwk as JWK, ALGORITHM);
}

/**
 * The public halves of all keys, newest first, as a JSON Web Key Set (RFC 7517). `iat` is when a key was made and `exp`
 * when it was retired, in seconds: what it has signed in between holds.
 */
export async function readKeySet(tx: Tx): Promise<{ keys: Record<string, unknown>[] }> {
  const rows = await tx
    .selectFrom("signing_keys")
    .select(["public_jwk", "created_at", "retired_at"])
    .orderBy("created_at", "desc")
    .execute();
  const keys = rows.map(({ public_jwk, created_at, retired_at }) => ({
    ...(public_jwk as JWK),
    iat: Math.floor(Date.parse(created_at) / 1_000),
    ...(retired_at === null ? {} : { exp: Math.ceil(Date.parse(retired_at) / 1_000) }),
  }));
  return { keys };
}
