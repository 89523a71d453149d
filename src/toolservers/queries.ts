import { sql } from "kysely";
import { canonicalJson } from "../platform/canonical.ts";
import { announce } from "../platform/database/changes.ts";
import type { Timestamp, Tx } from "../platform/database/index.ts";
import { cleanDefinition } from "./clean.ts";
import type { Flag } from "./flags-contract.ts";
import { pinHash, type ToolDefinition } from "./pins.ts";
import { followChanges } from "./reviews.ts";

/** A tool as it was when it was first seen, and as it is now if that differs. */
export interface ToolPin {
  toolName: string;
  pinHash: string;
  definition: ToolDefinition;
  pinnedAt: Timestamp;
  /** Null while the tool is what was pinned. */
  changed: { hash: string; definition: ToolDefinition; at: Timestamp } | null;
  seenAt: Timestamp;
  /** Since when its server has not listed it any more; null while it does. */
  absentSince: Timestamp | null;
  /** What reads oddly in the pinned definition. */
  flags: Flag[];
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
  absent_since: Timestamp | null;
  flags: Flag[];
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
    absentSince: row.absent_since,
    flags: row.flags,
  };
}

const columns = sql`tool_name, pin_hash, definition, pinned_at, changed_hash, changed_definition, changed_at, seen_at,
  absent_since, flags`;

interface Standing {
  tool_name: string;
  changed_hash: string | null;
  absent_since: Timestamp | null;
}

/**
 * Compares what a tool server lists now with what was pinned: pins tools that were never seen, records a change of a
 * pinned one and opens its review (and forgets it when the tool is back to what it was), and notes which of them were
 * seen and which are gone. What comes of it is announced.
 *
 * @returns the names of tools pinned just now, and of all listed tools that differ from their pin
 */
export async function syncPins(
  tx: Tx,
  projectId: string,
  serverId: string,
  tools: readonly ToolDefinition[],
): Promise<{ added: string[]; changed: string[] }> {
  // Locked in one order, so that two processes that sync the same server can't lock each other out.
  const { rows: standing } = await sql<Standing>`
    select tool_name, changed_hash, absent_since from tool_pins
    where project_id = ${projectId} and server_id = ${serverId}
    order by tool_name collate "C" for update`.execute(tx);
  const before = new Map(standing.map((pin) => [pin.tool_name, pin]));
  const rows = await putPins(tx, projectId, serverId, tools);
  const gone = await setAbsent(tx, projectId, serverId, tools);
  const changed = rows.flatMap((row) =>
    row.changed_hash && row.changed_definition
      ? [{ ...row, changed_hash: row.changed_hash, changed_definition: row.changed_definition }]
      : [],
  );
  const listed = new Set(rows.map((row) => row.tool_name));
  const hasNews = rows.some((row) => {
    const was = before.get(row.tool_name);
    return !was || was.changed_hash !== row.changed_hash || was.absent_since !== null;
  });
  // Also without news: a review may be missing of what changed under an earlier release.
  if (changed.length > 0 || hasNews)
    await followChanges(tx, { projectId, serverId }, changed, listed);
  if (hasNews || gone) await announce(tx, { project_id: projectId, kind: "tool", id: serverId });
  return {
    added: rows.flatMap((row) => (row.added ? row.tool_name : [])),
    changed: changed.map((row) => row.tool_name),
  };
}

async function putPins(
  tx: Tx,
  projectId: string,
  serverId: string,
  tools: readonly ToolDefinition[],
): Promise<PutPin[]> {
  if (tools.length === 0) return [];
  const listed = canonicalJson(
    tools.map((tool) => ({
      tool_name: tool.name,
      pin_hash: pinHash(tool),
      definition: tool,
      flags: cleanDefinition(tool).flags,
    })),
  );
  const { rows } = await sql<PutPin>`
    insert into tool_pins as pin (project_id, server_id, tool_name, pin_hash, definition, flags)
    select ${projectId}, ${serverId}, tool_name, pin_hash, definition, flags
    from jsonb_to_recordset(${listed}::jsonb)
      as listed (tool_name text, pin_hash text, definition jsonb, flags text[])
    order by tool_name collate "C"
    on conflict (project_id, server_id, tool_name) do update set
      seen_at = clock_timestamp(),
      absent_since = null,
      -- What is looked for may be more than when the tool was pinned.
      flags = case when excluded.pin_hash = pin.pin_hash then excluded.flags else pin.flags end,
      changed_hash = nullif(excluded.pin_hash, pin.pin_hash),
      changed_definition = case when excluded.pin_hash <> pin.pin_hash then excluded.definition end,
      changed_at = case
        when excluded.pin_hash = pin.pin_hash then null
        when excluded.pin_hash = pin.changed_hash then pin.changed_at
        else clock_timestamp() end
    returning tool_name, xmax = 0 as added, pin_hash, changed_hash,
      case when changed_hash is not null then definition end as definition, changed_definition`.execute(
    tx,
  );
  return rows;
}

interface PutPin {
  tool_name: string;
  pin_hash: string;
  /** Pinned just now. */
  added: boolean;
  /** The pinned one, where the listed one differs. */
  definition: ToolDefinition;
  changed_hash: string | null;
  changed_definition: ToolDefinition | null;
}

/** @returns whether there are tools that its server listed before and does not list now */
async function setAbsent(
  tx: Tx,
  projectId: string,
  serverId: string,
  tools: readonly ToolDefinition[],
): Promise<boolean> {
  const { rows } = await sql`
    update tool_pins set absent_since = clock_timestamp()
    where project_id = ${projectId} and server_id = ${serverId} and absent_since is null
      and tool_name <> all (${tools.map(({ name }) => name)}::text[])
    returning 1`.execute(tx);
  return rows.length > 0;
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

const SCHEMAS_MAX = 2_000;

/** The tools that the projects' servers list, with the schemas of their arguments as they are pinned; at most 2,000. */
export async function toolSchemas(
  tx: Tx,
  projects: readonly string[],
): Promise<{ project_id: string; server_id: string; tool_name: string; schema: unknown }[]> {
  const { rows } = await sql<{
    project_id: string;
    server_id: string;
    tool_name: string;
    schema: unknown;
  }>`
    select project_id, server_id, tool_name, definition -> 'inputSchema' as schema from tool_pins
    where project_id = any (${projects}::text[]) and absent_since is null
    order by project_id, server_id, tool_name limit ${SCHEMAS_MAX}`.execute(tx);
  return rows;
}
