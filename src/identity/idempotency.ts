import { sql } from "kysely";
import { canonicalHash } from "../platform/canonical.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";

/** A request that may come again: whose it is, the header's value, and all that makes it this request. */
export interface Repeatable {
  projectId: string;
  /** The key the request came with. */
  keyId: string;
  /** The header's value; without one nothing is remembered. */
  idempotencyKey: string | undefined;
  request: unknown;
}

/**
 * Acts once for an Idempotency-Key: a repeat gets the first answer, also one that comes while the first is under way.
 *
 * @param act its answer must be plain JSON; all it writes is in the same transaction
 * @throws AppError E-IDEMPOTENCY when the key came with another request before
 */
export async function answerOnce<T>(tx: Tx, of: Repeatable, act: () => Promise<T>): Promise<T> {
  const { projectId, keyId, idempotencyKey } = of;
  if (idempotencyKey === undefined) return act();
  const name = JSON.stringify(["idempotency", projectId, keyId, idempotencyKey]);
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx);
  const request_hash = canonicalHash(of.request);
  const first = await tx
    .selectFrom("idempotency_keys")
    .select(["request_hash", "response"])
    .where("project_id", "=", projectId)
    .where("actor_id", "=", keyId)
    .where("key", "=", idempotencyKey)
    .executeTakeFirst();
  if (first?.request_hash === request_hash) return first.response as T;
  if (first) {
    const words = "This Idempotency-Key came with another request before; use a new one.";
    throw new AppError("E-IDEMPOTENCY", words);
  }
  const answer = await act();
  await tx
    .insertInto("idempotency_keys")
    .values({
      project_id: projectId,
      actor_id: keyId,
      key: idempotencyKey,
      request_hash,
      response: jsonb(answer),
    })
    .execute();
  return answer;
}
