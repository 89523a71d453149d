import type { Logger } from "../../platform/log.ts";
import type { Chat, ChatReply } from "../chat-types.ts";
import { type Answering, answerIn, answerPress } from "./answer.ts";
import { type Bot, failureOf } from "./bot.ts";
import type { Meaning } from "./meaning.ts";

/** What people do in a chat beside telling it something. */
export type DeedMeaning = Extract<Meaning, { kind: "command" | "answer" | "press" }>;

export interface DeedDeps {
  chat: Chat;
  log: Logger;
}

/**
 * Does what somebody in a chat asked for. What is done is committed when it resolves.
 *
 * @returns shows them what came of it; an answer that can't be shown is logged, for it is done all the same
 */
export async function doDeed(
  deps: DeedDeps,
  answering: Answering,
  deed: DeedMeaning,
): Promise<() => Promise<void>> {
  const show = await done(deps.chat, answering, deed);
  return async () => {
    try {
      await show();
    } catch (error) {
      const { reason } = failureOf(error);
      deps.log.warn({ kind: deed.kind, reason }, "an answer to a Telegram chat can't be shown");
    }
  };
}

async function done(
  chat: Chat,
  answering: Answering,
  deed: DeedMeaning,
): Promise<() => Promise<void>> {
  const { user, place } = deed;
  const inPlace = (reply: ChatReply) => () => answerIn(answering, deed, reply);
  if (deed.kind === "answer") return inPlace(await chat.texted(user, place, deed.text, deed.token));
  if (deed.kind === "command") {
    const text = await commandFor(answering.bot, deed.text);
    return text === undefined ? async () => {} : inPlace(await chat.commanded(user, place, text));
  }
  const reply = await chat.pressed(user, place, deed.data);
  return () => answerPress(answering, deed.pressId, deed, reply);
}

/** The names of bots, which never change while they are asked for. */
const names = new Map<number, string>();
const MOST_NAMES = 1_000;

/** A command without our name (`/runs@our_bot`); undefined when it is meant for another bot of the group. */
async function commandFor(bot: Bot, text: string): Promise<string | undefined> {
  const [, command = text, name, rest = ""] = /^(\/\w+)@(\w+)([\s\S]*)$/.exec(text) ?? [];
  if (name === undefined) return text;
  const ours = names.get(bot.id) ?? (await bot.api.getMe()).username;
  if (names.size >= MOST_NAMES) names.clear();
  names.set(bot.id, ours);
  return name.toLowerCase() === ours.toLowerCase() ? command + rest : undefined;
}
