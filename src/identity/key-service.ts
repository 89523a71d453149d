import { z } from "zod";
import { appendAudit, PLATFORM_PROJECT } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError, inputErrorAt } from "../platform/errors.ts";
import { type Cursors, openPage, type TimeAndId } from "../platform/http/index.ts";
import { type Caller, isPlatformAdmin, requireRole, scopeOf } from "./caller.ts";
import { unlinkKey } from "./chat-service.ts";
import type { NewKey, Role } from "./contract.ts";
import { hashOf, newKey } from "./keys.ts";
import { joinProjects } from "./member-service.ts";
import { type ListedKey, listKeys, readProjects } from "./queries.ts";

const DEFAULT_LIMIT = 50;
const position: z.ZodType<TimeAndId> = z.tuple([z.iso.datetime(), z.string()]);

/** What administrators do with keys. */
export interface Keys {
  /**
   * Makes a key; its text is in the answer and nowhere else. An admin gives only projects of their own, a platform
   * admin any.
   *
   * @throws AppError E-FORBIDDEN, E-INPUT (a project that is not there, an expiry that has passed)
   */
  create(caller: Caller, input: NewKey): Promise<{ key_id: string; key: string }>;
  /** Keys whose every project the caller administers, newest first. */
  list(
    caller: Caller,
    page: { limit?: number | undefined; cursor?: string | undefined },
  ): Promise<KeyPage>;
  /**
   * Ends a key, and with it the sessions it opened and the chats that are linked to it. Revoking it again changes nothing.
   *
   * @throws AppError E-FORBIDDEN, E-NOT-FOUND
   */
  revoke(caller: Caller, keyId: string): Promise<void>;
}

export interface KeyPage {
  keys: (Omit<ListedKey, "projects" | "role"> & { role: Role; project_ids: string[] | null })[];
  total: number;
  total_is_exact: boolean;
  next_cursor: string | null;
  prev_cursor: string | null;
}

async function assertProjectsExist(tx: Tx, wanted: readonly string[]): Promise<void> {
  const found = await readProjects(tx, { only: wanted, limit: wanted.length });
  const known = new Set(found.map((row) => row.project_id));
  const missing = wanted.findIndex((projectId) => !known.has(projectId));
  if (missing >= 0) {
    throw inputErrorAt(`body.project_ids.${missing}`, "no_project", {
      project: wanted[missing] ?? "",
    });
  }
}

/** One audit row and one announcement for every project the key opens; for a platform key, one for the platform. */
async function record(
  tx: Tx,
  entry: {
    caller: Caller;
    action: "key.create" | "key.revoke";
    keyId: string;
    projects: readonly string[] | null;
    name: string;
    details: Record<string, unknown>;
  },
): Promise<void> {
  for (const projectId of entry.projects ?? [PLATFORM_PROJECT]) {
    await appendAudit(tx, {
      projectId,
      actor: entry.caller.actor,
      action: entry.action,
      subject: { kind: "key", id: entry.keyId },
      details: entry.details,
      private: { name: entry.name },
    });
    await announce(tx, { project_id: projectId, kind: "key", id: entry.keyId });
  }
}

/** @param options.forget called with a revoked key's id once the revocation is committed */
export function createKeys(options: {
  db: Database;
  cursors: Cursors;
  forget: (keyId: string) => void;
}): Keys {
  const { db, cursors } = options;
  return {
    create: (caller, input) => create(db, caller, input),
    list: (caller, page) => list(db, cursors, caller, page),
    async revoke(caller, keyId) {
      requireRole(caller, "admin");
      await db.transaction(scopeOf(caller), (tx) => revokeKey(tx, caller, keyId));
      options.forget(keyId);
    },
  };
}

async function create(
  db: Database,
  caller: Caller,
  input: NewKey,
): Promise<{ key_id: string; key: string }> {
  requireRole(caller, "admin");
  const projects = input.project_ids ? [...new Set(input.project_ids)].sort() : null;
  if (projects === null && !isPlatformAdmin(caller)) {
    throw new AppError(
      "E-FORBIDDEN",
      "Only a platform admin makes keys for every project; name yours in project_ids.",
    );
  }
  if (input.expires_at && Date.parse(input.expires_at) <= Date.now()) {
    throw inputErrorAt("body.expires_at", "in_the_past");
  }
  const { keyId, key } = newKey();
  await db.transaction(scopeOf(caller), async (tx) => {
    if (input.project_ids) await assertProjectsExist(tx, input.project_ids);
    await insertKey(tx, { caller, input, keyId, key, projects });
    if (input.role !== "agent")
      await joinProjects(tx, caller.actor, { name: input.name, role: input.role }, projects ?? []);
    await record(tx, {
      caller,
      action: "key.create",
      keyId,
      projects,
      name: input.name,
      details: {
        role: input.role,
        project_ids: projects,
        agent_id: input.agent_id ?? null,
        ...(input.held_by ? { held_by: input.held_by } : {}),
      },
    });
  });
  return { key_id: keyId, key };
}

async function list(
  db: Database,
  cursors: Cursors,
  caller: Caller,
  page: { limit?: number | undefined; cursor?: string | undefined },
): Promise<KeyPage> {
  requireRole(caller, "admin");
  const { limit = DEFAULT_LIMIT, cursor } = page;
  const binding = ["keys", caller.keyId];
  const { place, cut } = openPage(cursors, { binding, cursor, limit, position });
  const { rows, total } = await db.transaction(scopeOf(caller), (tx) => listKeys(tx, place), {
    snapshot: true,
  });
  const { rows: shown, ...more } = cut(rows, (row) => [row.created_at, row.key_id]);
  return {
    keys: shown.map(({ projects, role, ...row }) => ({
      ...row,
      role: role as Role,
      project_ids: projects,
    })),
    total: total.count,
    total_is_exact: total.isExact,
    ...more,
  };
}

async function insertKey(
  tx: Tx,
  made: { caller: Caller; input: NewKey; keyId: string; key: string; projects: string[] | null },
): Promise<void> {
  const { input } = made;
  await tx
    .insertInto("api_keys")
    .values({
      key_id: made.keyId,
      name: input.name,
      role: input.role,
      projects: made.projects,
      agent_id: input.agent_id ?? null,
      hold_seconds: input.hold_seconds,
      may_act_for_others: input.may_act_for_others,
      secret_hash: hashOf(made.key),
      created_by: made.caller.actor.id,
      expires_at: input.expires_at ?? null,
      held_by: input.held_by ?? null,
    })
    .execute();
}

async function revokeKey(tx: Tx, caller: Caller, keyId: string): Promise<void> {
  const found = await tx
    .selectFrom("api_keys")
    .select(["name", "projects", "revoked_at"])
    .where("key_id", "=", keyId)
    .forUpdate()
    .executeTakeFirst();
  if (!found) throw new AppError("E-NOT-FOUND", `There is no key "${keyId}".`);
  if (found.revoked_at !== null) return;
  await tx
    .updateTable("api_keys")
    .set((set) => ({ revoked_at: set.fn("clock_timestamp") }))
    .where("key_id", "=", keyId)
    .execute();
  await unlinkKey(tx, caller.actor, keyId);
  await record(tx, {
    caller,
    action: "key.revoke",
    keyId,
    projects: found.projects,
    name: found.name,
    details: {},
  });
}
