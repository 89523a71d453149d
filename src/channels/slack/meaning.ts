import { AppError, fieldError } from "../../platform/errors.ts";
import { redact } from "../../platform/redact.ts";
import type { ChatPlace, ChatUser } from "../chat-types.ts";
import { cutToSize } from "../cut-to-size.ts";
import type { ChannelRef } from "../event-queries.ts";
import { type IncomingEvent, PAYLOAD_CHARS } from "../incoming.ts";
import { oneLine } from "../preview.ts";
import { ANSWER_BLOCK, ANSWER_FIELD, readAsked } from "./asked.ts";
import type { SlackBody } from "./body.ts";
import { messageIdOf } from "./message-id.ts";
import { NO_RETRY, type SlackEvent, type SlackRequest } from "./request.ts";

const NAME_MAX = 100;
const COMMAND_MAX = 4_000;
/** What people do to messages; the rest of the subtypes is about messages, or comes from programs. */
const OWN_WORDS: readonly (string | undefined)[] = [
  undefined,
  "thread_broadcast",
  "file_share",
  "me_message",
];

/** The channel that a request came in on. */
export interface Side {
  channel: ChannelRef;
  body: Pick<SlackBody, "conversation_id" | "team_id">;
}

/** Who did something, where, and how they can be answered. */
export interface Deed {
  user: ChatUser;
  place: ChatPlace;
  /** Lets a form be opened for them, for three seconds. */
  triggerId?: string | undefined;
}

/** What a request means to us. */
export type Meaning =
  | { kind: "event"; event: IncomingEvent }
  | ({ kind: "command"; text: string; onceKey?: string; isSlash?: true } & Deed)
  | ({ kind: "answer"; text: string; token: string } & Deed)
  | ({ kind: "press"; data: string } & Deed)
  | { kind: "challenge"; challenge: string }
  | { kind: "ignored"; why: string };

/**
 * What a request means. Messages count in the channel's conversation alone; commands also elsewhere in the workspace, so that a
 * code for linking need not be shown to others.
 *
 * @throws AppError E-HOOK-PAYLOAD when it comes from another workspace
 */
export function meaningOf(side: Side, request: SlackRequest): Meaning {
  switch (request.kind) {
    case "challenge":
      return request;
    case "other":
      return { kind: "ignored", why: `a ${oneLine(request.type, NAME_MAX)} is nothing to us` };
    case "said":
      return meaningOfWords(side, request.said);
    case "command":
      return meaningOfCommand(side, request.command);
    case "press":
      return meaningOfPress(side, request.press);
    case "submission":
      return meaningOfAnswer(side, request.submission);
  }
}

type Of<K extends SlackRequest["kind"]> = Extract<SlackRequest, { kind: K }>;

function meaningOfWords(side: Side, said: Of<"said">["said"]): Meaning {
  const { event } = said;
  requireTeam(side, said.team_id);
  const { channel, user, ts, text = "" } = event;
  const isPersons = !event.bot_id && OWN_WORDS.includes(event.subtype);
  if (!isPersons || channel === undefined || user === undefined || ts === undefined)
    return { kind: "ignored", why: "no person said it" };
  if (text.trim() === "") return { kind: "ignored", why: "it has no text" };
  const isToApp =
    event.type === "app_mention" ||
    event.channel_type === "im" ||
    (said.botId !== undefined && text.includes(`<@${said.botId}>`));
  if (isToApp) {
    const team = event.user_team ?? event.team ?? said.team_id;
    const deed = deedOf(side, { id: user, team }, channel);
    const place = {
      ...deed.place,
      threadId: event.thread_ts ?? ts,
      messageId: messageIdOf(channel, ts),
    };
    // A mention comes as such and as a message, in either order.
    const onceKey = `said ${channel}:${ts}`;
    return { kind: "command", text: commandIn(withoutMention(text)), onceKey, ...deed, place };
  }
  if (channel !== side.body.conversation_id)
    return { kind: "ignored", why: "it was said in another conversation" };
  return { kind: "event", event: eventOf(said, { ...event, channel, user, ts, text }) };
}

