import { sql } from "kysely";
import type { Actor } from "../audit/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError, fieldError } from "../platform/errors.ts";
import type { Checked } from "./check.ts";
import type { Family, PrunedContract } from "./contract.ts";
import { refuseLifting } from "./four-eyes.ts";
import { holdRevision, moveRevision, type Retired } from "./transition.ts";
import { versionText } from "./versions.ts";

const MOST_PRUNED = 200;
const REASON = "No longer among the contracts that were applied.";

/**
 * Reads, and holds until the transaction ends, the active contracts of the documents' projects (and of the request's) that none of the documents
 * describes.
 *
 * @throws AppError E-INPUT when they are so many that the request is more likely a mistake; E-CONTRACT-APPROVAL for a
 * policy where a second person has to approve
 */
export async function whatIsPruned(
  tx: Tx,
  checked: readonly Checked[],
  requestProject: string | undefined,
): Promise<PrunedContract[]> {
  const described = checked.map(({ identity }) => identity);
  const projects = new Set(described.map((of) => of.project_id));
  if (requestProject !== undefined) projects.add(requestProject);
  const { rows } = await sql<{
    project_id: string;
    contract_id: string;
    contract_family: Family;
    revision_id: string;
    version_major: number;
    version_minor: number;
  }>`
    select r.project_id, r.contract_id, r.contract_family, r.revision_id, r.version_major, r.version_minor
    from contract_revisions r
    where r.project_id = any (${[...projects]}::text[]) and r.lifecycle_status = 'active'
      and not exists (
        select from unnest(${described.map((of) => of.project_id)}::text[],
          ${described.map((of) => of.contract_id)}::text[]) as kept (project_id, contract_id)
        where kept.project_id = r.project_id and kept.contract_id = r.contract_id)
    order by r.project_id, r.contract_id limit ${MOST_PRUNED + 1}
    for no key update of r`.execute(tx);
  if (rows.length > MOST_PRUNED) {
    throw new AppError(
      "E-INPUT",
      `body.prune: more than ${MOST_PRUNED} contracts would be retired; retire them one by one if that is meant.`,
      {
        errors: [fieldError("body.prune", "retires_too_many", { max: MOST_PRUNED })],
      },
    );
  }
  await refuseLifting(tx, rows);
  return rows.map(({ version_major, version_minor, ...of }) => ({
    ...of,
    version: versionText({ version_major, version_minor }),
  }));
}

/** Takes the contracts out of use for good. */
export async function pruneContracts(
  tx: Tx,
  actor: Actor,
  pruned: readonly PrunedContract[],
  onRetired: Retired,
): Promise<void> {
  for (const { project_id, revision_id } of pruned) {
    const held = await holdRevision(tx, project_id, revision_id);
    if (!held) throw new TypeError("a row that is held can't go away");
    const deprecated = await moveRevision(tx, held, { event: "deprecate", actor, reason: REASON });
    await moveRevision(tx, deprecated, { event: "retire", actor, reason: REASON });
    await onRetired(tx, { projectId: project_id, revisionId: revision_id });
  }
}
