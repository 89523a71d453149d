import { sql } from "kysely";
import type { Database } from "../platform/database/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import type { Jobs } from "../platform/jobs/index.ts";

const BATCH = 500;
/** How long after a message is due its job counts as gone. */
const OVERDUE_SECONDS = 15;
const overdue = sql<string>`now() - make_interval(secs => ${OVERDUE_SECONDS})`;

/**
 * Sends again the jobs of messages that are due and have not been tried: theirs are gone, or the worker that tried to send
 * them is. They are given up by no sweep, only after tries.
 *
 * @returns how many there were
 * @throws AggregateError with those for which no job could be sent
 */
export async function wakeQueuedMessages(db: Database, jobs: Pick<Jobs, "send">): Promise<number> {
  const found = await db.transaction({ role: "system" }, (tx) =>
    tx
      .selectFrom("outbound_messages")
      .select(["project_id", "message_id"])
      .where("send_status", "=", "queued")
      // Not `clock_timestamp()`, for which an index can't be searched.
      .where("next_attempt_at", "<", overdue)
      .orderBy("next_attempt_at")
      .limit(BATCH)
      .execute(),
  );
  await inTurn(found, ({ project_id, message_id }) =>
    db.transaction({ role: "app", projects: [project_id] }, async (tx) => {
      // Overdue anew only after as long again: a queue of jobs that is worked off slowly gets no longer by this.
      const { numUpdatedRows } = await tx
        .updateTable("outbound_messages")
        .set({ next_attempt_at: sql<string>`now()` })
        .where("project_id", "=", project_id)
        .where("message_id", "=", message_id)
        .where("send_status", "=", "queued")
        .where("next_attempt_at", "<", overdue)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await jobs.send(tx, "message.deliver", { project_id, message_id });
    }),
  );
  return found.length;
}
