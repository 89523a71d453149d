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
import { News } from "./news.ts";

/** Whose contract is asked about. */
interface Agent {
  projectId: string;
  agentId: string;
}

type About = Pick<
  McpDeps<Agent & McpCaller>,
  | "agentTools"
  | "toolSchema"
  | "grants"
  | "resources"
  | "resourceTemplates"
  | "prompts"
  | "watch"
  | "hear"
  | "subscribe"
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
  const agentTools = ({ projectId, agentId }: Agent) => toolLists.of(projectId, agentId);
  const news = new News(calls, bodyOf, agentTools);
  const about: About = {
    agentTools,
    async toolSchema({ projectId, agentId }, tool) {
      try {
        return await toolLists.schemaOf(projectId, agentId, tool);
      } catch (error) {
        // Without an active contract there are no tools; what that means for a call is for the gates to say.
        if (error instanceof AppError) return undefined;
        throw error;
      }
    },
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
    watch: (caller, listener) => news.watch(caller, listener),
    hear: (caller, listener) => news.hear(caller, listener),
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
