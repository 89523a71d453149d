import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { type List, readList } from "../platform/database/list.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import { newId } from "../platform/ids.ts";
import type { Caller } from "./caller.ts";
import type {
  Delegation,
  DelegationListQuery,
  Member,
  MemberListQuery,
  MemberRole,
  NewDelegation,
} from "./member-contract.ts";
import { projectsTable } from "./projects-table.ts";

const COLUMNS = [
  "project_id",
  "member_id",
  "display_name",
  "role",
  "groups",
  "is_active",
  "created_at",
  "created_by",
] as const;

/** One member of a project; `lock` keeps them as they are until the transaction ends. */
export async function readMember(
  tx: Tx,
  projectId: string,
  memberId: string,
  lock = false,
): Promise<Member | undefined> {
  const query = tx
    .selectFrom("members")
    .select(COLUMNS)
    .where("project_id", "=", projectId)
    .where("member_id", "=", memberId);
  const row = await (lock ? query.forUpdate() : query).executeTakeFirst();
  return row && { ...row, role: row.role as MemberRole };
}

/** @returns the member, or undefined where there is one of that id already */
export async function insertMember(
  tx: Tx,
  member: Omit<Member, "created_at" | "is_active">,
): Promise<Member | undefined> {
  const row = await tx
    .insertInto("members")
    .values(member)
    .onConflict((conflict) => conflict.columns(["project_id", "member_id"]).doNothing())
    .returning(COLUMNS)
    .executeTakeFirst();
  return row && { ...row, role: row.role as MemberRole };
}

/** Writes what is to be different about a member. */
export async function updateMember(
  tx: Tx,
  { project_id, member_id }: Pick<Member, "project_id" | "member_id">,
  changes: Partial<Pick<Member, "display_name" | "role" | "groups" | "is_active">>,
): Promise<void> {
  await tx
    .updateTable("members")
    .set(changes)
    .where("project_id", "=", project_id)
    .where("member_id", "=", member_id)
    .execute();
}

/** What a cursor of the members holds. */
export type MemberPosition = [memberId: string, projectId: string];

/** A page of the members the transaction may see and one more, by id, with how many there are. */
export function listMembers(
  tx: Tx,
  caller: Caller,
  { project_id, group, is_active }: MemberListQuery,
  place: Place<MemberPosition>,
) {
  const list: List = {
    table: "members",
    projects: projectsTable(caller, project_id),
    columns: sql.join(COLUMNS.map((column) => sql.ref(`m.${column}`))),
    from: sql`members m where m.project_id = p.project_id
      and ${group === undefined ? sql`true` : sql`${group} = any (m.groups)`}
      and ${is_active === undefined ? sql`true` : sql`m.is_active = ${is_active === "true"}`}`,
    by: { member_id: sql`m.member_id`, project_id: sql`m.project_id` },
    order: "asc",
  };
  return readList<Member>(tx, list, place);
}

const isStanding = sql<boolean>`(d.revoked_at is null and d.ends_at > clock_timestamp())`;
const DELEGATION = sql`d.delegation_id, d.project_id, d.delegated_by, d.delegated_to, d.group_name as group, d.created_at,
  d.created_by, d.ends_at, d.revoked_at, d.revoked_by, ${isStanding} as is_standing`;

/** A page of the delegations the transaction may see and one more, newest first, with how many there are. */
export function listDelegations(
  tx: Tx,
  caller: Caller,
  { project_id, standing }: DelegationListQuery,
  place: Place<TimeAndId>,
) {
  const list: List = {
    table: "delegations",
    projects: projectsTable(caller, project_id),
    columns: DELEGATION,
    from: sql`delegations d where d.project_id = p.project_id
      and ${standing === undefined ? sql`true` : sql`${isStanding} = ${standing === "true"}`}`,
    by: { created_at: sql`d.created_at`, delegation_id: sql`d.delegation_id` },
    order: "desc",
  };
  return readList<Delegation>(tx, list, place);
}

/** @throws the driver's error 23514 where it would end before now, or in more than 90 days */
export async function insertDelegation(
  tx: Tx,
  given: NewDelegation & { delegated_by: string },
  createdBy: string,
): Promise<Delegation> {
  const delegationId = newId();
  const { rows } = await sql<Delegation>`
    with d as (
      insert into delegations (project_id, delegation_id, delegated_by, delegated_to, group_name, ends_at, created_by)
      values (${given.project_id}, ${delegationId}, ${given.delegated_by}, ${given.delegated_to}, ${given.group ?? null},
        ${given.ends_at}, ${createdBy})
      returning *
    ) select ${DELEGATION} from d`.execute(tx);
  const [row] = rows;
  if (!row) throw new Error("the delegation was not written");
  return row;
}

/** One delegation, locked. */
export async function lockDelegation(
  tx: Tx,
  delegationId: string,
): Promise<Delegation | undefined> {
  const { rows } = await sql<Delegation>`
    select ${DELEGATION} from delegations d where d.delegation_id = ${delegationId} for update`.execute(
    tx,
  );
  return rows[0];
}

/** Ends a delegation now. */
export async function endDelegation(tx: Tx, of: Delegation, by: string): Promise<void> {
  await tx
    .updateTable("delegations")
    .set((set) => ({ revoked_at: set.fn("clock_timestamp"), revoked_by: by }))
    .where("project_id", "=", of.project_id)
    .where("delegation_id", "=", of.delegation_id)
    .execute();
}
