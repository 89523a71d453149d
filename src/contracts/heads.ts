import { type SqlBool, sql } from "kysely";
import { type Caller, sees } from "../identity/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";
import { changesIn, type PermissionChange } from "./change-contract.ts";
import type { RevisionDetail, RevisionHead, RevisionTransition } from "./lifecycle-contract.ts";
import { versionText } from "./versions.ts";

export type Language = "en" | "zh-TW";

const MOST_TRANSITIONS = 100;

const HEAD = [
  "r.revision_id",
  "r.contract_id",
  "r.contract_family",
  "r.lifecycle_status",
  "r.body_hash",
  "r.version_major",
  "r.version_minor",
  "r.created_at",
  "r.project_id",
  "r.created_by",
  "r.base_revision_id",
  "r.change_level",
  "r.change_reasons",
] as const;

/** Whether someone approved the revision who may: where the project asks for a second person, not its author. */
const isApproved = sql<SqlBool>`exists (select from contract_transitions t
  where t.project_id = r.project_id and t.revision_id = r.revision_id and t.event = 'approve'
    and (not p.separate_approver or t.actor_id <> r.created_by))`;

/**
 * Finds a revision by its id alone, in whatever project the caller's key opens.
 *
 * @throws AppError E-NOT-FOUND, in the same words for a revision that does not exist and one of another tenant
 */
export async function findHead(
  tx: Tx,
  caller: Caller,
  revisionId: string,
  language: Language,
): Promise<RevisionHead> {
  const row = await tx
    .selectFrom("contract_revisions as r")
    .innerJoin("projects as p", "p.project_id", "r.project_id")
    .select([...HEAD, isApproved.as("is_approved")])
    .where("r.revision_id", "=", revisionId)
    .executeTakeFirst();
  if (!row || !sees(caller, row.project_id)) {
    throw new AppError("E-NOT-FOUND", `There is no contract revision ${revisionId}.`);
  }
  return {
    ...row,
    version: versionText(row),
    change_reasons: changesIn(row.change_reasons as unknown as PermissionChange[], language),
  } as RevisionHead;
}

/** As `findHead`, with the body. */
export async function findHeadAndBody(
  tx: Tx,
  caller: Caller,
  revisionId: string,
  language: Language,
): Promise<{ head: RevisionHead; body: unknown }> {
  const head = await findHead(tx, caller, revisionId, language);
  const { body } = await tx
    .selectFrom("contract_revisions")
    .select("body")
    .where("project_id", "=", head.project_id)
    .where("revision_id", "=", revisionId)
    .executeTakeFirstOrThrow();
  return { head, body };
}

/** As `findHead`, with the body and the last 100 transitions. */
export async function findDetail(
  tx: Tx,
  caller: Caller,
  revisionId: string,
  language: Language,
): Promise<RevisionDetail> {
  const { head, body } = await findHeadAndBody(tx, caller, revisionId, language);
  const newest = await tx
    .selectFrom("contract_transitions")
    .select(["event", "from_status", "to_status", "actor_kind", "actor_id", "reason", "at"])
    .where("project_id", "=", head.project_id)
    .where("revision_id", "=", revisionId)
    .orderBy("at", "desc")
    .orderBy("transition_id", "desc")
    .limit(MOST_TRANSITIONS)
    .$castTo<RevisionTransition>()
    .execute();
  const transitions = newest.reverse().map((of) => ({ ...of, reason: redact(of.reason) }));
  return { ...head, body, transitions };
}

/** Whether this person has approved the revision already. */
export async function hasApproved(
  tx: Tx,
  revision: { project_id: string; revision_id: string },
  actorId: string,
): Promise<boolean> {
  const found = await tx
    .selectFrom("contract_transitions")
    .select("transition_id")
    .where("project_id", "=", revision.project_id)
    .where("revision_id", "=", revision.revision_id)
    .where("event", "=", "approve")
    .where("actor_id", "=", actorId)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}
