import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import { type List, readList } from "../platform/database/list.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import { newId } from "../platform/ids.ts";
import type { Caller } from "./caller.ts";
import type { ChatLink } from "./chat-contract.ts";
import { projectsTable } from "./projects-table.ts";

/** Somebody in a chat, as the provider vouches for them. */
export interface ChatPerson {
  channelType: ChatLink["channel_type"];
  projectId: string;
  channelId: string;
  /** The provider's; on Slack with the team. */
  userId: string;
  name: string;
}

const COLUMNS = [
  "link_id",
  "project_id",
  "channel_type",
  "channel_id",
  "user_id",
  "user_name",
  "key_id",
  "member_id",
  "created_at",
] as const;

const NAME_MAX = 200;

/** Keeps a key's code in place of the one before. @returns until when it is good */
export async function putCode(
  tx: Tx,
  code: { projectId: string; keyId: string; hash: Buffer; minutes: number },
): Promise<string> {
  const expires_at = sql<string>`clock_timestamp() + make_interval(mins => ${code.minutes})`;
  const row = await tx
    .insertInto("chat_link_codes")
    .values({
      project_id: code.projectId,
      key_id: code.keyId,
      code_hash: code.hash,
      expires_at,
    })
    .onConflict((conflict) =>
      conflict.columns(["project_id", "key_id"]).doUpdateSet({ code_hash: code.hash, expires_at }),
    )
    .returning("expires_at")
    .executeTakeFirstOrThrow();
  return row.expires_at;
}

const codeIs = sql<boolean>`expires_at > clock_timestamp()`;

/** Whose code it is, while it is good. */
export async function keyOfCode(
  tx: Tx,
  code: { projectId: string; hash: Buffer },
): Promise<string | undefined> {
  const row = await tx
    .selectFrom("chat_link_codes")
    .select("key_id")
    .where("project_id", "=", code.projectId)
    .where("code_hash", "=", code.hash)
    .where(codeIs)
    .executeTakeFirst();
  return row?.key_id;
}

/** Uses a code up. @returns false where it is not good any more */
export async function takeCode(
  tx: Tx,
  code: { projectId: string; hash: Buffer },
): Promise<boolean> {
  const row = await tx
    .deleteFrom("chat_link_codes")
    .where("project_id", "=", code.projectId)
    .where("code_hash", "=", code.hash)
    .where(codeIs)
    .returning("key_id")
    .executeTakeFirst();
  return row !== undefined;
}

/** Links somebody in a chat to a key, in place of the link they had. */
export async function putLink(
  tx: Tx,
  person: ChatPerson,
  key: { keyId: string; name: string },
): Promise<ChatLink> {
  const link = {
    link_id: newId(),
    channel_id: person.channelId,
    user_name: [...person.name].slice(0, NAME_MAX).join(""),
    key_id: key.keyId,
    member_id: key.name,
    created_at: sql<string>`clock_timestamp()`,
  };
  const { projectId: project_id, channelType: channel_type, userId: user_id } = person;
  const row = await tx
    .insertInto("chat_links")
    .values({ project_id, channel_type, user_id, ...link })
    .onConflict((conflict) =>
      conflict.columns(["project_id", "channel_type", "user_id"]).doUpdateSet(link),
    )
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return row as ChatLink;
}

/** The key that somebody in a chat is linked to. */
export async function keyOfPerson(tx: Tx, person: ChatPerson): Promise<string | undefined> {
  const row = await tx
    .selectFrom("chat_links")
    .select("key_id")
    .where("project_id", "=", person.projectId)
    .where("channel_type", "=", person.channelType)
    .where("user_id", "=", person.userId)
    .executeTakeFirst();
  return row?.key_id;
}

/** Takes the link of somebody in a chat back. @returns the link, or undefined where there was none */
export async function deleteLinkOf(tx: Tx, person: ChatPerson): Promise<ChatLink | undefined> {
  const row = await tx
    .deleteFrom("chat_links")
    .where("project_id", "=", person.projectId)
    .where("channel_type", "=", person.channelType)
    .where("user_id", "=", person.userId)
    .returning(COLUMNS)
    .executeTakeFirst();
  return row as ChatLink | undefined;
}

/**
 * Takes links back: one, all of a key, or all of a member.
 *
 * @param of.member_id only if it is this member's
 */
export async function deleteLinks(
  tx: Tx,
  of:
    | { link_id: string; member_id?: string }
    | { key_id: string }
    | { project_id: string; member_id: string },
): Promise<ChatLink[]> {
  const rows = await tx
    .deleteFrom("chat_links")
    .where((row) => row.and(of))
    .returning(COLUMNS)
    .execute();
  return rows as ChatLink[];
}

/** Whose links are worth nothing, for their key has ended: by project, as many as `most`. */
export async function endedKeys(
  tx: Tx,
  most: number,
): Promise<{ project_id: string; key_id: string }[]> {
  return tx
    .selectFrom("chat_links as l")
    .innerJoin("api_keys as k", "k.key_id", "l.key_id")
    .select(["l.project_id", "l.key_id"])
    .distinct()
    .where((of) =>
      of.or([of("k.revoked_at", "is not", null), of("k.expires_at", "<=", sql<string>`now()`)]),
    )
    .limit(most)
    .execute();
}

/** A page of the links the transaction may see and one more, newest first, with how many there are. */
export function listLinks(
  tx: Tx,
  caller: Caller,
  projectId: string | undefined,
  place: Place<TimeAndId>,
) {
  const list: List = {
    table: "chat_links",
    projects: projectsTable(caller, projectId),
    columns: sql.join(COLUMNS.map((column) => sql.ref(`l.${column}`))),
    from: sql`chat_links l where l.project_id = p.project_id`,
    by: { created_at: sql`l.created_at`, link_id: sql`l.link_id` },
    order: "desc",
  };
  return readList<ChatLink>(tx, list, place);
}
