import type { Awooop } from "../awooop.ts";
import { TOOL_NAMES } from "./everything-tools.ts";

/** A tool server's contract, and an agent's that grants all it has. */
export function everythingGranted(server: string, toolServer: Record<string, unknown>) {
  const grants = TOOL_NAMES.map((tool) => ({ server, tool, effect: "read" }));
  return [
    { contract_family: "tool_server", contract_id: server, body: toolServer },
    {
      contract_family: "agent",
      contract_id: `${server}-agent`,
      body: {
        display_name: "Tries everything",
        driver: "client",
        tools: grants,
        resources: [{ server, uris: ["test://*"] }],
        prompts: [{ server }],
      },
    },
  ];
}

/** A new key of the agent that may use everything. */
export async function everythingKey(awooop: Awooop, server: string): Promise<string> {
  const agentId = `${server}-agent`;
  const made = await awooop.api("/keys", {
    body: { name: agentId, role: "agent", project_ids: ["acme"], agent_id: agentId },
  });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return made.body.key;
}
