/** Message ids are unique in a chat alone. */
export function messageIdOf(chatId: number, messageId: number): string {
  return `${chatId}:${messageId}`;
}

/** The opposite of `messageIdOf`; undefined for what is none. */
export function readMessageId(text: string | null | undefined) {
  const [, chatId, messageId] = /^(-?\d{1,16}):(\d{1,16})$/.exec(text ?? "") ?? [];
  if (chatId === undefined || messageId === undefined) return undefined;
  return { chatId: Number(chatId), messageId: Number(messageId) };
}
