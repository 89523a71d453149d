import { sql } from "kysely";
import type { Database, Tx } from "../platform/database/index.ts";
import type { Logger } from "../platform/log.ts";
import type { HealthBook, ServerHealth } from "./health.ts";

const LOOK_MS = 2000;
const REFRESH_MS = 30_000;

/** What was written last of a server. */
interface Written {
  /** What a change of has to be written soon. */
  state: string;
  at: number;
}

/** Writes down what a process has found of its tool servers, for people to see. */
export interface HealthWriter {
  /** Writes what has changed; and then nothing more. */
  close(): Promise<void>;
}

/**
 * Writes a change within two seconds, and that nothing has changed once in half a minute, as long as the server is used:
 * calls themselves write nothing.
 *
 * @param options.processId names this process among those that use the database
 */
export function startHealthWriter(options: {
  db: Database;
  book: HealthBook;
  processId: string;
  log: Logger;
}): HealthWriter {
  const { db, book, processId, log } = options;
  const written = new Map<string, Written>();
  let writing = Promise.resolve();

  async function writeDue(): Promise<void> {
    const now = Date.now();
    for (const [projectId, due] of dueByProject(book, written)) {
      try {
        const scope = { role: "app", projects: [projectId] } as const;
        await db.transaction(scope, (tx) => write(tx, processId, due));
        for (const health of due) {
          written.set(keyOf(health), { state: stateOf(health), at: now });
        }
      } catch (error) {
        // It is tried again at the next look; calls go on without it.
        log.warn({ err: error, project: projectId }, "tool servers' health could not be recorded");
      }
    }
  }

  const look = () => {
    writing = writing.then(writeDue);
    return writing;
  };
  const timer = setInterval(look, LOOK_MS).unref();
  return {
    close() {
      clearInterval(timer);
      return look();
    },
  };
}

const keyOf = (health: ServerHealth) => `${health.projectId} ${health.serverId}`;

function stateOf(health: ServerHealth): string {
  const { revisionId, state, error, restarts, facts } = health;
  return JSON.stringify([revisionId, state, error, restarts, facts]);
}

function dueByProject(
  book: HealthBook,
  written: ReadonlyMap<string, Written>,
): Map<string, ServerHealth[]> {
  const due = new Map<string, ServerHealth[]>();
  const now = Date.now();
  for (const health of book.all()) {
    const before = written.get(keyOf(health));
    const usedAt = Math.max(health.lastOkAt ?? 0, health.lastFailureAt ?? 0);
    const isStale = before !== undefined && usedAt > before.at && now - before.at >= REFRESH_MS;
    if (before?.state === stateOf(health) && !isStale) continue;
    // As it is now: it may change while it is being written.
    due.set(health.projectId, [...(due.get(health.projectId) ?? []), { ...health }]);
  }
  return due;
}

const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());

/** Writes the rows, in one order, and takes away those of processes that have said nothing for a day. */
async function write(tx: Tx, processId: string, due: readonly ServerHealth[]): Promise<void> {
  const inOrder = due.toSorted((a, b) => (a.serverId < b.serverId ? -1 : 1));
  const rows = inOrder.map((health) => ({
    project_id: health.projectId,
    server_id: health.serverId,
    process_id: processId,
    revision_id: health.revisionId,
    state: health.state,
    error_code: health.error?.code ?? null,
    error_message: health.error?.message ?? null,
    last_ok_at: timeOf(health.lastOkAt),
    last_failure_at: timeOf(health.lastFailureAt),
    next_try_at: timeOf(health.nextTryAt),
    restarts: health.restarts,
    protocol_version: health.facts?.protocolVersion ?? null,
    server_name: health.facts?.name ?? null,
    server_version: health.facts?.version ?? null,
    held_to: health.heldTo === undefined ? null : [...health.heldTo],
    observed_at: sql<string>`clock_timestamp()`,
  }));
  for (const row of rows) {
    const { project_id, server_id, process_id, ...changed } = row;
    await tx
      .insertInto("tool_server_health")
      .values(row)
      .onConflict((conflict) =>
        conflict.columns(["project_id", "server_id", "process_id"]).doUpdateSet(changed),
      )
      .execute();
    await tx
      .deleteFrom("tool_server_health")
      .where("project_id", "=", project_id)
      .where("server_id", "=", server_id)
      .where("observed_at", "<", sql<string>`clock_timestamp() - interval '1 day'`)
      .execute();
  }
}
