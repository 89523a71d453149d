import { sql } from "kysely";
import type { Changes } from "../platform/database/changes.ts";
import type { Database } from "../platform/database/index.ts";

interface Waiting {
  projectId: string;
  approvalId: string;
  keyId?: string | undefined;
}

/**
 * Waits until nobody can decide about a question any more: woken by the decision's own transaction, and at the question's
 * expiry by the clock, whether or not anything writes that down.
 *
 * @param question.keyId the key whose run has to have asked it; left out for people
 * @param wait.timeoutMs how long to wait at most, in milliseconds
 * @returns `open` when the time ran out or the signal aborted, `not_found` for one that no run of the key has asked
 */
export async function waitForDecision(
  deps: { db: Database; changes: Changes },
  question: Waiting,
  wait: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<"decided" | "open" | "not_found"> {
  // Subscribed before the first look, so that a decision in between is not missed.
  const { woken, stop } = wakeUp(deps.changes, question, wait);
  try {
    for (;;) {
      const pause = woken();
      const found = await look(deps.db, question);
      if (!found) return "not_found";
      if (!found.isOpen) return "decided";
      if ((await pause.atMost(found.leftMs)) === "over") return "open";
    }
  } finally {
    stop();
  }
}

/** How a question stands by the database's clock, and how long it may still be decided about, in milliseconds. */
async function look(
  db: Database,
  { projectId, approvalId, keyId }: Waiting,
): Promise<{ isOpen: boolean; leftMs: number } | undefined> {
  const row = await db.transaction({ role: "app", projects: [projectId] }, (tx) =>
    tx
      .selectFrom("approvals as a")
      .innerJoin("runs as r", (on) =>
        on.onRef("r.project_id", "=", "a.project_id").onRef("r.run_id", "=", "a.run_id"),
      )
      .select([
        "a.status",
        sql<number>`(extract(epoch from a.expires_at - clock_timestamp()) * 1000)::float8`.as(
          "left_ms",
        ),
      ])
      .where("a.project_id", "=", projectId)
      .where("a.approval_id", "=", approvalId)
      .$if(keyId !== undefined, (rows) => rows.where("r.opened_by", "=", keyId ?? ""))
      .executeTakeFirst(),
  );
  return row && { isOpen: row.status === "open" && row.left_ms > 0, leftMs: row.left_ms };
}

/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

interface Pause {
  /** @returns `over` when the wait has ended, `again` when it is time to look again */
  atMost(ms: number): Promise<"again" | "over">;
}

function wakeUp(
  changes: Changes,
  { approvalId }: Pick<Waiting, "approvalId">,
  wait: { timeoutMs: number; signal?: AbortSignal | undefined },
): { woken: () => Pause; stop: () => void } {
  let over = wait.signal?.aborted === true;
  let changed = false;
  let tell: (() => void) | undefined;
  let expiry: NodeJS.Timeout | undefined;
  const end = () => {
    over = true;
    tell?.();
  };
  const wake = () => {
    changed = true;
    tell?.();
  };
  const unsubscribe = changes.subscribe(wake, approvalId);
  const timer = setTimeout(end, wait.timeoutMs);
  wait.signal?.addEventListener("abort", end);
  return {
    woken() {
      changed = false;
      return {
        async atMost(ms) {
          expiry = setTimeout(wake, Math.min(Math.ceil(ms), LONGEST_MS));
          while (!changed && !over) await new Promise<void>((resolve) => (tell = resolve));
          clearTimeout(expiry);
          return over ? "over" : "again";
        },
      };
    },
    stop() {
      clearTimeout(timer);
      clearTimeout(expiry);
      wait.signal?.removeEventListener("abort", end);
      unsubscribe();
    },
  };
}
