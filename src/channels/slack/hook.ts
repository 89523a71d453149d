import { setTimeout as sleep } from "node:timers/promises";
import { appendAudit, systemActor } from "../../audit/index.ts";
import { sha256Hex } from "../../platform/canonical.ts";
import { jsonb } from "../../platform/database/index.ts";
import { AppError } from "../../platform/errors.ts";
import type { BodyKind } from "../../platform/http/index.ts";
import type { Logger } from "../../platform/log.ts";
import type { Chat, ChatReply } from "../chat-types.ts";
import type { DeliveryAnswer } from "../contract.ts";
import type { IncomingEvent } from "../incoming.ts";
import {
  type AnswerDeps,
  type Answering,
  failedReply,
  openForm,
  tell,
  warn,
  wordsOf,
} from "./answer.ts";
import { type Meaning, meaningOf } from "./meaning.ts";
import { readRequest } from "./request.ts";

/** Slack waits three seconds for an answer, in milliseconds less what the way takes. */
const ANSWER_MS = 2_500;

export interface SlackHookDeps extends AnswerDeps {
  chat: Chat;
  log: Logger;
}

/** A request that proved to be Slack's. */
export interface SlackPosted extends Answering {
  kind: BodyKind;
  body: Buffer;
  /** Names the request: another one has another. */
  signature: string;
}

type DeedMeaning = Extract<Meaning, { kind: "command" | "press" | "answer" }>;

/**
 * Takes in what Slack posted. What was said is stored before it is answered. What somebody asked for is done before as well,
 * and what they are told of it is in the outbox, if that takes no longer than Slack waits; else they hear of it as soon as it
 * is done, or that nothing is known of it.
 *
 * @param store stores a message as every channel's events are
 * @throws AppError E-HOOK-PAYLOAD; E-HOOK-AUTH for a button, form or command that came before
 */
export async function takeFromSlack(
  deps: SlackHookDeps,
  posted: SlackPosted,
  store: (events: readonly IncomingEvent[]) => Promise<DeliveryAnswer>,
): Promise<Response> {
  const { channel, contract } = posted;
  const request = readRequest(posted.kind, posted.body);
  const meaning = meaningOf({ channel, body: contract }, request);
  if (meaning.kind === "challenge") return Response.json({ challenge: meaning.challenge });
  if (meaning.kind === "event") return Response.json(await store([meaning.event]), { status: 202 });
  if (meaning.kind === "ignored") {
    deps.log.info({ ...channel }, `a request of Slack's is ignored: ${meaning.why}`);
    return new Response(null);
  }
  if (await isFirst(deps, posted, meaning)) return answerDeed(deps, posted, meaning);
  return new Response(null);
}

/**
 * Takes a request up once and for all: if the process dies before it is done, whoever asked sees that and asks anew. What is
 * said to the app may come again from Slack itself; the rest comes again only from somebody who has listened.
 */
async function isFirst(
  { db }: SlackHookDeps,
  { channel, signature }: SlackPosted,
  meaning: DeedMeaning,
): Promise<boolean> {
  const onceKey = meaning.kind === "command" ? meaning.onceKey : undefined;
  const { projectId, channelId } = channel;
  const key = sha256Hex(onceKey ?? `signature ${signature}`);
  const isNew = await db.transaction({ role: "app", projects: [projectId] }, async (tx) => {
    const inserted = await tx
      .insertInto("idempotency_keys")
      .values({
        project_id: projectId,
        actor_id: `hook:${channelId}`,
        key,
        request_hash: key,
        response: jsonb({}),
      })
      .onConflict((conflict) => conflict.doNothing())
      .returning("key")
      .executeTakeFirst();
    if (!inserted && onceKey === undefined) {
      await appendAudit(tx, {
        projectId,
        actor: systemActor(`channel.${channelId}`),
        action: "hook.replayed",
        subject: { kind: "contract", id: channelId },
        details: { code: "E-HOOK-AUTH", kind: meaning.kind, user: meaning.user.userId },
      });
    }
    return inserted !== undefined;
  });
  if (!isNew && onceKey === undefined)
    throw new AppError("E-HOOK-AUTH", "A request with this signature came before; it holds once.");
  return isNew;
}

async function answerDeed(
  deps: SlackHookDeps,
  posted: SlackPosted,
  deed: DeedMeaning,
): Promise<Response> {
  const { contract } = posted;
  const work = done(deps.chat, deed);
  const waiting = new AbortController();
  const late = sleep(ANSWER_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
  const reply = await Promise.race([work, late]);
  waiting.abort();
  if (reply === undefined) {
    // What is asked from here on is known to this process alone: if it dies, the warning goes out.
    const warning = await warn(deps, posted, deed);
    later(deps, posted, async () => {
      const known = await work.catch((error: unknown) => {
        deps.log.error({ err: error, ...posted.channel }, "what was asked for on Slack failed");
        return failedReply(contract);
      });
      await tell(deps, posted, deed, known, warning);
      await askForText(deps, posted, deed, known);
    });
    return new Response(null);
  }
  // A slash command's answer is shown to whoever typed it.
  const isSlash = deed.kind === "command" && deed.isSlash === true;
  const words = isSlash ? wordsOf(reply, contract) : undefined;
  if (!words) await tell(deps, posted, deed, reply);
  later(deps, posted, () => askForText(deps, posted, deed, reply));
  return words ? Response.json({ response_type: "ephemeral", ...words }) : new Response(null);
}

/** With a form, where Slack lets one be opened. */
async function askForText(
  deps: SlackHookDeps,
  posted: SlackPosted,
  deed: DeedMeaning,
  { ask }: ChatReply,
): Promise<void> {
  if (ask && deed.triggerId !== undefined) await openForm(deps, posted, deed, ask);
}

function done(chat: Chat, deed: DeedMeaning): Promise<ChatReply> {
  const { user, place } = deed;
  if (deed.kind === "press") return chat.pressed(user, place, deed.data);
  if (deed.kind === "command") return chat.commanded(user, place, deed.text);
  return chat.texted(user, place, deed.text, deed.token);
}

/** What comes after Slack has its answer. What was asked for is done and recorded all the same if it fails. */
function later({ log }: SlackHookDeps, { channel }: SlackPosted, work: () => Promise<void>): void {
  work().catch((error: unknown) => {
    log.warn({ err: error, ...channel }, "an answer on Slack can't be shown");
  });
}
