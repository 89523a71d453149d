import {
  type AgentBody,
  activeHeads,
  activeRevisions,
  type Revision,
  readAgent,
  readRevision,
  type ToolGrant,
} from "../contracts/index.ts";
import type { Policies } from "../gates/index.ts";
import type { Changes } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { createKept } from "../platform/kept.ts";
import { readProjectOfAgent } from "../tenants/index.ts";
import { listPins, type ToolPin, type ToolServerRef } from "../toolservers/index.ts";
import { refOf } from "./catalog.ts";
import { exposedNames } from "./names.ts";
import { observedGrants } from "./observed.ts";

/** What is known of a project and one of its agents before a call comes. */
export interface StandingFacts {
  /** With the freeze that stops the agent, if there is one. */
  project: NonNullable<Awaited<ReturnType<typeof readProjectOfAgent>>>;
  agent: Revision<AgentBody>;
  /** What the agent may call, by the names it sees. */
  tools: ReadonlyMap<string, StandingTool>;
  /** The tool servers that it may use, as far as they are active. */
  servers: readonly ToolServerRef[];
  /** The project's active policies; with their bodies where `Policies.knows` did not know them. */
  policies: Awaited<ReturnType<typeof activeHeads>>;
}

export interface StandingTool {
  grant: ToolGrant;
  isObserved: boolean;
  /** Undefined where the tool server has no active contract. */
  ref: ToolServerRef | undefined;
  /** Undefined where the tool server has no such tool. */
  pin: ToolPin | undefined;
}

/** Standing facts, kept for as long as nothing changes them. */
export interface StandingCache {
  /** Undefined when the project or the revision is gone. */
  of(projectId: string, revisionId: string): Promise<StandingFacts | undefined>;
  /** As `of`, past what is kept: for whoever has just changed something that has not been heard of yet. */
  readAnew(projectId: string, revisionId: string): Promise<StandingFacts | undefined>;
}

/** What says nothing about standing facts: what happens to runs and calls. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(
  "run wake bulk call calls approval message channel_event key secret".split(" "),
);

/** Keeps standing facts; whoever changes them announces it, and what is kept is read anew at the next call. */
export function createStandingCache(options: {
  db: Database;
  changes: Changes;
  policies: Policies;
}): StandingCache {
  const { db, changes, policies } = options;
  const kept = createKept<StandingFacts>(changes.isLive);
  changes.subscribe((change) => {
    if (change === undefined) return kept.clear();
    if (WITHOUT_EFFECT.has(change.kind)) return;
    // What belongs to no tenant concerns all of them.
    if (change.project_id.startsWith("_")) kept.clear();
    else kept.drop((name) => name.startsWith(`${change.project_id} `));
  });
  const readAnew = (projectId: string, revisionId: string) =>
    db.transaction({ role: "app", projects: [projectId] }, (tx) =>
      readStanding(tx, policies, projectId, revisionId),
    );
  return {
    of: (projectId, revisionId) =>
      kept.get(`${projectId} ${revisionId}`, () => readAnew(projectId, revisionId)),
    readAnew,
  };
}

async function readStanding(
  tx: Tx,
  policies: Policies,
  projectId: string,
  revisionId: string,
): Promise<StandingFacts | undefined> {
  const [revision, heads, servers] = await Promise.all([
    readRevision(tx, projectId, revisionId),
    activeHeads(tx, projectId, "policy"),
    activeRevisions(tx, projectId, "tool_server"),
  ]);
  if (!revision) return undefined;
  const project = await readProjectOfAgent(tx, projectId, revision.contract_id);
  if (!project) return undefined;
  const agent = readAgent(revision);
  const known = policies.knows(heads) ? heads : await activeRevisions(tx, projectId, "policy");
  return { project, agent, policies: known, ...(await toolsOf(tx, agent, servers)) };
}

async function toolsOf(
  tx: Tx,
  agent: Revision<AgentBody>,
  servers: readonly Revision[],
): Promise<Pick<StandingFacts, "tools" | "servers">> {
  const { body, project_id: projectId } = agent;
  const wanted = new Set([
    ...body.tools.map(({ server }) => server),
    ...(body.observe?.servers ?? []),
  ]);
  const pinned = await Promise.all(
    [...wanted].map(async (server) =>
      (await listPins(tx, projectId, server)).map((pin) => ({ server, pin })),
    ),
  );
  const pins = pinned.flat();
  const byName = new Map(pins.map(({ server, pin }) => [`${server}/${pin.toolName}`, pin]));
  const used = servers.filter(({ contract_id }) => wanted.has(contract_id));
  const refs = new Map(used.map((server) => [server.contract_id, refOf(server)]));
  const observed = observedGrants(body, pins);
  const tools = new Map<string, StandingTool>();
  for (const [name, grant] of exposedNames([...body.tools, ...observed])) {
    const ref = refs.get(grant.server);
    tools.set(name, {
      grant,
      isObserved: observed.includes(grant),
      ref,
      pin: ref && byName.get(`${grant.server}/${grant.tool}`),
    });
  }
  return { tools, servers: [...refs.values()] };
}
