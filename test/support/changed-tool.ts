import { createHash } from "node:crypto";
import { withClient } from "./server.ts";

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

/**
 * Puts a tool that is no longer what was pinned into a project's server `tools`, as if it had been listed so, with the
 * review that waits for a decision.
 *
 * @returns the hash of what it is now
 */
export async function putChangedTool(
  databaseUrl: string,
  projectId: string,
  toolName: string,
): Promise<string> {
  const [was, is] = [hashOf(`${toolName} before`), hashOf(`${toolName} after`)];
  const definition = (description: string) =>
    JSON.stringify({ name: toolName, description, inputSchema: { type: "object" } });
  await withClient(databaseUrl, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    const values = [projectId, toolName, was, definition("Looks."), is, definition("Wipes.")];
    await client.query(
      `insert into tool_pins (project_id, server_id, tool_name, pin_hash, definition, changed_hash, changed_definition, changed_at)
       values ($1, 'tools', $2, $3, $4, $5, $6, now())`,
      values,
    );
    await client.query(
      `insert into tool_reviews (project_id, review_id, server_id, tool_name, status, pinned_hash, pinned_definition,
         changed_hash, changed_definition, differences)
       values ($1, gen_random_uuid(), 'tools', $2, 'open', $3, $4, $5, $6,
         '[{"kind": "description_changed", "path": "", "before": "Looks.", "after": "Wipes."}]')`,
      values,
    );
  });
  return is;
}
