import { sql } from "kysely";
import { canonicalJson } from "../platform/canonical.ts";
import type { Timestamp, Tx } from "../platform/database/index.ts";
import { pinHash, type ToolDefinition } from "./pins.ts";

/** A tool as it was when it was first seen, and as it is now if that differs. */
export interface ToolPin {
  toolName: string;
  pinHash: string;
  definition: ToolDefinition;
  pinnedAt: Timestamp;
  /** Null while the tool is what was pinned. */
  changed: { hash: string; definition: ToolDefinition; at: Timestamp } | null;
  seenAt: Timestamp;
}

interface PinRow {
  tool_name: string;
  pin_hash: string;
  definition: ToolDefinition;
  pinned_at: Timestamp;
  changed_hash: string | null;
  changed_definition: ToolDefinition | null;
  changed_at: Timestamp | null;
  seen_at: Timestamp;
}

function toPin(row: PinRow): ToolPin {
  const { changed_hash: hash, changed_definition: definition, changed_at: at } = row;
  return {
    toolName: row.tool_name,
    pinHash: row.pin_hash,
    definition: row.definition,
    pinnedAt: row.pinned_at,
    changed: hash !== null && definition !== null && at !== null ? { hash, definition, at } : null,
    seenAt: row.seen_at,
  };
}

const columns = sql`tool_name, pin_hash, definition, pinned_at, changed_hash, changed_definition, changed_at, seen_at`;

/**
 * Compares what a tool server lists now with what was pinned: pins tools that were never seen, records a change of a
 * pinned one (and forgets it when the tool is back to what it was), and notes that all of them were seen.
 *
 * @returns the names of tools pinned just now, and of all listed tools that differ from their pin
 */
export async function syncPins(
  tx: Tx,
  projectId: string,
  serverId: string,
  tools: readonly ToolDefinition[],
): Promise<{ added: string[]; changed: string[] }> {
  if (tools.length === 0) return { added: [], changed: [] };
  const listed = canonicalJson(
    tools.map((tool) => ({ tool_name: tool.name, pin_hash: pinHash(tool), definition: tool })),
  );
  // Rows in one order, so that two processes that sync the same server can't lock each other out.
  const { rows } = await sql<{ tool_name: string; added: boolean; changed: boolean }>`
    insert into tool_pins as pin (project_id, server_id, tool_name, pin_hash, definition)
    select ${projectId}, ${serverId}, tool_name, pin_hash, definition
    from jsonb_to_recordset(${listed}::jsonb) as listed (tool_name text, pin_hash text, definition jsonb)
    order by tool_name collate "C"
    on conflict (project_id, server_id, tool_name) do update set
      seen_at = clock_timestamp(),
      changed_hash = nullif(excluded.pin_hash, pin.pin_hash),
      changed_definition = case when excluded.pin_hash <> pin.pin_hash then excluded.definition end,
      changed_at = case
        when excluded.pin_hash = pin.pin_hash then null
        when excluded.pin_hash = pin.changed_hash then pin.changed_at
        else clock_timestamp() end
    returning tool_name, xmax = 0 as added, changed_hash is not null as changed`.execute(tx);
  return {
    added: rows.filter((row) => row.added).map((row) => row.tool_name),
    changed: rows.filter((row) => row.changed).map((row) => row.tool_name),
  };
}

/** The pin of one tool; undefined when the tool was never seen. */
export async function readPin(
  tx: Tx,
  projectId: string,
  serverId: string,
  toolName: string,
): Promise<ToolPin | undefined> {
  const { rows } = await sql<PinRow>`
    select ${columns} from tool_pins
    where project_id = ${projectId} and server_id = ${serverId} and tool_name = ${toolName}`.execute(
    tx,
  );
  return rows[0] && toPin(rows[0]);
}

/** The pins of all tools of one server, by name. */
export async function listPins(tx: Tx, projectId: string, serverId: string): Promise<ToolPin[]> {
  const { rows } = await sql<PinRow>`
    select ${columns} from tool_pins where project_id = ${projectId} and server_id = ${serverId}
    order by tool_name`.execute(tx);
  return rows.map(toPin);
}

/** The names of the tools that each of the servers has listed, now or before. */
export async function pinnedTools(
  tx: Tx,
  servers: readonly { project_id: string; server_id: string }[],
): Promise<{ project_id: string; server_id: string; tool_name: string }[]> {
  const { rows } = await sql<{ project_id: string; server_id: string; tool_name: string }>`
    select pin.project_id, pin.server_id, pin.tool_name
    from unnest(${servers.map((of) => of.project_id)}::text[], ${servers.map((of) => of.server_id)}::text[])
      as wanted (project_id, server_id)
    join tool_pins pin using (project_id, server_id)`.execute(tx);
  return rows;
}
