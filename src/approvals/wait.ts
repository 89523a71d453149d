import type { Changes } from "../platform/database/changes.ts";
import type { Database } from "../platform/database/index.ts";

/**
 * Waits until a question is no longer open, woken by the decision's own transaction.
 *
 * @param wait.timeoutMs how long to wait at most, in milliseconds
 * @returns `open` when the time ran out or the signal aborted, `not_found` for one that no run of the key has asked
 */
export async function waitForDecision(
  deps: { db: Database; changes: Changes },
  question: { projectId: string; approvalId: string; keyId: string },
  wait: { timeoutMs: number; signal?: AbortSignal | undefined },
): Promise<"decided" | "open" | "not_found"> {
  const { projectId, approvalId, keyId } = question;
  const look = () =>
    deps.db.transaction({ role: "app", projects: [projectId] }, (tx) =>
      tx
        .selectFrom("approvals as a")
        .innerJoin("runs as r", (on) =>
          on.onRef("r.project_id", "=", "a.project_id").onRef("r.run_id", "=", "a.run_id"),
        )
        .select("a.status")
        .where("a.project_id", "=", projectId)
        .where("a.approval_id", "=", approvalId)
        .where("r.opened_by", "=", keyId)
        .executeTakeFirst(),
    );
  // Subscribed before the first look, so that a decision in between is not missed.
  const { woken, stop } = wakeUp(deps.changes, approvalId, wait);
  try {
    for (;;) {
      const pause = woken();
      const row = await look();
      if (!row) return "not_found";
      if (row.status !== "open") return "decided";
      if ((await pause) === "over") return "open";
    }
  } finally {
    stop();
  }
}

function wakeUp(
  changes: Changes,
  approvalId: string,
  wait: { timeoutMs: number; signal?: AbortSignal | undefined },
): { woken: () => Promise<"changed" | "over">; stop: () => void } {
  let over = wait.signal?.aborted === true;
  let changed = false;
  let tell: ((why: "changed" | "over") => void) | undefined;
  const end = () => {
    over = true;
    tell?.("over");
  };
  const unsubscribe = changes.subscribe((change) => {
    if (change !== undefined && change.id !== approvalId) return;
    changed = true;
    tell?.("changed");
  });
  const timer = setTimeout(end, wait.timeoutMs);
  wait.signal?.addEventListener("abort", end);
  return {
    woken() {
      changed = false;
      return new Promise((resolve) => {
        tell = resolve;
        if (over) resolve("over");
        else if (changed) resolve("changed");
      });
    },
    stop() {
      clearTimeout(timer);
      wait.signal?.removeEventListener("abort", end);
      unsubscribe();
    },
  };
}
