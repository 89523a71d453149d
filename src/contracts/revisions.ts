import type { Timestamp, Tx } from "../platform/database/index.ts";
import { type AgentBody, agentBodySchema } from "./agent-body.ts";
import type { Family, LifecycleStatus } from "./contract.ts";

/** One immutable version of a contract. Only its lifecycle status ever changes. */
export interface Revision<B = unknown> {
  revision_id: string;
  project_id: string;
  contract_id: string;
  contract_family: Family;
  lifecycle_status: LifecycleStatus;
  version_major: number;
  version_minor: number;
  body: B;
  body_hash: string;
  created_by: string;
  created_at: Timestamp;
}

const MOST_ACTIVE = 1_000;

const select = (tx: Tx, projectId: string) =>
  tx
    .selectFrom("contract_revisions")
    .selectAll()
    .where("project_id", "=", projectId)
    .$castTo<Revision>();

/** The active revision of a contract; undefined when there is none or it belongs to another family. */
export async function activeRevision(
  tx: Tx,
  projectId: string,
  contractId: string,
  family: Family,
): Promise<Revision | undefined> {
  return select(tx, projectId)
    .where("contract_id", "=", contractId)
    .where("contract_family", "=", family)
    .where("lifecycle_status", "=", "active")
    .executeTakeFirst();
}

/** The active revisions of a family, ordered by contract id, at most 1,000. */
export async function activeRevisions(
  tx: Tx,
  projectId: string,
  family: Family,
): Promise<Revision[]> {
  return select(tx, projectId)
    .where("contract_family", "=", family)
    .where("lifecycle_status", "=", "active")
    .orderBy("contract_id")
    .limit(MOST_ACTIVE)
    .execute();
}

/** What names a revision and says whether its body is another one. */
export type ActiveHead = Pick<
  Revision,
  "revision_id" | "contract_id" | "version_major" | "version_minor" | "body_hash"
>;

/** `activeRevisions` without the bodies, for whoever keeps those. */
export async function activeHeads(
  tx: Tx,
  projectId: string,
  family: Family,
): Promise<ActiveHead[]> {
  return tx
    .selectFrom("contract_revisions")
    .select(["revision_id", "contract_id", "version_major", "version_minor", "body_hash"])
    .where("project_id", "=", projectId)
    .where("contract_family", "=", family)
    .where("lifecycle_status", "=", "active")
    .orderBy("contract_id")
    .limit(MOST_ACTIVE)
    .execute();
}

/** A revision by its id, whatever its status: what a run pinned stays readable. */
export async function readRevision(
  tx: Tx,
  projectId: string,
  revisionId: string,
): Promise<Revision | undefined> {
  return select(tx, projectId).where("revision_id", "=", revisionId).executeTakeFirst();
}

/** Whether a revision has been retired; if not, it is not before the transaction ends. */
export async function holdUnretired(
  tx: Tx,
  projectId: string,
  revisionId: string,
): Promise<{ isRetired: boolean }> {
  const row = await select(tx, projectId)
    .where("revision_id", "=", revisionId)
    .forShare()
    .executeTakeFirst();
  return { isRetired: row?.lifecycle_status === "retired" };
}

/** Whether the project has, or ever had, a contract of this agent. */
export async function hasAgent(tx: Tx, projectId: string, agentId: string): Promise<boolean> {
  const row = await select(tx, projectId)
    .where("contract_id", "=", agentId)
    .where("contract_family", "=", "agent")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * The revision with its body read as an agent's, defaults filled in. It was checked when it was applied, so a body
 * that does not fit is a fault of ours and throws.
 */
export function readAgent(revision: Revision): Revision<AgentBody> {
  return { ...revision, body: agentBodySchema.parse(revision.body) };
}
