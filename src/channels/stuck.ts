import { sql } from "kysely";
import { announce } from "../platform/database/changes.ts";
import type { Database } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";

const BATCH = 500;
/** Longer than all tries of a delivery with their pauses take. */
const STUCK_MINUTES = 60;

/**
 * Gives up messages that are still queued an hour after they were: the job that would have sent them is gone.
 *
 * @returns how many there were
 * @throws AggregateError with those that could not be given up
 */
export async function failStuckMessages(db: Database): Promise<number> {
  const stuck = await db.transaction({ role: "system" }, (tx) =>
    tx
      .selectFrom("outbound_messages")
      .select(["project_id", "message_id"])
      .where("send_status", "=", "queued")
      .where(
        "queued_at",
        "<",
        // Not `clock_timestamp()`, for which an index can't be searched.
        sql<string>`now() - make_interval(mins => ${STUCK_MINUTES})`,
      )
      .orderBy("queued_at")
      .limit(BATCH)
      .execute(),
  );
  await inTurn(stuck, ({ project_id, message_id }) =>
    db.transaction({ role: "app", projects: [project_id] }, async (tx) => {
      await tx
        .updateTable("outbound_messages")
        .set({
          send_status: "failed",
          send_error: sql<string>`coalesce(send_error, 'It was not sent within an hour.')`,
        })
        .where("project_id", "=", project_id)
        .where("message_id", "=", message_id)
        .where("send_status", "=", "queued")
        .execute();
      await announce(tx, { project_id, kind: "message", id: message_id });
    }),
  );
  return stuck.length;
}
