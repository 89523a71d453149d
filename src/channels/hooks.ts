import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { activeRevision } from "../contracts/index.ts";
import { canonicalHash, sha256Hex } from "../platform/canonical.ts";
import { newProjectId, text } from "../platform/contract.ts";
import { type Database, jsonb, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import type { Logger } from "../platform/log.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { RunEffects } from "../runs/index.ts";
import { readSecret } from "../secrets/index.ts";
import { readDelivery } from "./alertmanager.ts";
import { channelBodySchema, type DeliveryAnswer } from "./contract.ts";
import { type ChannelRef, lockDelivery } from "./event-queries.ts";
import { type HookProof, type HookSecret, isAuthentic, keyOf } from "./hook-auth.ts";
import { ingest } from "./ingest.ts";

const MOST_BODY_BYTES = 1024 * 1024;
/** Asked for in place of a channel that can't exist, so that this takes as long as one that does not. */
const NOWHERE: ChannelRef = { projectId: "no-project", channelId: "no-channel" };
const channelId = text(1, 128);

export interface HookDeps {
  db: Database;
  sealer: Sealer;
  effects: RunEffects;
  log: Logger;
}

/**
 * `POST /{project_id}/{channel_id}`, to be mounted at /hooks. Senders prove themselves with the channel's secret;
 * 202 means that everything in the delivery is stored.
 */
export function hookRoutes(deps: HookDeps): Hono {
  const app = new Hono();
  app.use(bodyLimit({ maxSize: MOST_BODY_BYTES, onError: refuseBody }));
  app.post("/:project_id/:channel_id", async (c) => {
    const proof: HookProof = {
      authorization: c.req.header("authorization"),
      webhookId: c.req.header("webhook-id"),
      webhookTimestamp: c.req.header("webhook-timestamp"),
      webhookSignature: c.req.header("webhook-signature"),
      body: await c.req.text(),
    };
    const { project_id, channel_id } = c.req.param();
    const channel = channelRef(project_id, channel_id);
    const scheme = await authenticate(deps, channel, proof);
    const webhookId = scheme === "standard_webhooks" ? proof.webhookId : undefined;
    return c.json(await receive(deps, channel, proof.body, webhookId), 202);
  });
  return app;
}

function refuseBody(): never {
  throw new AppError("E-BODY-SIZE", "A hook takes at most 1 MiB.");
}

/** The names in the address, if such names can exist at all: the project's becomes part of the transaction's rights. */
function channelRef(project: string, channel: string): ChannelRef {
  const isPossible =
    newProjectId.safeParse(project).success && channelId.safeParse(channel).success;
  return isPossible ? { projectId: project, channelId: channel } : NOWHERE;
}

/** @throws AppError E-HOOK-AUTH, the same whether the project, the channel or the secret is wrong */
async function authenticate(
  deps: HookDeps,
  channel: ChannelRef,
  proof: HookProof,
): Promise<HookSecret["scheme"]> {
  const expected = await deps.db.transaction({ role: "app", projects: [channel.projectId] }, (tx) =>
    readHookSecret(tx, deps, channel),
  );
  if (!isAuthentic(proof, expected) || !expected) {
    throw new AppError(
      "E-HOOK-AUTH",
      "There is no such hook, or the request does not show its secret: a bearer token or a Standard Webhooks signature, as the channel's contract says.",
    );
  }
  return expected.scheme;
}

async function readHookSecret(
  tx: Tx,
  { sealer, log }: HookDeps,
  channel: ChannelRef,
): Promise<HookSecret | undefined> {
  const { projectId } = channel;
  const revision = await activeRevision(tx, projectId, channel.channelId, "channel");
  const body = channelBodySchema.safeParse(revision?.body ?? { type: "console" }).data;
  const auth = body?.type === "alertmanager" ? body.auth : undefined;
  const name = auth?.secret.slice("secret:".length) ?? "none";
  const secret = await readSecret(tx, sealer, projectId, name).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    if (auth) log.warn({ ...channel, err: error }, "a hook's secret can't be read");
    return undefined;
  });
  if (!auth || secret === undefined) return undefined;
  if (auth.scheme === "standard_webhooks" && !keyOf(secret)) {
    log.warn({ ...channel, name }, "a hook's secret is no base64 text; its signatures can't hold");
  }
  return { scheme: auth.scheme, secret };
}

/** Everything of the delivery in one transaction; a signed one that was stored before gets its first answer again. */
async function receive(
  deps: HookDeps,
  channel: ChannelRef,
  body: string,
  webhookId: string | undefined,
): Promise<DeliveryAnswer> {
  const alerts = readDelivery(body);
  const scope = { role: "app", projects: [channel.projectId] } as const;
  return deps.db.transaction(scope, async (tx) => {
    const delivery = { channel: { ...channel, channelType: "alertmanager" }, alerts };
    const work = async () => ({ events: await ingest(tx, deps.effects, delivery) });
    return webhookId === undefined ? work() : once(tx, channel, { webhookId, body }, work);
  });
}

/** Standard Webhooks names each message by its `webhook-id`; a repeated one is the same message. */
async function once(
  tx: Tx,
  channel: ChannelRef,
  message: { webhookId: string; body: string },
  work: () => Promise<DeliveryAnswer>,
): Promise<DeliveryAnswer> {
  const entry = {
    project_id: channel.projectId,
    actor_id: `hook:${channel.channelId}`,
    key: sha256Hex(message.webhookId),
  };
  const request_hash = canonicalHash(message.body);
  await lockDelivery(tx, channel, entry.key);
  const stored = await tx
    .selectFrom("idempotency_keys")
    .select(["request_hash", "response"])
    .where((of) => of.and(entry))
    .executeTakeFirst();
  if (stored && stored.request_hash !== request_hash) {
    throw new AppError("E-HOOK-PAYLOAD", "This webhook-id came before with another body.", {
      errors: [{ path: "header.webhook-id", message: "was used for another body" }],
    });
  }
  if (stored) return stored.response as unknown as DeliveryAnswer;
  const answer = await work();
  await tx
    .insertInto("idempotency_keys")
    .values({ ...entry, request_hash, response: jsonb(answer) })
    .execute();
  return answer;
}
