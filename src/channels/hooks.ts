import { Hono } from "hono";
import { canonicalHash, sha256Hex } from "../platform/canonical.ts";
import { newProjectId, text } from "../platform/contract.ts";
import type { Changes } from "../platform/database/changes.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { AppError, fieldError } from "../platform/errors.ts";
import { type BodyKind, bodyKind, notJson } from "../platform/http/index.ts";
import type { RunEffects } from "../runs/index.ts";
import { readAlerts } from "./alerts.ts";
import type { Inbound } from "./channel-body.ts";
import type { DeliveryAnswer } from "./contract.ts";
import { keyed } from "./correlation.ts";
import { type ChannelRef, lockDelivery } from "./event-queries.ts";
import type { ChannelFigures } from "./figures.ts";
import { type HookProof, isAuthentic, messageIdOf } from "./hook-auth.ts";
import { createHookFacts, type Hook, type HookFacts } from "./hook-facts.ts";
import type { IncomingEvent } from "./incoming.ts";
import { ingest } from "./ingest.ts";
import { createIntake } from "./intake.ts";
import { parseJson } from "./json-body.ts";
import { readMapped } from "./mapped.ts";
import { type SlackHookDeps, takeFromSlack } from "./slack/hook.ts";
import { type TelegramHookDeps, takeFromTelegram } from "./telegram/hook.ts";

/** Asked for in place of a channel that can't exist, so that this takes as long as one that does not. */
const NOWHERE: ChannelRef = { projectId: "no-project", channelId: "no-channel" };
const channelId = text(1, 128);

export interface HookDeps extends SlackHookDeps, TelegramHookDeps {
  changes: Changes;
  effects: RunEffects;
  figures: ChannelFigures;
}

/**
 * `POST /{project_id}/{channel_id}`, to be mounted at /hooks. Senders prove themselves with the channel's secret;
 * 202 means that everything in the delivery is stored.
 */
export function hookRoutes(deps: HookDeps): Hono {
  const app = new Hono();
  const facts = createHookFacts(deps);
  const intake = createIntake(deps);
  app.post("/:project_id/:channel_id", async (c) => {
    const { project_id, channel_id } = c.req.param();
    const channel = channelRef(project_id, channel_id);
    const body = Buffer.from(await c.req.arrayBuffer());
    const proof: HookProof = { header: (name) => c.req.header(name), body };
    const hook = await authenticate(deps, facts, channel, proof);
    return deps.figures.counting(channel, async (took) => {
      const { inbound } = hook;
      const kind = requireKind(inbound, c.req.header("content-type"));
      const messageId = messageIdOf(proof, inbound.auth.scheme);
      const store = async (events: readonly IncomingEvent[]) =>
        took(await intake.take(channel, hook, events));
      if (inbound.type === "slack") {
        const { contract } = inbound;
        const posted = { channel, contract, kind, body, signature: messageId ?? "" };
        return takeFromSlack(deps, posted, store);
      }
      if (inbound.type === "telegram") {
        const posted = { channel, contract: inbound.contract, update: parseJson(body, "body") };
        return c.json(await takeFromTelegram(deps, posted, store), 202);
      }
      const events = readEvents(inbound, parseJson(body, "body"));
      const answer =
        messageId === undefined
          ? await store(events)
          : took(await receiveOnce(deps, { channel, hook, events, message: { messageId, body } }));
      return c.json(answer, 202);
    });
  });
  return app;
}

/** What senders of each type post; a request without a Content-Type passes for JSON. */
const TAKES: Record<Inbound["type"], readonly BodyKind[]> = {
  alertmanager: ["json"],
  grafana: ["json"],
  webhook: ["json"],
  slack: ["json", "form"],
  telegram: ["json"],
};

/** @throws AppError E-MEDIA-TYPE */
function requireKind({ type }: Inbound, contentType = "application/json"): BodyKind {
  const kind = bodyKind(contentType);
  if (kind === undefined || !TAKES[type].includes(kind)) throw notJson();
  return kind;
}

/** The names in the address, if such names can exist at all: the project's becomes part of the transaction's rights. */
function channelRef(project: string, channel: string): ChannelRef {
  const isPossible =
    newProjectId.safeParse(project).success && channelId.safeParse(channel).success;
  return isPossible ? { projectId: project, channelId: channel } : NOWHERE;
}

/** @throws AppError E-HOOK-AUTH, the same whether the project, the channel or the secret is wrong */
async function authenticate(
  { figures }: HookDeps,
  facts: HookFacts,
  channel: ChannelRef,
  proof: HookProof,
): Promise<Hook> {
  const known = await facts.of(channel);
  if (opens(proof, known)) return known;
  // What is not there has just been looked for; so both take as long, whether or not there is such a hook.
  const now = known && (await facts.readAnew(channel));
  if (opens(proof, now)) return now;
  if (now) figures.refused(channel, "E-HOOK-AUTH");
  throw new AppError(
    "E-HOOK-AUTH",
    "There is no such hook, or the request does not show its secret: a bearer token or a signature that is not older than five minutes, as the channel's contract says.",
  );
}

function opens(proof: HookProof, hook: Hook | undefined): hook is Hook {
  const expected = hook && { scheme: hook.inbound.auth.scheme, secret: hook.secret };
  return isAuthentic(proof, expected) && hook !== undefined;
}

interface Received {
  channel: ChannelRef;
  hook: Hook;
  events: readonly IncomingEvent[];
  message: { messageId: string; body: Buffer };
}

/** A signed delivery in a transaction of its own; one that was stored before gets its first answer again. */
async function receiveOnce(deps: HookDeps, received: Received): Promise<DeliveryAnswer> {
  const { channel, hook, events, message } = received;
  const { type: channelType, correlate: rule } = hook.inbound;
  const scope = { role: "app", projects: [channel.projectId] } as const;
  return deps.db.transaction(scope, (tx) =>
    once(tx, channel, message, async () => {
      const delivery = { channel: { ...channel, channelType }, rule, events: keyed(events, rule) };
      const { written } = await ingest(tx, deps.effects, delivery);
      return { events: await written };
    }),
  );
}

function readEvents(
  inbound: Exclude<Inbound, { type: "slack" | "telegram" }>,
  body: unknown,
): IncomingEvent[] {
  return inbound.type === "webhook"
    ? readMapped(inbound.receive, body)
    : readAlerts(inbound.type, body);
}

/** A signed message has a name of its own; a repeated one is the same message. */
async function once(
  tx: Tx,
  channel: ChannelRef,
  message: { messageId: string; body: Buffer },
  work: () => Promise<DeliveryAnswer>,
): Promise<DeliveryAnswer> {
  const entry = {
    project_id: channel.projectId,
    actor_id: `hook:${channel.channelId}`,
    key: sha256Hex(message.messageId),
  };
  const request_hash = canonicalHash(message.body.toString());
  await lockDelivery(tx, channel, entry.key);
  const stored = await tx
    .selectFrom("idempotency_keys")
    .select(["request_hash", "response"])
    .where((of) => of.and(entry))
    .executeTakeFirst();
  if (stored && stored.request_hash !== request_hash) {
    throw new AppError("E-HOOK-PAYLOAD", "This message's id came before with another body.", {
      errors: [fieldError("header.webhook-id", "key_of_another_body")],
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
