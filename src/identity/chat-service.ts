import { hash, randomInt } from "node:crypto";
import { sql } from "kysely";
import type { z } from "zod";
import { type Actor, appendAudit, systemActor } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { type Cursors, openPage, timeAndId } from "../platform/http/index.ts";
import { inTurn } from "../platform/in-turn.ts";
import {
  type Caller,
  isAtLeast,
  lowerRole,
  requireProject,
  requireRole,
  scopeOf,
  unknownProject,
} from "./caller.ts";
import type {
  ChatLink,
  ChatLinkListQuery,
  chatLinkListSchema,
  linkCodeSchema,
} from "./chat-contract.ts";
import {
  type ChatPerson,
  deleteLinkOf,
  deleteLinks,
  endedKeys,
  keyOfCode,
  keyOfPerson,
  listLinks,
  putCode,
  putLink,
  takeCode,
} from "./chat-queries.ts";
import { readMember } from "./member-queries.ts";
import { findKey, type KeyRow, readProjects } from "./queries.ts";

const DEFAULT_LIMIT = 50;
const CODE_MINUTES = 10;
/** Without 0, 1, I and O, which are read wrong; ten of them carry 50 bits, and live for ten minutes. */
const SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const CODE = /^[2-9A-HJ-NP-Z]{10}$/;

/** What is done with links between people in chats and keys. */
export interface ChatLinks {
  /** @throws AppError E-FORBIDDEN (an agent's key), E-NOT-FOUND (the project) */
  createCode(caller: Caller, projectId: string): Promise<z.infer<typeof linkCodeSchema>>;
  /** Who is linked in the projects that the caller sees, newest first. */
  list(caller: Caller, query: ChatLinkListQuery): Promise<z.infer<typeof chatLinkListSchema>>;
  /**
   * Takes a link back: one's own, or as an admin anybody's.
   *
   * @throws AppError E-NOT-FOUND
   */
  remove(caller: Caller, linkId: string): Promise<void>;
}

/** @param options.db where links are kept */
export function createChatLinks(options: { db: Database; cursors: Cursors }): ChatLinks {
  const { db, cursors } = options;
  return {
    async createCode(caller, projectId) {
      requireProject(caller, projectId);
      requireRole(caller, "viewer");
      return db.transaction(scopeOf(caller), (tx) => createCode(tx, caller, projectId));
    },

    async list(caller, { project_id: projectId, cursor, limit = DEFAULT_LIMIT }) {
      requireRole(caller, "viewer");
      const binding = ["chat-links", projectId ?? null, caller.keyId];
      const { place, cut } = openPage(cursors, { binding, cursor, limit, position: timeAndId });
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        (tx) => listLinks(tx, caller, projectId, place),
        { snapshot: true },
      );
      const { rows: links, ...more } = cut(rows, (row) => [row.created_at, row.link_id]);
      return { chat_links: links, total: total.count, total_is_exact: total.isExact, ...more };
    },

    async remove(caller, link_id) {
      requireRole(caller, "viewer");
      const mine = isAtLeast(caller, "admin") ? {} : { member_id: caller.actor.id };
      await db.transaction(scopeOf(caller), async (tx) => {
        const [gone] = await deleteLinks(tx, { link_id, ...mine });
        if (!gone) throw new AppError("E-NOT-FOUND", "You have no such link.");
        await record(tx, caller.actor, "chat.unlink", gone);
      });
    },
  };
}

async function createCode(tx: Tx, caller: Caller, projectId: string) {
  const [project] = await readProjects(tx, { only: [projectId], limit: 1 });
  if (!project) throw unknownProject(projectId);
  const code = Array.from({ length: 10 }, () => SIGNS[randomInt(SIGNS.length)]).join("");
  const expires_at = await putCode(tx, {
    projectId,
    keyId: caller.keyId,
    hash: hashOfCode(code),
    minutes: CODE_MINUTES,
  });
  await appendAudit(tx, {
    projectId,
    actor: caller.actor,
    action: "chat.code",
    subject: { kind: "key", id: caller.keyId },
    details: { expires_at },
  });
  return { project_id: projectId, code, say: `/link ${code}`, expires_at };
}

/** Fifty random bits that live for ten minutes need no slow hash: nobody tries them all in that time. */
const hashOfCode = (code: string): Buffer => hash("sha256", `chat-link ${code}`, "buffer");

/**
 * Links somebody in a chat to the holder of the key that asked for the code, and uses the code up.
 *
 * @param given what was sent; may be anything
 * @returns the link; undefined when the code is wrong, used, too old, or its key has ended
 */
