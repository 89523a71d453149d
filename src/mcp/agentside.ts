import {
  type CallDeps,
  createOffers,
  createSubscriptions,
  createToolLists,
} from "../calls/index.ts";
import type { Changes } from "../platform/database/changes.ts";
import { AppError } from "../platform/errors.ts";
import { activeAgent } from "../runs/index.ts";
import type { McpCall, McpCaller, McpDeps } from "./deps.ts";

/** Whose contract is asked about. */
interface Agent {
  projectId: string;
  agentId: string;
}

type About = Pick<
  McpDeps<Agent & McpCaller>,
  "agentTools" | "grants" | "resources" | "resourceTemplates" | "prompts" | "watch" | "subscribe"
>;

interface AgentSide {
  about: About;
  /** Which tool server a reading goes to, and with which parameters; nothing for a tool call. */
  aim(
    agent: Agent,
    call: Pick<McpCall<McpCaller>, "isReading" | "tool" | "args">,
  ): Promise<{ server?: string; args?: Record<string, unknown> }>;
}

/** What the gateway asks about an agent's contract and its tool servers, answered from them. */
export function agentSide(calls: CallDeps & { changes: Changes }): AgentSide {
  const toolLists = createToolLists(calls);
  const offers = createOffers(calls);
  const subscriptions = createSubscriptions(calls.pool, offers);
  const contractOf = ({ projectId, agentId }: Agent) =>
    calls.db.transaction({ role: "app", projects: [projectId] }, (tx) =>
      activeAgent(tx, projectId, agentId),
    );
  const bodyOf = async (agent: Agent) => (await contractOf(agent)).body;
  const about: About = {
    agentTools: ({ projectId, agentId }) => toolLists.of(projectId, agentId),
    async grants(caller) {
      try {
        const { resources = [], prompts = [] } = await bodyOf(caller);
        return { resources: resources.length > 0, prompts: prompts.length > 0 };
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        return { resources: false, prompts: false };
      }
    },
    resources: async (caller) => offers.resources(caller.projectId, await bodyOf(caller)),
    resourceTemplates: async (caller) => offers.templates(caller.projectId, await bodyOf(caller)),
    prompts: async (caller) => offers.prompts(caller.projectId, await bodyOf(caller)),
    async watch(caller, listener) {
      const { tools, resources = [], prompts = [] } = await bodyOf(caller);
      const servers = new Set([...tools, ...resources, ...prompts].map(({ server }) => server));
      return calls.pool.onNotification((ref, said) => {
        if (ref.projectId === caller.projectId && servers.has(ref.serverId)) listener(said);
      });
    },
    subscribe: async (caller, uri) =>
      subscriptions.open(caller.projectId, await bodyOf(caller), uri),
  };
  return {
    about,
    async aim(agent, { isReading, tool, args }) {
      if (!isReading) return {};
      const target = await offers.target(agent.projectId, await bodyOf(agent), tool, args);
      return target ? { server: target.server, args: target.params } : {};
    },
  };
}
