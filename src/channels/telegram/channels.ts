import { sql } from "kysely";
import type { Database } from "../../platform/database/index.ts";
import type { ChannelRef } from "../event-queries.ts";
import { type TelegramBody, telegramBody } from "./body.ts";

/** How many projects are read at once. */
const TOGETHER = 500;

/** A Telegram channel that takes messages in. */
export interface ReceivingChannel {
  channel: ChannelRef;
  revisionId: string;
  body: TelegramBody;
}

/** The active ones of these projects; undefined asks for all. */
export async function readReceivingChannels(
  db: Database,
  only: readonly string[] | undefined,
): Promise<ReceivingChannel[]> {
  const projects = only ?? (await allProjects(db));
  const found: ReceivingChannel[] = [];
  for (let at = 0; at < projects.length; at += TOGETHER)
    found.push(...(await readChannels(db, projects.slice(at, at + TOGETHER))));
  return found;
}

function allProjects(db: Database): Promise<string[]> {
  return db.transaction({ role: "system" }, async (tx) => {
    const rows = await tx.selectFrom("projects").select("project_id").execute();
    return rows.map(({ project_id }) => project_id);
  });
}

async function readChannels(db: Database, projects: string[]): Promise<ReceivingChannel[]> {
  const rows = await db.transaction({ role: "app", projects }, (tx) =>
    tx
      .selectFrom("contract_revisions")
      .select(["project_id", "contract_id", "revision_id", "body"])
      .where("project_id", "in", projects)
      .where("contract_family", "=", "channel")
      .where("lifecycle_status", "=", "active")
      .where(sql<string>`body->>'type'`, "=", "telegram")
      .execute(),
  );
  return rows.flatMap((row) => {
    const body = telegramBody.safeParse(row.body).data;
    if (!body?.receive) return [];
    const channel = { projectId: row.project_id, channelId: row.contract_id };
    return { channel, revisionId: row.revision_id, body };
  });
}
