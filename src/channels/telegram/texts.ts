import type { ChatButton } from "../chat-types.ts";

/** The longest text of a message, in UTF-16 units (core.telegram.org/bots/api#sendmessage). */
const MOST_TEXT = 4_096;
/** The longest note under a button that was pressed (#answercallbackquery). */
const MOST_NOTE = 200;
const MOST_LABEL = 64;

/** Cuts a text; what is cut ends in `…`. Nothing has to be escaped: messages are sent without markup. */
export function cutTo(text: string, most: number): string {
  const whole = text.toWellFormed().replaceAll("\0", "\ufffd");
  return whole.length <= most
    ? whole
    : `${whole.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

export const cutNote = (text: string) => cutTo(text, MOST_NOTE);

/** Telegram takes an address for a button only if its host has a dot: not `localhost`. */
function isLinkable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return /^https?:$/.test(protocol) && /[.:]/.test(hostname);
}

export type Key = { text: string; callback_data: string } | { text: string; url: string };

/**
 * A message's text and keys. A link that Telegram would not take as a key stands under the text instead; without it the whole
 * message would be refused.
 */
export function withButtons(
  text: string,
  buttons: readonly ChatButton[],
): { text: string; keys: Key[] } {
  const links = buttons.flatMap((button) =>
    "url" in button && !isLinkable(button.url) && !text.includes(button.url)
      ? [`${button.label}: ${button.url}`]
      : [],
  );
  const keys = buttons.flatMap((button): Key[] => {
    const label = cutTo(button.label, MOST_LABEL);
    if ("data" in button) return [{ text: label, callback_data: button.data }];
    return isLinkable(button.url) ? [{ text: label, url: button.url }] : [];
  });
  const below = links.map((link) => `\n${link}`).join("");
  return { text: cutTo(text, MOST_TEXT - below.length) + below, keys };
}

/** Two in a row, so that labels can be read on a phone. */
export function keyboard(keys: readonly Key[]): Key[][] {
  return Array.from({ length: Math.ceil(keys.length / 2) }, (_, at) =>
    keys.slice(at * 2, at * 2 + 2),
  );
}