export async function linkChat(
  db: Database,
  person: ChatPerson,
  given: string,
): Promise<ChatLink | undefined> {
  const text = given.trim().toUpperCase();
  if (!CODE.test(text)) return undefined;
  const code = { projectId: person.projectId, hash: hashOfCode(text) };
  const scope = { role: "app", projects: [person.projectId] } as const;
  const keyId = await db.transaction(scope, (tx) => keyOfCode(tx, code));
  const key = keyId === undefined ? undefined : await usableKey(db, keyId, person.projectId);
  if (!key) return undefined;
  return db.transaction(scope, async (tx) => {
    if (!(await takeCode(tx, code))) return undefined;
    const link = await putLink(tx, person, { keyId: key.key_id, name: key.name });
    await record(tx, actorOf(key), "chat.link", link);
    return link;
  });
}

/** Takes the link of somebody in a chat back, as they wish. @returns whether there was one */
export async function unlinkChat(db: Database, person: ChatPerson): Promise<boolean> {
  const scope = { role: "app", projects: [person.projectId] } as const;
  return db.transaction(scope, async (tx) => {
    const gone = await deleteLinkOf(tx, person);
    if (gone) await record(tx, { kind: "key", id: gone.member_id }, "chat.unlink", gone);
    return gone !== undefined;
  });
}

/**
 * Who somebody in a chat is, as their key and membership are at this moment: with that key's rights, in this one project,
 * and no more than the member may.
 *
 * @returns undefined for who is not linked, whose key has ended or does not open the project, and who is no active member
 *   any more
 */
export async function callerOfChat(db: Database, person: ChatPerson): Promise<Caller | undefined> {
  const scope = { role: "app", projects: [person.projectId] } as const;
  const keyId = await db.transaction(scope, (tx) => keyOfPerson(tx, person));
  const key = keyId === undefined ? undefined : await usableKey(db, keyId, person.projectId);
  if (!key) return undefined;
  const member = await db.transaction(scope, (tx) => readMember(tx, person.projectId, key.name));
  if (member?.is_active === false) return undefined;
  return {
    keyId: key.key_id,
    actor: actorOf(key),
    role: member ? lowerRole(key.role, member.role) : key.role,
    projects: [person.projectId],
    agentId: null,
    holdSeconds: 0,
    mayActForOthers: false,
    surface: person.channelType,
  };
}

const actorOf = (key: KeyRow): Actor => ({ kind: "key", id: key.name });

/** A person's key that is good now and opens the project. No cache: it may have been revoked this moment. */
async function usableKey(
  db: Database,
  keyId: string,
  projectId: string,
): Promise<KeyRow | undefined> {
  const key = await db.transaction({ role: "system" }, (tx) => findKey(tx, keyId));
  if (!key || key.is_over || key.role === "agent") return undefined;
  return key.projects === null || key.projects.includes(projectId) ? key : undefined;
}

/** Takes back all links of a key that has ended, in the transaction that ends it. */
export async function unlinkKey(tx: Tx, by: Actor, keyId: string): Promise<void> {
  const gone = await deleteLinks(tx, { key_id: keyId });
  for (const link of gone) await record(tx, by, "chat.unlink", link);
}

/** Takes back all links of a member who is deactivated, in the transaction that does it. */
export async function unlinkMember(
  tx: Tx,
  by: Actor,
  { project_id, member_id }: { project_id: string; member_id: string },
): Promise<void> {
  const gone = await deleteLinks(tx, { project_id, member_id });
  for (const link of gone) await record(tx, by, "chat.unlink", link);
}

const BATCH = 500;

/**
 * Takes back the links of keys that have ended by themselves, which were worth nothing from that moment on, and forgets codes
 * that are too old.
 */
export async function sweepChatLinks(db: Database): Promise<void> {
  const ended = await db.transaction({ role: "system" }, async (tx) => {
    await tx.deleteFrom("chat_link_codes").where("expires_at", "<", sql<string>`now()`).execute();
    return endedKeys(tx, BATCH);
  });
  await inTurn(ended, ({ project_id, key_id }) =>
    db.transaction({ role: "app", projects: [project_id] }, (tx) =>
      unlinkKey(tx, systemActor("sweeper"), key_id),
    ),
  );
}

async function record(
  tx: Tx,
  by: Actor,
  action: "chat.link" | "chat.unlink",
  link: ChatLink,
): Promise<void> {
  const { project_id, link_id, channel_type, channel_id, key_id, member_id } = link;
  await appendAudit(tx, {
    projectId: project_id,
    actor: by,
    action,
    subject: { kind: "chat_link", id: link_id },
    details: { channel_type, channel_id, key_id, member_id },
    private: { user_id: link.user_id, user_name: link.user_name },
  });
  await announce(tx, { project_id, kind: "member", id: encodeURIComponent(member_id) });
}
