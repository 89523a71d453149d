import { sql } from "kysely";
import { canonicalHash } from "../platform/canonical.ts";
import { fixedQuery } from "../platform/database/fixed-query.ts";
import { jsonb, jsonbText, type Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";

export { type AuditListQuery, auditListAnswer, auditListQuery } from "./contract.ts";
export { listAudit } from "./queries.ts";

/** Who did something: a key's holder, a worker, the system itself. */
export interface Actor {
  kind: "key" | "worker" | "system" | "agent";
  /** Stable name, shown to people: the key's name, the worker's id, `sweeper`. */
  id: string;
}

/** The server acting on its own, with the part of it that acts. */
export function systemActor(part: string): Actor {
  return { kind: "system", id: part };
}

/** The project of what belongs to no tenant. */
export const PLATFORM_PROJECT = "_platform";

export interface AuditEntry {
  projectId: string;
  actor: Actor;
  /** Dotted, past any doubt: `run.approval.approve`, `contract.activate`. */
  action: string;
  subject: { kind: string; id: string };
  /** Facts without free text and personal data: those can't be erased. */
  details?: Record<string, unknown>;
  /** Free text and personal data; kept in an erasable side row of which the log holds only the hash. */
  private?: Record<string, unknown>;
}

/** One text for any number of entries, so that it is planned once. */
const appendQuery = fixedQuery<{ entries: string }, unknown>(
  (
    slot,
  ) => sql`insert into audit_log (audit_id, project_id, actor_kind, actor_id, action, subject_kind, subject_id, details,
      private_hash)
    select audit_id, project_id, actor_kind, actor_id, action, subject_kind, subject_id, details, decode(private_hash, 'hex')
    from jsonb_to_recordset(${slot("entries")}::jsonb) as r (audit_id uuid, project_id text, actor_kind text, actor_id text,
      action text, subject_kind text, subject_id text, details jsonb, private_hash text)`,
);

/** Appends to the audit log as part of the caller's transaction. */
export async function appendAudit(
  tx: Tx,
  entries: AuditEntry | readonly AuditEntry[],
): Promise<void> {
  const all = [entries].flat().map((entry) => ({ id: newId(), ...entry }));
  if (all.length === 0) return;
  const rows = all.map((entry) => ({
    audit_id: entry.id,
    project_id: entry.projectId,
    actor_kind: entry.actor.kind,
    actor_id: entry.actor.id,
    action: entry.action,
    subject_kind: entry.subject.kind,
    subject_id: entry.subject.id,
    details: entry.details ?? {},
    private_hash: entry.private ? canonicalHash(entry.private) : null,
  }));
  await appendQuery(tx, { entries: jsonbText(rows) });
  const erasable = all.filter((entry) => entry.private);
  if (erasable.length === 0) return;
  await tx
    .insertInto("audit_private")
    .values(
      erasable.map((entry) => ({
        audit_id: entry.id,
        project_id: entry.projectId,
        content: jsonb(entry.private),
      })),
    )
    .execute();
}
