import { type AgentBody, activeRevisions, matchesPattern } from "../contracts/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/log.ts";
import {
  cleanItem,
  type ServerNotification,
  type ToolServerPool,
  type ToolServerRef,
} from "../toolservers/index.ts";
import { refOf } from "./catalog.ts";
import { mayRead, subjectOf } from "./reading.ts";

type Item = Record<string, unknown>;

/** What lists there are, where their items are, and which text makes an item usable. */
const LISTS = {
  "resources/list": { field: "resources", named: "uri" },
  "resources/templates/list": { field: "resourceTemplates", named: "uriTemplate" },
  "prompts/list": { field: "prompts", named: "name" },
} as const;
type List = keyof typeof LISTS;

const CHANGES: Readonly<Record<string, readonly List[]>> = {
  "notifications/resources/list_changed": ["resources/list", "resources/templates/list"],
  "notifications/prompts/list_changed": ["prompts/list"],
};

const FRESH_MS = 60_000;
const MAX_PAGES = 50;
const MAX_ITEMS = 1000;
const MAX_CACHED = 1000;
const MAX_NAME = 2048;

/** Which tool server a reading goes to, and with which parameters. */
interface Target {
  server: string;
  params: Record<string, unknown>;
}

/** The resources and prompts of an agent's tool servers that its contract lets it see. */
export interface Offers {
  resources(projectId: string, agent: AgentBody): Promise<Item[]>;
  templates(projectId: string, agent: AgentBody): Promise<Item[]>;
  /** Under names of their own where unique, else with the tool server in front, which `_meta` then says. */
  prompts(projectId: string, agent: AgentBody): Promise<Item[]>;
  /** Where a reading has to be sent; undefined when no tool server of the contract's has it. */
  target(
    projectId: string,
    agent: AgentBody,
    method: string,
    params: Record<string, unknown>,
  ): Promise<Target | undefined>;
  /** The tool servers that the contract names, in its order. */
  refs(projectId: string, servers: readonly string[]): Promise<ToolServerRef[]>;
}

interface Deps {
  db: Database;
  pool: ToolServerPool;
  log: Logger;
}

/** Lists of one process, asked for anew after a minute or when a tool server says that they changed. */
class Lists {
  readonly #deps: Deps;
  readonly #known = new Map<string, { at: number; items: Promise<Item[]> }>();

  constructor(deps: Deps) {
    this.#deps = deps;
    deps.pool.onNotification((ref, said) => this.#changed(ref, said));
  }

  async of(ref: ToolServerRef, list: List): Promise<Item[]> {
    const key = keyOf(ref, list);
    const known = this.#known.get(key);
    if (known && Date.now() - known.at < FRESH_MS) return known.items;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_CACHED && oldest !== undefined) this.#known.delete(oldest);
    const items = this.#read(ref, list).catch(async (error) => {
      this.#known.delete(key);
      this.#deps.log.warn({ server: ref.serverId, err: error }, "a list could not be read");
      return (await known?.items) ?? [];
    });
    this.#known.set(key, { at: Date.now(), items });
    return items;
  }

  #changed(ref: ToolServerRef, { method }: ServerNotification): void {
    for (const list of CHANGES[method] ?? []) this.#known.delete(keyOf(ref, list));
  }

  async #read(ref: ToolServerRef, list: List): Promise<Item[]> {
    const { field, named } = LISTS[list];
    const found = new Map<string, Item>();
    let cursor: string | undefined;
    for (let page = 0; page < MAX_PAGES && found.size < MAX_ITEMS; page++) {
      const answer = await this.#deps.pool.ask(ref, list, cursor === undefined ? {} : { cursor });
      if (answer.kind !== "result") {
        // A server without such a list says that it does not know the method.
        if (answer.kind === "upstream_error" && answer.rpc?.code === -32601) return [];
        const why = answer.kind === "upstream_error" ? answer.message : "It asks for input.";
        throw new Error(why);
      }
      const { [field]: items, nextCursor } = answer.result;
      for (const item of Array.isArray(items) ? items : []) {
        const name = (Object(item) as Item)[named];
        if (typeof name !== "string" || name.length > MAX_NAME || found.has(name)) continue;
        if (found.size < MAX_ITEMS) found.set(name, cleanItem(item as Item));
      }
      if (typeof nextCursor !== "string") break;
      cursor = nextCursor;
    }
    return [...found.values()];
  }
}

function keyOf(ref: ToolServerRef, list: List): string {
  return `${ref.projectId} ${ref.serverId} ${ref.bodyHash} ${list}`;
}

