import { sql } from "kysely";
import type { z } from "zod";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { readCounted } from "../platform/database/count.ts";
import type { Tx } from "../platform/database/index.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import { AppError } from "../platform/errors.ts";
import type { Place } from "../platform/http/index.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { secretSchema } from "./contract.ts";

const LISTED = ["project_id", "name", "created_by", "created_at", "updated_at"] as const;

/** Binds a sealed value to its row, so that it can't be moved to another one. */
const contextOf = (projectId: string, name: string) => `secret:${projectId}:${name}`;

/** Stores a secret's value, encrypted, in place of any earlier one. The project must exist. */
export async function putSecret(
  tx: Tx,
  sealer: Sealer,
  secret: { projectId: string; name: string; value: string; actor: Actor },
) {
  const ciphertext = sealer.seal(secret.value, contextOf(secret.projectId, secret.name));
  const row = await tx
    .insertInto("secrets")
    .values({
      project_id: secret.projectId,
      name: secret.name,
      ciphertext,
      created_by: secret.actor.id,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["project_id", "name"])
        .doUpdateSet((set) => ({ ciphertext, updated_at: set.fn("clock_timestamp") })),
    )
    .returning(LISTED)
    .executeTakeFirstOrThrow();
  await record(tx, "secret.put", secret);
  return row;
}

/**
 * A secret's value.
 *
 * @throws AppError E-SECRET-MISSING when the project has none of this name, or it can't be decrypted any more
 */
export async function readSecret(
  tx: Tx,
  sealer: Sealer,
  projectId: string,
  name: string,
): Promise<string> {
  const row = await tx
    .selectFrom("secrets")
    .select("ciphertext")
    .where("project_id", "=", projectId)
    .where("name", "=", name)
    .executeTakeFirst();
  if (!row) {
    throw new AppError(
      "E-SECRET-MISSING",
      `The project "${projectId}" has no secret "${name}"; an admin can store it.`,
    );
  }
  try {
    return sealer.open(row.ciphertext, contextOf(projectId, name));
  } catch (cause) {
    throw new AppError(
      "E-SECRET-MISSING",
      `The secret "${name}" of the project "${projectId}" can't be decrypted: AWOOOP_SECRET_KEY no longer lists the key it was stored under. Add that key to the list, or store the secret again.`,
      { cause },
    );
  }
}

/** Deletes a secret; false when there was none. */
export async function deleteSecret(
  tx: Tx,
  secret: { projectId: string; name: string; actor: Actor },
): Promise<boolean> {
  const row = await tx
    .deleteFrom("secrets")
    .where("project_id", "=", secret.projectId)
    .where("name", "=", secret.name)
    .returning("name")
    .executeTakeFirst();
  if (row) await record(tx, "secret.delete", secret);
  return row !== undefined;
}

/** A page of a project's secrets and one more, by name, with how many there are; never their values. */
export function listSecrets(tx: Tx, projectId: string, place: Place<[name: string]>) {
  const direction = directionOf("asc", place.back);
  const by = [sql`name`];
  const ofProject = sql`secrets where project_id = ${projectId}`;
  return readCounted<z.infer<typeof secretSchema>>(tx, {
    table: "secrets",
    page: sql`select ${sql.join(LISTED.map((column) => sql.ref(column)))} from ${ofProject}
      and ${isBeyond(by, direction, place.beyond)} ${inOrder(by, direction)} limit ${place.limit + 1}`,
    order: inOrder(by, direction),
    rowsOf: (limit) => sql`select 1 from ${ofProject} ${limit}`,
  });
}

async function record(
  tx: Tx,
  action: "secret.put" | "secret.delete",
  secret: { projectId: string; name: string; actor: Actor },
): Promise<void> {
  await appendAudit(tx, {
    projectId: secret.projectId,
    actor: secret.actor,
    action,
    subject: { kind: "secret", id: secret.name },
  });
  await announce(tx, { project_id: secret.projectId, kind: "secret", id: secret.name });
}
