import type { Database } from "../../platform/database/index.ts";
import type { Sealer } from "../../platform/sealing.ts";
import { readSecret } from "../../secrets/index.ts";
import type { TelegramBody } from "./body.ts";
import { type Bot, openBot } from "./bot.ts";

/** What a channel's bot is made with. */
export interface BotDeps {
  db: Database;
  sealer: Sealer;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
}

/** The bot of a channel. @throws AppError E-SECRET-MISSING, E-SEND when the secret is no token */
export async function openChannelBot(
  { db, sealer, allowHosts }: BotDeps,
  projectId: string,
  { token, api_root: apiRoot }: TelegramBody,
): Promise<Bot> {
  const name = token.slice("secret:".length);
  const value = await db.transaction(
    { role: "app", projects: [projectId] },
    (tx) => readSecret(tx, sealer, projectId, name),
    { snapshot: true },
  );
  return openBot({ token: value, apiRoot, allowHosts });
}
