import type { Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { Family } from "./contract.ts";
import { projectsAmong } from "./existing.ts";

/**
 * Refuses to take policies out of use where a second person has to approve: without them more is permitted, and nobody
 * would have agreed to that. Activating another revision, which somebody approved, is the way.
 *
 * @throws AppError E-CONTRACT-APPROVAL
 */
export async function refuseLifting(
  tx: Tx,
  contracts: readonly { project_id: string; contract_id: string; contract_family: Family }[],
): Promise<void> {
  const policies = contracts.filter((of) => of.contract_family === "policy");
  const projects = await projectsAmong(
    tx,
    policies.map((of) => of.project_id),
  );
  const lifted = policies.find((of) => projects.get(of.project_id)?.needsSecond !== false);
  if (!lifted) return;
  throw new AppError(
    "E-CONTRACT-APPROVAL",
    `Without the policy "${lifted.contract_id}" more would be permitted, and in this project another person has to approve that: draft a revision that says what shall be permitted, and have it approved.`,
  );
}
