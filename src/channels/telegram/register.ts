import { AppError } from "../../platform/errors.ts";
import { readSecret } from "../../secrets/index.ts";
import { TELEGRAM_API } from "./body.ts";
import { noteProgress } from "./leases.ts";
import type { TendDeps, Tended } from "./tend.ts";
import { ALLOWED_UPDATES } from "./update.ts";

const TIMEOUT_MS = 10_000;

/**
 * Has Telegram post the channel's updates to its hook, with the secret that the hook asks for.
 *
 * @throws AppError E-SEND when Telegram could not reach us
 */
export async function askForPosts(
  { db, sealer, holder, publicUrl }: TendDeps,
  { channel, body, bot }: Tended,
  signal: AbortSignal,
): Promise<void> {
  if (body.receive?.by !== "webhook") return;
  const { projectId, channelId } = channel;
  const url = `${publicUrl.replace(/\/+$/, "")}/hooks/${projectId}/${encodeURIComponent(channelId)}`;
  if (body.api_root === TELEGRAM_API && !url.startsWith("https:")) {
    throw new AppError(
      "E-SEND",
      `Telegram posts updates to https addresses only, and AwoooP is at ${publicUrl}: set AWOOOP_PUBLIC_URL, or receive by polling.`,
    );
  }
  const name = body.receive.secret.slice("secret:".length);
  const scope = { role: "app", projects: [projectId] } as const;
  const secret_token = await db.transaction(scope, (tx) => readSecret(tx, sealer, projectId, name));
  const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) as never;
  await bot.api.setWebhook(url, { secret_token, allowed_updates: ALLOWED_UPDATES }, within);
  await db.transaction(scope, (tx) => noteProgress(tx, channel, holder, { isWell: true }));
}
