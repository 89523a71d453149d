import { askGates, type Policies } from "../gates/index.ts";
import type { Changes } from "../platform/database/changes.ts";
import type { Database } from "../platform/database/index.ts";
import { createKept } from "../platform/kept.ts";
import { activeAgent } from "../runs/index.ts";
import { cleanDefinition, type ToolDefinition } from "../toolservers/index.ts";
import type { CallDeps } from "./deps.ts";
import { pinFact } from "./facts.ts";
import type { StandingFacts, StandingTool } from "./standing.ts";

/** The lists of tools that agents see. */
export interface ToolLists {
  /**
   * The tools of an agent's active contract that the first three gates could let it call as things are now, whatever the
   * arguments; in their cleaned descriptions, under the names that the agent sees.
   *
   * @throws AppError E-CONTRACT-NONE
   */
  of(projectId: string, agentId: string): Promise<ToolDefinition[]>;
  /**
   * The pinned schema of a tool that the agent's active contract lists, by the name that the agent sees. It costs a look at
   * what is kept, except where the tool was never seen.
   */
  schemaOf(
    projectId: string,
    agentId: string,
    tool: string,
  ): Promise<Record<string, unknown> | undefined>;
}

/** Keeps the lists until what they are made of changes; tool servers are asked again when their list is a minute old. */
export function createToolLists(
  deps: Pick<CallDeps, "catalog" | "standing" | "policies"> & { db: Database; changes: Changes },
): ToolLists {
  const { db, changes, catalog, standing, policies } = deps;
  const agents = createKept<{ revisionId: string }>(changes.isLive);
  changes.subscribe((change) => {
    if (change === undefined) agents.clear();
    else if (change.kind === "contract") {
      agents.drop((name) => name.startsWith(`${change.project_id} `));
    }
  });
  const lists = new WeakMap<StandingFacts, ToolDefinition[]>();

  const revisionOf = async (projectId: string, agentId: string) => {
    const scope = { role: "app", projects: [projectId] } as const;
    const found = await agents.get(`${projectId} ${agentId}`, async () => {
      const agent = await db.transaction(scope, (tx) => activeAgent(tx, projectId, agentId));
      return { revisionId: agent.revision_id };
    });
    return found?.revisionId ?? "";
  };

  return {
    async of(projectId, agentId) {
      const revisionId = await revisionOf(projectId, agentId);
      let facts = await standing.of(projectId, revisionId);
      const stale = facts?.servers.filter((ref) => !catalog.isFresh(ref)) ?? [];
      if (stale.length > 0) {
        // A server that can't be reached now still shows what is pinned; its calls will say what is wrong.
        await Promise.all(stale.map((ref) => catalog.refresh(ref)));
        facts = await standing.readAnew(projectId, revisionId);
      }
      if (!facts) return [];
      const known = lists.get(facts);
      if (known) return known;
      const list = listOf(facts, policies);
      lists.set(facts, list);
      return list;
    },
    async schemaOf(projectId, agentId, name) {
      const revisionId = await revisionOf(projectId, agentId);
      const tool = (await standing.of(projectId, revisionId))?.tools.get(name);
      if (!tool?.ref || tool.pin) return tool?.pin?.definition.inputSchema;
      await catalog.refresh(tool.ref);
      const facts = await standing.readAnew(projectId, revisionId);
      return facts?.tools.get(name)?.pin?.definition.inputSchema;
    },
  };
}

function listOf(facts: StandingFacts, policies: Policies): ToolDefinition[] {
  return [...facts.tools].flatMap(([name, tool]) => {
    if (!tool.pin || !couldPass(facts, tool, policies)) return [];
    const { definition } = cleanDefinition(tool.pin.definition);
    if (name === definition.name) return [definition];
    // Where two servers have a tool of this name, the list says whose each is.
    const whose = { "awooop/server": tool.grant.server, "awooop/tool": tool.grant.tool };
    const _meta = { ...(definition._meta as object | undefined), ...whose };
    return [{ ...definition, name, _meta }];
  });
}

function couldPass(facts: StandingFacts, tool: StandingTool, policies: Policies): boolean {
  const { project, agent } = facts;
  const { grant, isObserved, pin } = tool;
  const { decision } = askGates(
    grant,
    {
      // While an agent is frozen it is told so instead of being shown a list; this one is for afterwards.
      project: { ...project, freeze: undefined },
      // A shadow run may do all that a live one may, and what is only observed besides.
      run: { state: "running", is_shadow: true, ofCaller: true },
      contract: {
        agentId: agent.contract_id,
        version: `${agent.version_major}.${agent.version_minor}`,
        grant,
        isObserved,
      },
      pin: pinFact(pin),
      argumentProblems: [],
      policy: { decision: "unpoliced" },
      budget: [],
      question: undefined,
    },
    2,
  );
  const { server, tool: name, effect } = grant;
  const scope = { agent: agent.contract_id, effect, server, tool: name };
  return decision === "pass" && policies.couldPermit(facts.policies, scope);
}
