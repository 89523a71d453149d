// biome-ignore lint/suspicious/noExplicitAny: parameters of any method
type Parameters = any;

/** What Telegram would say against a call's parameters; undefined where nothing. */
export function wrongIn(method: string, given: Parameters): string | undefined {
  if (method === "sendMessage" || method === "editMessageText") return wrongInMessage(given);
  if (method === "setWebhook") return wrongInWebhook(given);
  if (method === "answerCallbackQuery" && (given.text ?? "").length > 200)
    return "Bad Request: MESSAGE_TOO_LONG";
  return undefined;
}

function wrongInMessage({ text, reply_markup }: Parameters): string | undefined {
  if (typeof text !== "string" || text.trim() === "") return "Bad Request: message text is empty";
  if (text.length > 4_096) return "Bad Request: message is too long";
  for (const key of (reply_markup?.inline_keyboard ?? []).flat()) {
    if (key.callback_data !== undefined && Buffer.byteLength(key.callback_data) > 64)
      return "Bad Request: BUTTON_DATA_INVALID";
    if (key.url !== undefined && !/[.[]/.test(new URL(key.url).hostname))
      return `Bad Request: inline keyboard button URL '${key.url}' is invalid: Wrong HTTP URL`;
  }
  return undefined;
}

function wrongInWebhook({ url, secret_token }: Parameters): string | undefined {
  if (typeof url !== "string" || url === "") return "Bad Request: bad webhook";
  if (secret_token !== undefined && !/^[A-Za-z0-9_-]{1,256}$/.test(secret_token))
    return "Bad Request: secret token contains unallowed characters";
  return undefined;
}
