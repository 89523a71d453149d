import { activeRevision, type Revision } from "../contracts/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import {
  syncPins,
  type ToolDefinition,
  type ToolServerPool,
  type ToolServerRef,
  type UpstreamError,
} from "../toolservers/index.ts";

const FRESH_MS = 60_000;
/** From this age on a list is asked for anew before anybody has to wait for it. */
const DUE_MS = 45_000;
/** Somebody waits for it, with a contract in their hands. */
const RELIST_MS = 10_000;
const CHANGED_MS = 1_000;

/** What the tool servers offer, compared with what is pinned at most a minute ago. */
export interface Catalog {
  /**
   * Whether this process has listed the server's tools lately, and before the facts were read that are to be decided on:
   * those may be older than the pins otherwise.
   *
   * @param readAt `Date.now()` from before the facts were read
   */
  isFresh(ref: ToolServerRef, readAt?: number): boolean;
  /** As `isFresh`; and lists the tools anew in the background when they soon no longer are. */
  keepFresh(ref: ToolServerRef): boolean;
  /**
   * Lists the server's tools and brings the pins up to date, once for all that ask for it at the same time; the error is
   * the tool server's.
   *
   * @param signal for somebody who won't wait as long as the tool server may take; they list it for themselves
   */
  refresh(ref: ToolServerRef, signal?: AbortSignal): Promise<UpstreamError | undefined>;
  /** Lists the tools of active tool servers anew; of one that can't be reached, what is pinned stays as it is. */
  relist(servers: readonly { project_id: string; server_id: string }[]): Promise<void>;
}

/** The reference to a tool server's active contract; undefined when there is none. */
export async function serverRef(
  tx: Tx,
  projectId: string,
  serverId: string,
): Promise<ToolServerRef | undefined> {
  const revision = await activeRevision(tx, projectId, serverId, "tool_server");
  return revision && refOf(revision);
}

/** How the pool knows the tool server of a contract. */
export function refOf(revision: Revision): ToolServerRef {
  return {
    projectId: revision.project_id,
    serverId: revision.contract_id,
    revisionId: revision.revision_id,
    bodyHash: revision.body_hash,
    body: revision.body,
  };
}

/** Acts in the transaction that finds tools of a server to be no longer what was pinned. */
type ToolsChanged = (
  tx: Tx,
  of: { projectId: string; serverId: string; tools: readonly string[] },
) => Promise<void>;

export function createCatalog(db: Database, pool: ToolServerPool, hear?: ToolsChanged): Catalog {
  const listedAt = new Map<string, number>();
  const keyOf = (ref: ToolServerRef) => `${ref.projectId} ${ref.serverId} ${ref.bodyHash}`;
  const isFresh = (ref: ToolServerRef, readAt = Number.POSITIVE_INFINITY) => {
    const at = listedAt.get(keyOf(ref)) ?? 0;
    return Date.now() - at < FRESH_MS && at < readAt;
  };

  pool.onNotification((ref, { method }) => {
    if (method === "notifications/tools/list_changed") listedAt.delete(keyOf(ref));
  });

  const listing = new Map<string, Promise<UpstreamError | undefined>>();
  const refresh = (ref: ToolServerRef, signal?: AbortSignal) => {
    if (signal) return list(ref, signal);
    const key = keyOf(ref);
    const underWay = listing.get(key) ?? list(ref).finally(() => listing.delete(key));
    listing.set(key, underWay);
    return underWay;
  };

  async function list(ref: ToolServerRef, signal?: AbortSignal) {
    const listed = await pool.listTools(ref, { signal });
    if (listed.kind === "upstream_error") return listed;
    await db.transaction({ role: "app", projects: [ref.projectId] }, (tx) =>
      compare(tx, ref, listed.tools, hear),
    );
    listedAt.set(keyOf(ref), Date.now());
    return undefined;
  }

  whenChanged(pool, keyOf, (ref) => {
    listedAt.delete(keyOf(ref));
    // One that can't be asked now is asked again when somebody wants to know.
    refresh(ref).catch(() => undefined);
  });

  return {
    isFresh,
    keepFresh(ref) {
      const age = Date.now() - (listedAt.get(keyOf(ref)) ?? 0);
      // What fails now is tried again, and told, by the call that finds the list too old.
      if (age >= DUE_MS && age < FRESH_MS) refresh(ref).catch(() => undefined);
      return age < FRESH_MS;
    },
    refresh,
    async relist(servers) {
      const signal = AbortSignal.timeout(RELIST_MS);
      const asked = servers.map(async ({ project_id, server_id }) => {
        const scope = { role: "app", projects: [project_id] } as const;
        const ref = await db.transaction(scope, (tx) => serverRef(tx, project_id, server_id));
        if (ref) await list(ref, signal);
      });
      await Promise.all(asked);
    },
  };
}

async function compare(
  tx: Tx,
  { projectId, serverId }: ToolServerRef,
  tools: readonly ToolDefinition[],
  hear: ToolsChanged | undefined,
): Promise<void> {
  const { changed } = await syncPins(tx, projectId, serverId, tools);
  if (changed.length > 0) await hear?.(tx, { projectId, serverId, tools: changed });
}

/** Hears of servers that say that their tools have changed; of each not more often than every second. */
function whenChanged(
  pool: ToolServerPool,
  keyOf: (ref: ToolServerRef) => string,
  hear: (ref: ToolServerRef) => void,
): void {
  const due = new Set<string>();
  pool.onNotification((ref, { method }) => {
    const key = keyOf(ref);
    if (method !== "notifications/tools/list_changed" || due.has(key)) return;
    due.add(key);
    const tell = () => {
      due.delete(key);
      hear(ref);
    };
    setTimeout(tell, CHANGED_MS).unref();
  });
}
