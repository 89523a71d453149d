import { type RawBuilder, sql } from "kysely";
import pg from "pg";
import type { Logger } from "../log.ts";
import { fixedQuery } from "./fixed-query.ts";
import type { Tx } from "./index.ts";
import { CONNECT_MS } from "./unreachable.ts";

const CHANNEL = "awooop_changes";
const RETRY_MS = 500;

/** What kind of thing changed. */
export type ChangeKind =
  | "run"
  /** A run, which the id names, is free for a worker to go on with. */
  | "wake"
  | "bulk"
  | "approval"
  | "channel_event"
  | "message"
  | "call"
  /** Calls of a run, which the id names: many of them may be told of at once. */
  | "calls"
  | "contract"
  | "secret"
  | "tenant"
  /** Of a freeze of everything, the project is `_platform`. */
  | "freeze"
  | "tool"
  | "key"
  /** Somebody of a project, or what they have lent to somebody. */
  | "member";

/** That something changed, never what it is now: whoever hears it reads again, under their own rights. */
export interface Change {
  project_id: string;
  kind: ChangeKind;
  id: string;
}

/** Announces changes to every process when the transaction commits; equal ones of a transaction are sent once. */
export async function announce(tx: Tx, changes: Change | readonly Change[]): Promise<void> {
  const payloads = [changes]
    .flat()
    .map(({ project_id, kind, id }) => `${project_id} ${kind} ${id}`);
  await announceQuery(tx, { payloads });
}

const announceQuery = fixedQuery<{ payloads: string[] }, unknown>(
  (slot) =>
    sql`select pg_notify(${CHANNEL}, payload) from unnest(${slot("payloads")}::text[]) as payload`,
);

/** As `announce`, inside of a statement that makes the change. */
export function announcing(
  projectId: RawBuilder<unknown>,
  kind: ChangeKind,
  id: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`pg_notify(${CHANNEL}, concat_ws(' ', ${projectId}::text, ${sql.lit(kind)}, ${id}::text))`;
}

type Hear = (change: Change | undefined) => void;

export interface Changes {
  /**
   * Calls `hear` for every change from now on, and with undefined when some may have been missed (reconnected).
   *
   * @param id only of what has this id: thousands may each wait for one thing, and none of them costs the others anything
   */
  subscribe(hear: Hear, id?: string): () => void;
  /** Whether changes are heard of at this moment: false from when the connection was lost until it is back. */
  isLive(): boolean;
  close(): Promise<void>;
}

/**
 * Listens on one direct connection and hands changes to the subscribers of this process. A lost connection is opened
 * again for as long as it takes; subscribers are then told that they may have missed something.
 */
export async function listenToChanges(options: { url: string; log: Logger }): Promise<Changes> {
  const subscribers = new Subscribers();
  const tell = (change: Change | undefined) => subscribers.tell(change);
  let closed = false;
  let isLive = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;

  const connect = async () => {
    const next = new pg.Client({
      connectionString: options.url,
      application_name: "awooop-listen",
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
    });
    next.on("error", (error) =>
      options.log.warn({ err: error }, "the change listener lost its connection"),
    );
    next.on("end", () => {
      isLive = false;
      if (!closed) again();
    });
    next.on("notification", ({ payload }) => tell(parseChange(payload ?? "")));
    client = next;
    await next.connect();
    await next.query(`listen ${CHANNEL}`);
    isLive = true;
  };
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      connect().then(
        () => tell(undefined),
        () => closed || again(),
      );
    }, RETRY_MS);
  };

  await connect();
  return {
    subscribe: (hear, id) => subscribers.add(hear, id),
    isLive: () => isLive,
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end();
    },
  };
}

class Subscribers {
  readonly #all = new Set<Hear>();
  readonly #byId = new Map<string, Set<Hear>>();

  /** @returns how to leave */
  add(hear: Hear, id: string | undefined): () => void {
    // A listener of its own each time, so that one may subscribe twice and leave once.
    const mine: Hear = (change) => hear(change);
    if (id === undefined) {
      this.#all.add(mine);
      return () => this.#all.delete(mine);
    }
    const group = this.#byId.get(id) ?? new Set();
    this.#byId.set(id, group.add(mine));
    return () => {
      group.delete(mine);
      if (group.size === 0 && this.#byId.get(id) === group) this.#byId.delete(id);
    };
  }

  tell(change: Change | undefined): void {
    for (const hear of this.#all) hear(change);
    const groups =
      change === undefined ? [...this.#byId.values()] : [this.#byId.get(change.id) ?? []];
    for (const group of groups) for (const hear of group) hear(change);
  }
}

function parseChange(payload: string): Change | undefined {
  const [project_id, kind, id] = payload.split(" ");
  return project_id && kind && id ? { project_id, kind: kind as ChangeKind, id } : undefined;
}
