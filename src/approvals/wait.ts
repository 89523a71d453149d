import { sql } from "kysely";
import type { Change, Changes } from "../platform/database/changes.ts";
import type { Database } from "../platform/database/index.ts";
import type { WhyVoid } from "./void.ts";

interface WaitDeps {
  db: Database;
  changes: Changes;
  whyVoid: WhyVoid;
}

interface Waiting {
  projectId: string;
  approvalId: string;
  keyId?: string | undefined;
}

/**
 * Waits until nobody can decide about a question any more: woken by the decision's own transaction, by what makes the
 * question void, and at its expiry by the clock, whether or not anything writes that down.
 *
 * @param question.keyId the key whose run has to have asked it; left out for people
 * @param wait.timeoutMs how long to wait at most, in milliseconds
 * @returns `open` when the time ran out or the signal aborted, `not_found` for one that no run of the key has asked
 */
export async function waitForDecision(
  deps: WaitDeps,
  question: Waiting,
  wait: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<"decided" | "open" | "not_found"> {
  // Subscribed before the first look, so that a decision in between is not missed.
  const { woken, alsoBy, stop } = wakeUp(deps.changes, question, wait);
  let isAll = false;
  try {
    for (;;) {
      const pause = woken();
      const found = await look(deps, question);
      if (!found) return "not_found";
      if (!found.isOpen) return "decided";
      if (!isAll) {
        isAll = true;
        // What makes it void need not have been written into it yet.
        alsoBy("tool", found.server);
        alsoBy("contract", found.agent_id);
        continue;
      }
      if ((await pause.atMost(found.leftMs)) === "over") return "open";
    }
  } finally {
    stop();
  }
}

/** How a question stands by the database's clock, and how long it may still be decided about, in milliseconds. */
async function look({ db, whyVoid }: WaitDeps, { projectId, approvalId, keyId }: Waiting) {
  return db.transaction({ role: "app", projects: [projectId] }, async (tx) => {
    const row = await tx
      .selectFrom("approvals as a")
      .innerJoin("runs as r", (on) =>
        on.onRef("r.project_id", "=", "a.project_id").onRef("r.run_id", "=", "a.run_id"),
      )
      .select([
        "a.status",
        "a.project_id",
        "a.agent_id",
        "a.revision_id",
        "a.server",
        "a.tool_name",
        sql<number>`(extract(epoch from a.expires_at - clock_timestamp()) * 1000)::float8`.as(
          "left_ms",
        ),
      ])
      .where("a.project_id", "=", projectId)
      .where("a.approval_id", "=", approvalId)
      .$if(keyId !== undefined, (rows) => rows.where("r.opened_by", "=", keyId ?? ""))
      .executeTakeFirst();
    if (!row) return undefined;
    const isUnanswered = row.status === "open" && row.left_ms > 0;
    const isOpen = isUnanswered && (await whyVoid(tx, row)) === undefined;
    return { ...row, isOpen, leftMs: row.left_ms };
  });
}

/** The longest that a timer can wait. */
const LONGEST_MS = 2 ** 31 - 1;

interface Pause {
  /** @returns `over` when the wait has ended, `again` when it is time to look again */
  atMost(ms: number): Promise<"again" | "over">;
}

function wakeUp(
  changes: Changes,
  { projectId, approvalId }: Waiting,
  wait: { timeoutMs: number; signal?: AbortSignal | undefined },
): { woken: () => Pause; alsoBy: (kind: Change["kind"], id: string) => void; stop: () => void } {
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
  const subscriptions = [changes.subscribe(wake, approvalId)];
  const timer = setTimeout(end, wait.timeoutMs);
  wait.signal?.addEventListener("abort", end);
  return {
    alsoBy(kind, id) {
      const hear = (change: Change | undefined) => {
        if (!change || (change.kind === kind && change.project_id === projectId)) wake();
      };
      subscriptions.push(changes.subscribe(hear, id));
    },
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
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}
