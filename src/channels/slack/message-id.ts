/** A message's name: its timestamp is unique in its conversation alone. */
export function messageIdOf(chatId: string, ts: string): string {
  return `${chatId}:${ts}`;
}

/** The opposite of `messageIdOf`; undefined for what is none. */
export function readMessageId(text: string | null | undefined) {
  const [, chatId, ts] = /^([A-Z0-9]{2,32}):(\d{1,20}\.\d{1,20})$/.exec(text ?? "") ?? [];
  return chatId === undefined || ts === undefined ? undefined : { chatId, ts };
}
