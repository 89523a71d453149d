import { frozenReason } from "../gates/index.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { readFreeze } from "../tenants/index.ts";

/**
 * Refuses what is no call, and so asks no gate, on behalf of an agent that is frozen.
 *
 * @throws AppError E-FROZEN who has stopped it, when and why
 */
export async function requireThawed(
  db: Database,
  agent: { projectId: string; agentId: string },
): Promise<void> {
  const { projectId, agentId } = agent;
  const freeze = await db.transaction(
    { role: "app", projects: [projectId] },
    (tx) => readFreeze(tx, projectId, agentId),
    { snapshot: true },
  );
  if (freeze) throw new AppError("E-FROZEN", frozenReason(freeze, projectId, agentId));
}
