import { activeRevision } from "../contracts/index.ts";
import type { Changes } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { createKept } from "../platform/kept.ts";
import type { Logger } from "../platform/log.ts";
import type { Sealer } from "../platform/sealing.ts";
import { readSecret } from "../secrets/index.ts";
import { channelBodySchema, type Inbound, inboundOf } from "./channel-body.ts";
import type { ChannelRef } from "./event-queries.ts";
import { keyOf } from "./hook-auth.ts";

/** A channel that takes events in, and the secret that opens it. */
export interface Hook {
  revisionId: string;
  inbound: Inbound;
  secret: string;
}

export interface HookFactsDeps {
  db: Database;
  sealer: Sealer;
  changes: Changes;
  log: Logger;
}

/** What hooks are opened with, kept until a contract or a secret of their project changes. */
export interface HookFacts {
  /** Undefined where there is no such hook, or its secret can't be read. */
  of(channel: ChannelRef): Promise<Hook | undefined>;
  /** As `of`, past what is kept: a refusal must not rest on what was true a moment ago. */
  readAnew(channel: ChannelRef): Promise<Hook | undefined>;
}

export function createHookFacts(deps: HookFactsDeps): HookFacts {
  const kept = createKept<Hook>(deps.changes.isLive);
  deps.changes.subscribe((change) => {
    if (change === undefined) return kept.clear();
    if (change.kind !== "contract" && change.kind !== "secret") return;
    kept.drop((name) => name.startsWith(`${change.project_id} `));
  });
  const readAnew = (channel: ChannelRef) =>
    deps.db.transaction(
      { role: "app", projects: [channel.projectId] },
      (tx) => readHook(tx, deps, channel),
      { snapshot: true },
    );
  return {
    of: (channel) => kept.get(`${channel.projectId} ${channel.channelId}`, () => readAnew(channel)),
    readAnew,
  };
}

async function readHook(
  tx: Tx,
  { sealer, log }: HookFactsDeps,
  channel: ChannelRef,
): Promise<Hook | undefined> {
  const { projectId } = channel;
  const revision = await activeRevision(tx, projectId, channel.channelId, "channel");
  const body = channelBodySchema.safeParse(revision?.body ?? { type: "console" }).data;
  const inbound = body && inboundOf(body);
  const name = inbound?.auth.secret.slice("secret:".length) ?? "none";
  const secret = await readSecret(tx, sealer, projectId, name).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    if (inbound) log.warn({ ...channel, err: error }, "a hook's secret can't be read");
    return undefined;
  });
  if (!revision || !inbound || secret === undefined) return undefined;
  if (inbound.auth.scheme === "standard_webhooks" && !keyOf(secret)) {
    log.warn({ ...channel, name }, "a hook's secret is no base64 text; its signatures can't hold");
  }
  return { revisionId: revision.revision_id, inbound, secret };
}
