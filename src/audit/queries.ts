import { type RawBuilder, sql } from "kysely";
import type { Total } from "../platform/database/count.ts";
import type { Tx } from "../platform/database/index.ts";
import { type List, readList } from "../platform/database/list.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import type { AuditListQuery, AuditLogEntry } from "./contract.ts";

/**
 * A page of the audit log and one entry more, newest first, with how many there are.
 *
 * @param projects those it looks into, as a table `p`; the transaction's role hides what the caller may not see
 */
export function listAudit(
  tx: Tx,
  projects: RawBuilder<unknown>,
  query: AuditListQuery,
  place: Place<TimeAndId>,
): Promise<{ rows: AuditLogEntry[]; total: Total }> {
  const list: List = {
    table: "audit_log",
    projects,
    columns: sql`a.audit_id, a.project_id, a.at, json_build_object('kind', a.actor_kind, 'id', a.actor_id) as actor,
      a.action, json_build_object('kind', a.subject_kind, 'id', a.subject_id) as target, a.details,
      e.content as private, encode(a.private_hash, 'hex') as private_hash,
      a.private_hash is not null and e.content is null as is_erased`,
    from: sql`audit_log a left join audit_private e on e.project_id = a.project_id and e.audit_id = a.audit_id
      where a.project_id = p.project_id and ${filters(query)}`,
    by: { at: sql`a.at`, audit_id: sql`a.audit_id` },
    order: "desc",
  };
  return readList<AuditLogEntry>(tx, list, place);
}

function filters(query: AuditListQuery): RawBuilder<unknown> {
  const { actor, action, target, created_after, created_before } = query;
  const parts = [sql`true`];
  if (actor !== undefined) parts.push(sql`a.actor_id = ${actor}`);
  if (action !== undefined) parts.push(sql`a.action = ${action}`);
  if (target !== undefined) parts.push(sql`a.subject_id = ${target}`);
  if (created_after !== undefined) parts.push(sql`a.at >= ${created_after}::timestamptz`);
  if (created_before !== undefined) parts.push(sql`a.at < ${created_before}::timestamptz`);
  return sql.join(parts, sql` and `);
}
