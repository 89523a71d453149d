import type { DecideDeps } from "../approvals/index.ts";
import type { ChatTags } from "./chat-tags.ts";

/** The languages that texts for people are written in. */
export type Language = "en" | "zh-TW";

/** The types of channels that people can answer in. */
export type ChatType = "telegram" | "slack";

/** Who wrote or pressed, as the provider vouches for it: the edge has checked that the request is the provider's. */
export interface ChatUser {
  channelType: ChatType;
  projectId: string;
  channelId: string;
  /** The provider's id of the person, unique among all of the provider's: on Slack with the team, `TEAM:USER`. */
  userId: string;
  /** As the provider shows them; said by nobody but themselves, so it never decides anything. */
  name: string;
}

/** Where it happened. */
export interface ChatPlace {
  chatId: string;
  threadId?: string;
  /**
   * The message the button stands on, or of the text: spelt exactly as the channel's `Sender` answers
   * `providerMessageId`, and unique in the channel: `CHAT:MESSAGE` on Telegram, `CHANNEL:TS` on Slack.
   */
  messageId?: string;
}

/** What the provider's edge shows. */
export interface ChatReply {
  /** A short note to nobody but who pressed. */
  note?: string;
  /** A text in the place. */
  text?: string;
  /** A link to open; stands beside a note or a text that says what for. */
  url?: string;
  /**
   * A question for a text. The answer comes back as `texted` with `replyTo: token`; the edge puts the token where the
   * answer brings it along: Slack's `private_metadata`, on Telegram the message that is replied to. It is at most 64
   * bytes of `A-Za-z0-9_-`, and good for nobody but this user in this chat.
   */
  ask?: { text: string; token: string };
}

/** A button under a message: pressed, `data` (at most 64 bytes) comes back; or it opens an address. */
export type ChatButton = { label: string; data: string } | { label: string; url: string };

/** What answers people in chats, whoever the provider is. Nothing that a person can do there makes it throw. */
export interface Chat {
  /** A button was pressed; `data` may be anything. */
  pressed(user: ChatUser, place: ChatPlace, data: string): Promise<ChatReply>;
  /** A text that begins with `/`; Slack's `/awooop runs` comes as `/runs`. */
  commanded(user: ChatUser, place: ChatPlace, text: string): Promise<ChatReply>;
  /**
   * The answer to an `ask`.
   *
   * @param replyTo the ask's token
   */
  texted(user: ChatUser, place: ChatPlace, text: string, replyTo: string): Promise<ChatReply>;
}

/** Whether people can answer in channels of a type. */
export function isChatType(type: string): type is ChatType {
  return type === "telegram" || type === "slack";
}

/** What chats are answered with. */
export interface ChatDeps extends DecideDeps {
  tags: ChatTags;
  /** Where the console is reached. */
  publicUrl: string;
}