/** What is said to the app, without its name. */
function withoutMention(text: string): string {
  return unescaped(text.replace(/<@[A-Z0-9]{2,32}(?:\|[^<>]{0,200})?>/, " "));
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** As every chat writes a command. */
function commandIn(text: string): string {
  return `/${text.trim().replace(/^\//, "").slice(0, COMMAND_MAX).toWellFormed().replaceAll("\0", "\ufffd")}`;
}

function meaningOfCommand(side: Side, command: Of<"command">["command"]): Meaning {
  requireTeam(side, command.team_id);
  const { user_id, team_id, user_name: name, channel_id } = command;
  return {
    kind: "command",
    text: commandIn(command.text),
    ...deedOf(side, { id: user_id, team: team_id, name }, channel_id),
    triggerId: command.trigger_id,
    isSlash: true,
  };
}

type Interaction = Of<"press">["press"] | Of<"submission">["submission"];

function byWhom(side: Side, { user, team }: Interaction) {
  const of = team?.id ?? user.team_id ?? undefined;
  requireTeam(side, of);
  return { id: user.id, team: user.team_id ?? of ?? "", name: user.name ?? user.username ?? "" };
}

function meaningOfPress(side: Side, press: Of<"press">["press"]): Meaning {
  const by = byWhom(side, press);
  const data = press.actions.find(({ value }) => value !== undefined)?.value;
  if (data === undefined) return { kind: "ignored", why: "it only opened an address" };
  const { channel, message } = press;
  if (!channel || !message) return { kind: "ignored", why: "the button stands on no message" };
  const deed = deedOf(side, by, channel.id);
  const threadId = message.thread_ts ?? message.ts;
  return {
    kind: "press",
    data,
    ...deed,
    place: { ...deed.place, threadId, messageId: messageIdOf(channel.id, message.ts) },
    triggerId: press.trigger_id,
  };
}

function meaningOfAnswer(side: Side, submission: Of<"submission">["submission"]): Meaning {
  const by = byWhom(side, submission);
  const { private_metadata, state } = submission.view;
  const asked = readAsked(private_metadata);
  if (!asked) return { kind: "ignored", why: "the form is none of ours" };
  const { token, ...place } = asked;
  const text = state.values[ANSWER_BLOCK]?.[ANSWER_FIELD]?.value ?? "";
  return { kind: "answer", text, token, user: deedOf(side, by, place.chatId).user, place };
}

function requireTeam({ body }: Side, team: string | undefined): void {
  if (body.team_id === undefined || team === body.team_id) return;
  throw new AppError(
    "E-HOOK-PAYLOAD",
    "The request comes from another Slack workspace than the channel's contract names. Nothing was done.",
    { errors: [fieldError("body.team_id", "other_workspace")], headers: NO_RETRY },
  );
}

function deedOf(
  { channel }: Side,
  by: { id: string; team: string; name?: string },
  chatId: string,
): Deed {
  const name = oneLine(by.name ?? "", NAME_MAX) || by.id;
  return {
    user: { channelType: "slack", ...channel, userId: `${by.team}:${by.id}`, name },
    place: { chatId },
  };
}

type Words = SlackEvent & { channel: string; user: string; ts: string; text: string };

/**
 * As triggers see it: the message in words of ours, and the event as it came. A reply belongs to what its thread began with, and
 * starts nothing itself: people talk things over in threads.
 */
function eventOf(said: Of<"said">["said"], event: Words): IncomingEvent {
  const { channel, user, ts, thread_ts: thread = ts } = event;
  const isReply = thread !== ts;
  const text = unescaped(event.text);
  const labels = { chat: channel, thread, sender: user };
  const payload = {
    status: isReply ? "reply" : "firing",
    text,
    from: { id: user },
    labels,
    event,
    event_id: said.event_id,
    team_id: said.team_id,
  };
  return {
    providerEventId: said.event_id,
    fingerprint: `${channel}:${thread}`,
    isFiring: !isReply,
    sender: user,
    chatId: channel,
    labels,
    payload: redact(cutToSize(payload, PAYLOAD_CHARS)) as Record<string, unknown>,
    preview: oneLine(redact(text)),
  };
}
