import { sql } from "kysely";
import { canonicalHash } from "../platform/canonical.ts";
import type { Tx } from "../platform/database/index.ts";
import type { Known } from "./crosscheck.ts";
import { type ReadDocument, toolsNamed } from "./documents.ts";

/** The tools that each server has listed; a server that never listed any has none. */
export type PinnedTools = (
  tx: Tx,
  servers: readonly { project_id: string; server_id: string }[],
) => Promise<{ project_id: string; server_id: string; tool_name: string }[]>;

/** The tools of all servers of the projects, with the schemas of their arguments. */
export type ToolSchemas = (
  tx: Tx,
  projects: readonly string[],
) => Promise<{ project_id: string; server_id: string; tool_name: string; schema: unknown }[]>;

interface Active {
  project_id: string;
  contract_id: string;
  contract_family: string;
  body_hash: string | null;
}

/**
 * What each project has once the request is applied, by project.
 *
 * @param onlyApplied whether nothing but what is applied stays active
 */
export async function whatExists(
  tx: Tx,
  { pinnedTools, toolSchemas }: { pinnedTools: PinnedTools; toolSchemas: ToolSchemas },
  projects: readonly string[],
  applied: readonly ReadDocument[],
  onlyApplied: boolean,
): Promise<Map<string, Known>> {
  if (projects.length === 0) return new Map();
  const active = await activeNames(tx, projects);
  const coming = applied.flatMap(({ identity }) => identity ?? []);
  const contracts = onlyApplied ? coming : [...active, ...coming];
  const secrets = await secretNames(tx, projects);
  const tools = await listedTools(tx, pinnedTools, active, applied);
  const schemas = await schemasOf(tx, toolSchemas, projects, active, applied);
  return new Map(
    projects.map((id) => {
      const here = contracts.filter((of) => of.project_id === id);
      const ids = (family: string) =>
        new Set(here.flatMap((of) => (of.contract_family === family ? of.contract_id : [])));
      const set = secrets.filter((secret) => secret.project_id === id);
      const known: Known = {
        servers: ids("tool_server"),
        channels: ids("channel"),
        secrets: new Set(set.map((secret) => secret.name)),
        tools: tools.get(id) ?? new Map(),
        schemas: schemas.get(id) ?? new Map(),
      };
      return [id, known];
    }),
  );
}

/** The tool servers that get another contract with the request, as `project/server`. */
function serversThatChange(active: readonly Active[], applied: readonly ReadDocument[]) {
  return new Set(
    applied.flatMap(({ identity, body }) => {
      if (identity?.contract_family !== "tool_server") return [];
      const now = active.find(
        (of) => of.project_id === identity.project_id && of.contract_id === identity.contract_id,
      );
      const stays = now !== undefined && now.body_hash === hashOf(body);
      return stays ? [] : [`${identity.project_id}/${identity.contract_id}`];
    }),
  );
}

/**
 * The tools of the servers that the documents' agents name, by project and server. What a server listed under another
 * contract than it will have says nothing about it.
 */
async function listedTools(
  tx: Tx,
  pinnedTools: PinnedTools,
  active: readonly Active[],
  applied: readonly ReadDocument[],
): Promise<Map<string, Map<string, Set<string>>>> {
  const changing = serversThatChange(active, applied);
  const servers = new Map(
    applied
      .flatMap(toolsNamed)
      .map((of) => [`${of.project_id}/${of.server_id}`, of] as const)
      .filter(([name]) => !changing.has(name)),
  );
  const found = new Map<string, Map<string, Set<string>>>();
  if (servers.size === 0) return found;
  for (const { project_id, server_id, tool_name } of await pinnedTools(tx, [...servers.values()])) {
    const here = found.get(project_id) ?? new Map<string, Set<string>>();
    found.set(project_id, here.set(server_id, (here.get(server_id) ?? new Set()).add(tool_name)));
  }
  return found;
}

/** The schemas of all tools of the projects that a policy is applied to, but for servers whose contract changes with it. */
async function schemasOf(
  tx: Tx,
  toolSchemas: ToolSchemas,
  projects: readonly string[],
  active: readonly Active[],
  applied: readonly ReadDocument[],
): Promise<Map<string, Map<string, Map<string, unknown>>>> {
  const policed = new Set(
    applied.flatMap(({ identity }) =>
      identity?.contract_family === "policy" ? identity.project_id : [],
    ),
  );
  const wanted = projects.filter((id) => policed.has(id));
  const found = new Map<string, Map<string, Map<string, unknown>>>();
  if (wanted.length === 0) return found;
  const changing = serversThatChange(active, applied);
  for (const { project_id, server_id, tool_name, schema } of await toolSchemas(tx, wanted)) {
    if (changing.has(`${project_id}/${server_id}`)) continue;
    const here = found.get(project_id) ?? new Map<string, Map<string, unknown>>();
    const tools = here.get(server_id) ?? new Map<string, unknown>();
    found.set(project_id, here.set(server_id, tools.set(tool_name, schema)));
  }
  return found;
}

/** Undefined for what has no canonical form; such a body is refused anyway. */
function hashOf(body: unknown): string | undefined {
  try {
    return canonicalHash(body);
  } catch {
    return undefined;
  }
}

/** The tool servers and channels that are active in the projects. */
async function activeNames(tx: Tx, projects: readonly string[]): Promise<Active[]> {
  return tx
    .selectFrom("contract_revisions")
    .select(["project_id", "contract_id", "contract_family", "body_hash"])
    .where("project_id", "in", projects)
    .where("contract_family", "in", ["tool_server", "channel"])
    .where("lifecycle_status", "=", "active")
    .execute();
}

/** The names of the secrets that are set in the projects. */
async function secretNames(
  tx: Tx,
  projects: readonly string[],
): Promise<{ project_id: string; name: string }[]> {
  return tx
    .selectFrom("secrets")
    .select(["project_id", "name"])
    .where("project_id", "in", projects)
    .execute();
}

/** The projects among these that the transaction sees, and whether a second person has to approve there. */
export async function projectsAmong(
  tx: Tx,
  projects: readonly string[],
): Promise<Map<string, { needsSecond: boolean }>> {
  if (projects.length === 0) return new Map();
  const { rows } = await sql<{ project_id: string; separate_approver: boolean }>`
    select project_id, separate_approver from projects where project_id = any (${projects}::text[])`.execute(
    tx,
  );
  return new Map(rows.map((row) => [row.project_id, { needsSecond: row.separate_approver }]));
}

/** Whether a second person has to approve in the project. */
export async function needsSecond(tx: Tx, projectId: string): Promise<boolean> {
  return (await projectsAmong(tx, [projectId])).get(projectId)?.needsSecond ?? true;
}
