import type { Approval } from "../../app/api.ts";

export interface InboxEntry {
  approval: Approval;
  /** No longer open: decided here or elsewhere, expired, or its run ended. */
  closed: boolean;
}

/**
 * Brings a fresh list into the one that is shown without moving anything: what was there keeps its
 * place, closed or not; what is new comes after it.
 */
export function mergeInbox(shown: readonly InboxEntry[], open: readonly Approval[]): InboxEntry[] {
  const fresh = new Map(open.map((approval) => [approval.approval_id, approval]));
  const kept = shown.map((entry): InboxEntry => {
    const now = fresh.get(entry.approval.approval_id);
    fresh.delete(entry.approval.approval_id);
    return now ? { approval: now, closed: false } : { approval: entry.approval, closed: true };
  });
  return [...kept, ...[...fresh.values()].map((approval) => ({ approval, closed: false }))];
}

/** The open question after the one that was just answered; around the end to the first. */
export function nextOpen(entries: readonly InboxEntry[], after: string): InboxEntry | undefined {
  const at = entries.findIndex((entry) => entry.approval.approval_id === after);
  const around = [...entries.slice(at + 1), ...entries.slice(0, Math.max(0, at))];
  return around.find((entry) => !entry.closed);
}

export interface Standing {
  actor: string;
  decision: string;
  reason: string | null;
  at: string | null;
}

/** The decision that stands, from the body of a 409; null when the run simply does not wait. */
export function standingOf(body: Record<string, unknown>): Standing | null {
  const standing = body.standing;
  if (typeof standing !== "object" || standing === null) return null;
  const read = (key: string) => {
    const value = (standing as Record<string, unknown>)[key];
    return typeof value === "string" && value !== "" ? value : null;
  };
  return {
    actor: read("actor") ?? "?",
    decision: read("decision") ?? "",
    reason: read("reason"),
    at: read("at"),
  };
}
