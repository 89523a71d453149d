import {
  type ApprovalEffects,
  voidQuestionsAbout,
  voidReason,
  type WhyVoid,
} from "../approvals/index.ts";
import { readRevision } from "../contracts/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { readPin } from "../toolservers/index.ts";

/**
 * Why nobody can answer a question any more: its tool is not what was pinned when it was asked, or its contract was
 * retired. A deprecated one goes on: that happens each time a contract is replaced.
 */
export const whyVoid: WhyVoid = async (tx, { project_id, server, tool_name, revision_id }) => {
  const pin = await readPin(tx, project_id, server, tool_name);
  if (pin?.changed) {
    const reason = voidReason("tool_changed", { server, tool: tool_name });
    return { code: "E-TOOL-CHANGED", reason };
  }
  const revision = await readRevision(tx, project_id, revision_id);
  if (revision?.lifecycle_status !== "retired") return undefined;
  const { contract_id: contract, version_major, version_minor } = revision;
  const version = `${version_major}.${version_minor}`;
  const reason = voidReason("contract_retired", { contract, version });
  return { code: "E-CONTRACT-NONE", reason };
};

/** Voids the open questions about tools that are no longer what was pinned; registered as the catalog's listener. */
export async function voidOfTools(
  tx: Tx,
  effects: ApprovalEffects,
  changed: { projectId: string; serverId: string; tools: readonly string[] },
): Promise<void> {
  const { projectId: project_id, serverId: server, tools } = changed;
  for (const tool of tools)
    await voidQuestionsAbout(tx, { effects, whyVoid }, { project_id, server, tool });
}

/** Voids the open questions of runs under a contract that is retired; registered as the contracts feature's listener. */
export async function voidOfRetired(
  tx: Tx,
  effects: ApprovalEffects,
  { projectId, revisionId }: { projectId: string; revisionId: string },
): Promise<void> {
  const about = { project_id: projectId, revision_id: revisionId };
  await voidQuestionsAbout(tx, { effects, whyVoid }, about);
}