interface OfferedPrompt {
  server: string;
  /** Its name at the tool server. */
  name: string;
  item: Item;
}

/** Prompts by the names that the agent sees. */
function exposedPrompts(all: readonly OfferedPrompt[]): Map<string, OfferedPrompt> {
  const uses = Map.groupBy(all, ({ name }) => name);
  return new Map(
    all.map((prompt) => {
      const { server, name, item } = prompt;
      if (uses.get(name)?.length === 1) return [name, prompt];
      const exposed = `${server}__${name}`;
      const _meta = { ...(item._meta as object | undefined), "awooop/server": server };
      return [exposed, { ...prompt, item: { ...item, name: exposed, _meta } }];
    }),
  );
}

class Offering implements Offers {
  readonly #db: Database;
  readonly #lists: Lists;

  constructor(deps: Deps) {
    this.#db = deps.db;
    this.#lists = new Lists(deps);
  }

  async resources(projectId: string, agent: AgentBody): Promise<Item[]> {
    return itemsOf(await this.#resourcesIn("resources/list", projectId, agent));
  }

  async templates(projectId: string, agent: AgentBody): Promise<Item[]> {
    return itemsOf(await this.#resourcesIn("resources/templates/list", projectId, agent));
  }

  async prompts(projectId: string, agent: AgentBody): Promise<Item[]> {
    return itemsOf(await this.#promptsOf(projectId, agent));
  }

  async refs(projectId: string, servers: readonly string[]): Promise<ToolServerRef[]> {
    const scope = { role: "app", projects: [projectId] } as const;
    const active = await this.#db.transaction(scope, (tx) =>
      activeRevisions(tx, projectId, "tool_server"),
    );
    return servers.flatMap((server) => {
      const found = active.find(({ contract_id }) => contract_id === server);
      return found ? [refOf(found)] : [];
    });
  }

  async target(
    projectId: string,
    agent: AgentBody,
    method: string,
    params: Record<string, unknown>,
  ): Promise<Target | undefined> {
    const subject = subjectOf(method, params);
    if (!subject) return undefined;
    if (subject.kind === "prompt") {
      const prompt = (await this.#promptsOf(projectId, agent)).get(subject.name);
      if (!prompt) return undefined;
      const { server, name } = prompt;
      const isGet = method === "prompts/get";
      const own = isGet ? { name } : { ref: { ...(params.ref as object), name } };
      return { server, params: { ...params, ...own } };
    }
    const able = (agent.resources ?? []).filter(({ server }) => mayRead(agent, server, subject));
    const [first, second] = able;
    if (!first || !second) return first && { server: first.server, params };
    // More than one may have it: the one that lists it does.
    const listed = await this.#resourcesIn("resources/list", projectId, agent);
    return { server: listed.get(subject.uri)?.server ?? first.server, params };
  }

  /** The items of a list that the contract grants; of two with the same name, that of the server named first. */
  async #resourcesIn(list: List, projectId: string, { resources = [] }: AgentBody) {
    const found = new Map<string, { server: string; item: Item }>();
    const names = resources.map(({ server }) => server);
    const servers = await this.refs(projectId, names);
    const reading = servers.map(async (ref) => [ref, await this.#lists.of(ref, list)] as const);
    for (const [{ serverId }, items] of await Promise.all(reading)) {
      const uris = resources.find(({ server }) => server === serverId)?.uris ?? [];
      for (const item of items) {
        const name = String(item[LISTS[list].named]);
        const isGranted = uris.some((pattern) => matchesPattern(pattern, name));
        if (isGranted && !found.has(name)) found.set(name, { server: serverId, item });
      }
    }
    return found;
  }

  async #promptsOf(projectId: string, agent: AgentBody) {
    const names = (agent.prompts ?? []).map(({ server }) => server);
    const servers = await this.refs(projectId, names);
    const all = servers.map(async (ref): Promise<OfferedPrompt[]> => {
      const items = await this.#lists.of(ref, "prompts/list");
      return items.flatMap((item) => {
        const [server, name] = [ref.serverId, String(item.name)];
        return mayRead(agent, server, { kind: "prompt", name }) ? [{ server, name, item }] : [];
      });
    });
    return exposedPrompts((await Promise.all(all)).flat());
  }
}

function itemsOf(found: ReadonlyMap<string, { item: Item }>): Item[] {
  return [...found.values()].map(({ item }) => item);
}

/** Knows what the agents' tool servers offer beside tools. */
export function createOffers(deps: Deps): Offers {
  return new Offering(deps);
}
