import type { Chat, ChatReply, ChatUser, Language } from "./chat-types.ts";
import { CHAT_WORDS } from "./chat-words.ts";

/** Answers people in chats. */
export function createChat(): Pick<Chat, "commanded"> {
  return { commanded };
}

async function commanded(_user: ChatUser): Promise<ChatReply> {
  return { text: helpIn("en") };
}

function helpIn(language: Language): string {
  return CHAT_WORDS.help[language];
}
