import type { ToolGrant } from "../contracts/index.ts";

/**
 * The names under which an agent sees its tools: the tool's own where it is unique among the contract's tools, else
 * with the tool server in front (`server__tool`).
 */
export function exposedNames(grants: readonly ToolGrant[]): Map<string, ToolGrant> {
  const uses = new Map<string, number>();
  for (const { tool } of grants) uses.set(tool, (uses.get(tool) ?? 0) + 1);
  return new Map(
    grants.map((grant) => [
      uses.get(grant.tool) === 1 ? grant.tool : `${grant.server}__${grant.tool}`,
      grant,
    ]),
  );
}

/** The grant a call means: by server and tool where both are named, else by the name the agent sees. */
export function grantFor(
  grants: readonly ToolGrant[],
  call: { server?: string | undefined; tool: string },
): ToolGrant | undefined {
  if (call.server === undefined) return exposedNames(grants).get(call.tool);
  return grants.find((grant) => grant.server === call.server && grant.tool === call.tool);
}
