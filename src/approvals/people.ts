import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import type { ApproverRule, Lent, People, Person } from "./approvers.ts";
import type { ApprovalRow } from "./queries.ts";

/** What a question demands, out of its row. */
export function ruleOf(
  row: Pick<
    ApprovalRow,
    | ("approver_group" | "quorum" | "two_person" | "editor_counts" | "requested_by")
    | ("contract_author" | "edited_by" | "escalated_groups")
  >,
): ApproverRule {
  return {
    groups: row.approver_group === null ? null : [row.approver_group, ...row.escalated_groups],
    quorum: row.quorum,
    twoPerson: row.two_person,
    editorCounts: row.editor_counts,
    requestedBy: row.requested_by,
    contractAuthor: row.contract_author,
    editedBy: row.edited_by,
  };
}

const PERSON = sql`jsonb_build_object('member_id', m.member_id, 'role', m.role, 'groups', m.groups, 'is_active', m.is_active)`;
const LENT = sql`jsonb_build_object('delegation_id', d.delegation_id, 'delegated_by', d.delegated_by,
  'delegated_to', d.delegated_to, 'group_name', d.group_name)`;
const STANDS = sql`d.revoked_at is null and d.ends_at > clock_timestamp()`;

interface Found {
  deciders: number;
  members: Person[];
  lent: Lent[];
}

const peopleOf = ({ deciders, members, lent }: Found): People => ({
  deciders,
  members: new Map(members.map((member) => [member.member_id, member])),
  lent,
});

/**
 * The people of a project as far as somebody's decision has to know them. They stay so until the transaction ends: whoever
 * changes them waits for it, and it waits for them.
 */
export async function holdPeople(tx: Tx, projectId: string, actorId: string): Promise<People> {
  const held = sql`select awooop_hold_people(${projectId})`.execute(tx);
  const found = sql<Found>`
    select (select count(*)::int from (select from members where project_id = ${projectId} and is_active
        and role <> 'viewer' limit 2) deciders) as deciders,
      coalesce((select jsonb_agg(${PERSON}) from members m where m.project_id = ${projectId}
        and (m.member_id = ${actorId} or m.member_id in (select d.delegated_by from delegations d
          where d.project_id = ${projectId} and d.delegated_to = ${actorId} and ${STANDS}))), '[]') as members,
      coalesce((select jsonb_agg(${LENT} order by d.delegation_id) from delegations d
        where d.project_id = ${projectId} and d.delegated_to = ${actorId} and ${STANDS}), '[]') as lent`.execute(
    tx,
  );
  // Both are on their way before the first is answered.
  const [, { rows }] = await Promise.all([held, found]);
  const [row] = rows;
  if (!row) throw new Error("nothing was read of the project's people");
  return peopleOf(row);
}

const MOST = 1_000;

/** The people of projects: of each the first 1,000 members, and what they have lent to each other. */
export async function readPeople(
  tx: Tx,
  projects: readonly string[],
): Promise<ReadonlyMap<string, People>> {
  const { rows } = await sql<Found & { project_id: string }>`
    select p.project_id, people.members, lent.lent,
      (select count(*)::int from (select from members where project_id = p.project_id and is_active
        and role <> 'viewer' limit 2) deciders) as deciders
    from unnest(${[...new Set(projects)]}::text[]) as p(project_id)
    cross join lateral (select coalesce(jsonb_agg(${PERSON}), '[]') as members from (
      select * from members where project_id = p.project_id order by member_id limit ${MOST}) m) people
    cross join lateral (select coalesce(jsonb_agg(${LENT} order by d.delegation_id), '[]') as lent from (
      select * from delegations d where d.project_id = p.project_id and ${STANDS} limit ${MOST}) d) lent`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.project_id, peopleOf(row)]));
}
