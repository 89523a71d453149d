import { type AgentBody, PLAIN_GRANT, type ToolGrant } from "../contracts/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { hintOf, listPins, type ToolPin } from "../toolservers/index.ts";

/** A server's tool as it is pinned. */
export interface PinnedTool {
  server: string;
  pin: ToolPin;
}

/**
 * Grants for the tools of observed servers that the contract does not list: a read where the server says so, else a
 * write, which gate 2 lets pass in shadow runs only.
 */
export function observedGrants(body: AgentBody, pinned: Iterable<PinnedTool>): ToolGrant[] {
  const servers = new Set(body.observe?.servers);
  if (servers.size === 0) return [];
  const listed = new Set(body.tools.map(({ server, tool }) => `${server}/${tool}`));
  return [...pinned]
    .filter(({ server, pin }) => servers.has(server) && !listed.has(`${server}/${pin.toolName}`))
    .map(({ server, pin }) => {
      const effect = hintOf(pin.definition) === "read_only" ? "read" : "write";
      return { ...PLAIN_GRANT, server, tool: pin.toolName, effect };
    });
}

/** As `observedGrants`, of what is pinned now. */
export async function readObservedGrants(
  tx: Tx,
  projectId: string,
  body: AgentBody,
): Promise<ToolGrant[]> {
  const pinned: PinnedTool[] = [];
  for (const server of new Set(body.observe?.servers)) {
    for (const pin of await listPins(tx, projectId, server)) pinned.push({ server, pin });
  }
  return observedGrants(body, pinned);
}
