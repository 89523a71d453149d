/**
 * The operations an agent's key may use besides the gateway: opening its runs, reading them, saying how they end,
 * calling tools without MCP, and waiting for a person's answer.
 * Everything else of the API is for people and refuses agents before it is asked.
 */
const AGENT_OPERATIONS: readonly [method: string, path: RegExp][] = [
  ["POST", /^\/api\/v1\/runs$/],
  ["GET", /^\/api\/v1\/runs\/[^/]+(\/timeline)?$/],
  ["POST", /^\/api\/v1\/runs\/[^/]+\/(complete|fail|usage)$/],
  ["POST", /^\/api\/v1\/tool-calls$/],
  ["GET", /^\/api\/v1\/approvals\/[^/]+\/wait$/],
];

/** Whether an agent's key may use the operation at all; the operation still asks whose run it is. */
export function isOpenToAgents(method: string, path: string): boolean {
  return AGENT_OPERATIONS.some(([verb, pattern]) => verb === method && pattern.test(path));
}
