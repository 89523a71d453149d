import { type RawBuilder, sql } from "kysely";
import { type Caller, projectsTable } from "../identity/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { readList } from "../platform/database/list.ts";
import type { Place } from "../platform/http/index.ts";
import { redact } from "../platform/redact.ts";
import { toolServerBody } from "./contract.ts";
import type { ToolServer, ToolServerDetail } from "./page-contract.ts";
import { addressOf } from "./settings.ts";

/** What a cursor of the list holds. */
export type ServerPlace = [serverId: string, projectId: string, revisionId: string];

const HEALTH = sql`
  h.state, h.error_code, h.error_message, h.last_ok_at, h.last_failure_at, h.next_try_at, h.observed_at`;

const COLUMNS = sql`r.project_id, r.contract_id as server_id, r.revision_id, r.version_major, r.version_minor, r.body,
  (select count(*)::int from tool_pins t where t.project_id = r.project_id and t.server_id = r.contract_id) as tools,
  (select count(*)::int from tool_pins t
    where t.project_id = r.project_id and t.server_id = r.contract_id and t.changed_hash is not null) as changed_tools,
  ${HEALTH}`;

/** Each server with what was found of it last, by whichever process. */
const SERVERS = sql`contract_revisions r left join lateral (
    select * from tool_server_health found
    where found.project_id = r.project_id and found.server_id = r.contract_id
    order by found.observed_at desc limit 1
  ) h on true`;

const ACTIVE = sql`r.contract_family = 'tool_server' and r.lifecycle_status = 'active'`;

type Health = ToolServer["health"];

interface ServerRow extends Omit<Health, "state"> {
  project_id: string;
  server_id: string;
  revision_id: string;
  version_major: number;
  version_minor: number;
  body: unknown;
  tools: number;
  changed_tools: number;
  state: Health["state"] | null;
}

/** A page of the registered tool servers and one more, by id, with how many there are. */
export async function listServers(
  tx: Tx,
  caller: Caller,
  projectId: string | undefined,
  place: Place<ServerPlace>,
) {
  const { rows, total } = await readList<ServerRow>(
    tx,
    {
      table: "contract_revisions",
      projects: projectsTable(caller, projectId),
      columns: COLUMNS,
      from: sql`${SERVERS} where r.project_id = p.project_id and ${ACTIVE}`,
      by: {
        server_id: sql`r.contract_id`,
        project_id: sql`r.project_id`,
        revision_id: sql`r.revision_id`,
      },
      order: "asc",
    },
    place,
  );
  return { rows: rows.map(shown), total };
}

/** One registered tool server and its contract's body; undefined when the project has none of this id. */
export async function readServer(
  tx: Tx,
  projectId: string,
  serverId: string,
): Promise<{ server: ToolServer; body: unknown } | undefined> {
  const { rows } = await sql<ServerRow>`select ${COLUMNS} from ${SERVERS}
    where r.project_id = ${projectId} and r.contract_id = ${serverId} and ${ACTIVE}`.execute(tx);
  const [row] = rows;
  return row && { server: shown(row), body: row.body };
}

function shown(row: ServerRow): ToolServer {
  const body = toolServerBody.parse(row.body);
  return {
    project_id: row.project_id,
    server_id: row.server_id,
    revision_id: row.revision_id,
    version: `${row.version_major}.${row.version_minor}`,
    transport: body.transport,
    address: redact(addressOf(body)),
    tools: row.tools,
    changed_tools: row.changed_tools,
    health: { ...healthOf(row), state: row.state ?? "unknown" },
  };
}

function healthOf(row: Omit<Health, "state">): Omit<Health, "state"> {
  return {
    error_code: row.error_code,
    error_message: row.error_message === null ? null : redact(row.error_message),
    last_ok_at: row.last_ok_at,
    last_failure_at: row.last_failure_at,
    next_try_at: row.next_try_at,
    observed_at: row.observed_at,
  };
}

const MOST_PROCESSES = 20;
const MOST_AGENTS = 200;

/** What each process has found, newest first; at most 20. */
export async function readProcesses(
  tx: Tx,
  projectId: string,
  serverId: string,
): Promise<ToolServerDetail["processes"]> {
  const { rows } = await sql<ToolServerDetail["processes"][number]>`
    select ${HEALTH}, h.process_id, h.revision_id, h.restarts, h.protocol_version, h.server_name, h.server_version, h.held_to
    from tool_server_health h where h.project_id = ${projectId} and h.server_id = ${serverId}
    order by h.observed_at desc limit ${MOST_PROCESSES}`.execute(tx);
  return rows.map((row) => ({ ...row, ...healthOf(row) }));
}

/** The agents whose active contracts list tools of the server, or observe it; by id, at most 200. */
export async function readAgents(
  tx: Tx,
  projectId: string,
  serverId: string,
): Promise<ToolServerDetail["agents"]> {
  const { rows } = await sql<ToolServerDetail["agents"][number]>`
    select r.contract_id as agent_id, r.revision_id, array(
        select grants ->> 'tool' from jsonb_array_elements(r.body -> 'tools') grants
        where grants ->> 'server' = ${serverId} order by 1
      ) as tools, ${isObserved(serverId)} as observes
    from contract_revisions r
    where r.project_id = ${projectId} and r.contract_family = 'agent' and r.lifecycle_status = 'active'
      and (r.body @> jsonb_build_object('tools', jsonb_build_array(jsonb_build_object('server', ${serverId}::text)))
        or ${isObserved(serverId)})
    order by r.contract_id limit ${MOST_AGENTS}`.execute(tx);
  return rows;
}

function isObserved(serverId: string): RawBuilder<boolean> {
  return sql`coalesce(r.body #> '{observe,servers}' @> to_jsonb(${serverId}::text), false)`;
}
