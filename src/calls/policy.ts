import {
  type AgentBody,
  activeHeads,
  activeRevisions,
  type Revision,
  type ToolGrant,
} from "../contracts/index.ts";
import type { Policies, PolicyFact } from "../gates/index.ts";
import type { Tx } from "../platform/database/index.ts";
import type { RunRow } from "../runs/index.ts";

/** A call as it stands once its contract is known. */
interface ReadCall {
  run: RunRow;
  agent: Revision<AgentBody>;
  grant: ToolGrant | undefined;
  server: string;
  tool: string;
  /** What would be sent. */
  args: Record<string, unknown>;
}

/** The project's active policies of this moment, with their bodies where those are not known here. */
export async function readPolicies(tx: Tx, policies: Policies, projectId: string) {
  const heads = await activeHeads(tx, projectId, "policy");
  return policies.knows(heads) ? heads : activeRevisions(tx, projectId, "policy");
}

/**
 * What the project's policies say of a call. A run keeps its contract, but not the policies it started under: what is
 * forbidden now is forbidden to what runs now.
 */
export function decidePolicy(
  policies: Policies,
  revisions: Parameters<Policies["decide"]>[0],
  { run, agent, grant, ...call }: ReadCall,
): PolicyFact {
  return policies.decide(revisions, {
    ...call,
    agent: agent.contract_id,
    // A tool that its contract does not classify is a write.
    effect: grant?.effect ?? "write",
    isShadow: run.is_shadow,
    driver: run.driver,
    agentMode: agent.body.mode,
    triggerType: run.trigger_type ?? "unknown",
  });
}
