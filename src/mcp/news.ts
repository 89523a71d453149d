import { PLATFORM_PROJECT } from "../audit/index.ts";
import type { CallDeps } from "../calls/index.ts";
import type { AgentBody } from "../contracts/index.ts";
import type { Change, Changes } from "../platform/database/changes.ts";
import type { McpNews } from "./deps.ts";
import { type WatchedList, watchList } from "./watchlist.ts";

const TOOLS = "notifications/tools/list_changed";
const OTHER_LISTS = ["notifications/prompts/list_changed", "notifications/resources/list_changed"];

/** What a list of tools is made of: contracts and policies, reviewed tools, the project's standing. */
const MAKES_LISTS: ReadonlySet<string> = new Set(["contract", "tool", "tenant", "freeze"]);

/** Whose contract it is about. */
interface Agent {
  projectId: string;
  agentId: string;
}

interface NewsDeps {
  pool: CallDeps["pool"];
  changes: Pick<Changes, "subscribe">;
  log: CallDeps["log"];
}

/**
 * What agents' clients hear of without asking: what their tool servers say to all, and that a contract, a tool server or
 * a review of a changed tool has made their lists others.
 */
export class News<A extends Agent> {
  readonly #deps: NewsDeps;
  readonly #bodyOf: (agent: A) => Promise<AgentBody>;
  readonly #toolsOf: (agent: A) => Promise<unknown>;
  /** The tools of the agents somebody listens for, each looked at once for all who do. */
  readonly #tools = new Map<string, { list: WatchedList; listeners: Set<() => void> }>();

  constructor(
    deps: NewsDeps,
    bodyOf: (agent: A) => Promise<AgentBody>,
    toolsOf: (agent: A) => Promise<unknown>,
  ) {
    this.#deps = deps;
    this.#bodyOf = bodyOf;
    this.#toolsOf = toolsOf;
  }

  /** @returns how to stop */
  async watch(agent: A, listener: (news: McpNews) => void): Promise<() => void> {
    let servers = await this.#serversOf(agent);
    const tools = this.#watchTools(agent, () => listener({ method: TOOLS, params: {} }));
    const unsaid = this.#deps.pool.onNotification((ref, said) => {
      const isMine = ref.projectId === agent.projectId && servers.has(ref.serverId);
      // Of its tools the agent has a list of its own: that changes when they have been looked at.
      if (isMine && said.method !== TOOLS) listener(said);
    });
    const unheard = this.hear(agent, (change) => {
      const { kind, id } = change ?? { kind: "contract", id: agent.agentId };
      if (MAKES_LISTS.has(kind)) tools.lookAgain();
      if (kind !== "contract" || !(id === agent.agentId || servers.has(id))) return;
      for (const method of OTHER_LISTS) listener({ method, params: {} });
      this.#serversOf(agent).then(
        (now) => {
          servers = now;
        },
        () => servers.clear(),
      );
    });
    return () => {
      tools.stop();
      unsaid();
      unheard();
    };
  }

  /** Hears of what changed in the agent's project, or for all projects; of undefined when that may have been missed. */
  hear(agent: A, listener: (change: Change | undefined) => void): () => void {
    return this.#deps.changes.subscribe((change) => {
      const where = change?.project_id ?? agent.projectId;
      if (where === agent.projectId || where === PLATFORM_PROJECT) listener(change);
    });
  }

  async #serversOf(agent: A): Promise<Set<string>> {
    const { tools, resources = [], prompts = [] } = await this.#bodyOf(agent);
    return new Set([...tools, ...resources, ...prompts].map(({ server }) => server));
  }

  #watchTools(agent: A, tell: () => void): WatchedList {
    const key = `${agent.projectId} ${agent.agentId}`;
    let entry = this.#tools.get(key);
    if (!entry) {
      const listeners = new Set<() => void>();
      const tellAll = () => {
        for (const listener of listeners) listener();
      };
      entry = { listeners, list: watchList(() => this.#toolsOf(agent), tellAll, this.#deps.log) };
      this.#tools.set(key, entry);
    }
    const { list, listeners } = entry;
    listeners.add(tell);
    return {
      lookAgain: () => list.lookAgain(),
      stop: () => {
        listeners.delete(tell);
        if (listeners.size > 0 || this.#tools.get(key)?.list !== list) return;
        list.stop();
        this.#tools.delete(key);
      },
    };
  }
}
