import { activeRevision } from "../contracts/index.ts";
import { channelBodySchema, languageOf } from "./channel-body.ts";
import { readCommand, runCommand } from "./chat-commands.ts";
import { answerAsk, press } from "./chat-press.ts";
import { createChatRate } from "./chat-rate.ts";
import { type ChatTags, createChatTags } from "./chat-tags.ts";
import type { Chat, ChatDeps, ChatReply, ChatUser, Language } from "./chat-types.ts";
import { chatWords } from "./chat-words.ts";

const MINUTE_MS = 60_000;
const MOST_DEEDS = 30;
const MOST_GUESSES = 5;

/** What answers people in chats, and what makes the buttons that they press. */
export function openChat(deps: Omit<ChatDeps, "tags">): { chat: Chat; tags: ChatTags } {
  const tags = createChatTags(deps.sealer.derive("chat-tags"));
  return { chat: createChat({ ...deps, tags }), tags };
}

/**
 * Answers people in chats: what they press, command and write. Each time it is looked up anew who they are and what they
 * may; what is refused is recorded, except that somebody does too much at once.
 */
export function createChat(deps: ChatDeps): Chat {
  const now = () => performance.now();
  const deeds = createChatRate(MOST_DEEDS, MINUTE_MS, now);
  const guesses = createChatRate(MOST_GUESSES, 10 * MINUTE_MS, now);
  const answer = async (
    user: ChatUser,
    act: (language: Language) => Promise<ChatReply>,
  ): Promise<ChatReply> => {
    const language = await languageIn(deps, user);
    const who = `${user.projectId} ${user.channelType} ${user.userId}`;
    const seconds = deeds.wait(who);
    if (seconds > 0) return { note: chatWords("too_many", language, { seconds }) };
    deeds.count(who);
    return act(language);
  };
  return {
    pressed: (user, place, data) =>
      answer(user, (language) => press(deps, { user, place, language }, data)),
    texted: (user, place, text, replyTo) =>
      answer(user, (language) => answerAsk(deps, { user, place, language }, text, replyTo)),
    commanded: (user, place, text) =>
      answer(user, (language) =>
        runCommand(deps, { user, place, language, guesses }, readCommand(text)),
      ),
  };
}

/** In which language people are answered in a channel. */
async function languageIn({ db }: ChatDeps, { projectId, channelId }: ChatUser): Promise<Language> {
  const revision = await db.transaction({ role: "app", projects: [projectId] }, (tx) =>
    activeRevision(tx, projectId, channelId, "channel"),
  );
  const body = channelBodySchema.safeParse(revision?.body).data;
  return body ? languageOf(body) : "en";
}
