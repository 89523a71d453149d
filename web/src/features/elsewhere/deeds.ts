import type { AuditLogEntry } from "../audit/queries.ts";

const KINDS = {
  "run.approval.approve": "approve",
  "run.approval.edit": "edit",
  "run.approval.reject": "reject",
  "run.approval.request_changes": "request_changes",
  "run.cancel": "cancel",
  "freeze.set": "freeze",
  "freeze.lift": "lift",
} as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

/** What somebody else has done, told once however often they did it; the texts are under `elsewhere` in the locales. */
export interface Deed {
  kind: Kind;
  who: string;
  count: number;
  /** The run it was done to, where it was one. */
  run: { projectId: string; runId: string } | null;
}

const kindOf = (action: string): Kind | undefined => KINDS[action as keyof typeof KINDS];

/**
 * What people have done that somebody who looks on wants to hear of, by each and by what it was.
 *
 * @param entries of the audit log
 * @param me whose own deeds are left out
 */
export function deedsIn(entries: readonly AuditLogEntry[], me: string): Deed[] {
  const others = entries.filter(({ actor }) => actor.kind === "key" && actor.id !== me);
  // A run that is cancelled by a refusal is told of by that.
  const refused = new Set(
    others.filter(({ action }) => action === "run.approval.reject").map(({ target }) => target.id),
  );
  const deeds = others.flatMap((entry): Deed[] => {
    const kind = kindOf(entry.action);
    if (!kind || (kind === "cancel" && refused.has(entry.target.id))) return [];
    const run =
      entry.target.kind === "run" ? { projectId: entry.project_id, runId: entry.target.id } : null;
    return [{ kind, who: entry.actor.id, count: 1, run }];
  });
  return together([], deeds);
}

/** Those that are told of already, with what is new; the same by the same person is counted together. */
export function together(told: readonly Deed[], news: readonly Deed[]): Deed[] {
  const all = new Map(told.map((deed) => [keyOf(deed), deed]));
  for (const deed of news) {
    const before = all.get(keyOf(deed));
    all.set(
      keyOf(deed),
      before ? { ...before, count: before.count + deed.count, run: null } : deed,
    );
  }
  return [...all.values()];
}

export const keyOf = ({ kind, who }: Deed): string => `${kind} ${who}`;
