import type { Flag } from "./flags-contract.ts";

/**
 * Characters that nobody sees and models read, by what they are used for. Some have a use in honest text; `isHonest`
 * says where.
 */
const RANGES: readonly (readonly [from: number, to: number, flag: Flag])[] = [
  [0x00, 0x08, "control_characters"],
  [0x0b, 0x0c, "control_characters"],
  [0x0e, 0x1f, "control_characters"],
  [0x7f, 0x9f, "control_characters"],
  [0xad, 0xad, "invisible_characters"], // soft hyphen
  [0x34f, 0x34f, "invisible_characters"], // combining grapheme joiner
  [0x61c, 0x61c, "bidi_overrides"],
  [0x115f, 0x1160, "invisible_characters"], // fillers
  [0x17b4, 0x17b5, "invisible_characters"],
  [0x180b, 0x180f, "invisible_characters"], // of Mongolian
  [0x200b, 0x200d, "invisible_characters"], // zero width
  [0x200e, 0x200f, "bidi_overrides"],
  [0x202a, 0x202e, "bidi_overrides"],
  [0x2060, 0x2065, "invisible_characters"], // zero width
  [0x2066, 0x2069, "bidi_overrides"],
  [0x206a, 0x206f, "invisible_characters"],
  [0x3164, 0x3164, "invisible_characters"],
  [0xfe00, 0xfe0f, "hidden_text"], // variation selectors
  [0xfeff, 0xfeff, "invisible_characters"], // byte order mark
  [0xffa0, 0xffa0, "invisible_characters"],
  [0xfff0, 0xfffb, "invisible_characters"],
  [0xe0000, 0xe0fff, "hidden_text"], // tags, and more variation selectors
];

const escaped = (point: number) => `\\u{${point.toString(16)}}`;
function escaped16(point: number): string {
  return `\\u${point.toString(16).padStart(4, "0")}`;
}
const CLASS = RANGES.map(([from, to]) => `${escaped(from)}-${escaped(to)}`).join("");
const EACH = new RegExp(`[${CLASS}]`, "gu");
/** The same for the engine's fast way, which knows no characters beyond 16 bits: one look for most texts. */
const ANY = new RegExp(
  `[${RANGES.filter(([from]) => from <= 0xffff)
    .map(([from, to]) => `${escaped16(from)}-${escaped16(to)}`)
    .join("")}]|\udb40[\udc00-\udfff]|[\udb41-\udb43]`,
);
/** What a terminal would do something about: colours, titles. The letters in it are no text either. */
const TERMINAL = new RegExp(
  `${escaped(0x1b)}(?:\\[[0-?]*[ -\\/]*[@-~]|\\][^${escaped(7)}${escaped(0x1b)}]*(?:${escaped(7)}|${escaped(0x1b)}\\\\)?)`,
  "gu",
);
const ESCAPE = "\u001b";

function flagOf(point: number): Flag {
  const range = RANGES.find(([from, to]) => point >= from && point <= to);
  return range?.[2] ?? "invisible_characters";
}

/** The text without what nobody sees; what was there is added to the flags. Most texts come back as they are. */
export function withoutInvisible(text: string, flags: Set<Flag>): string {
  if (!ANY.test(text)) return text;
  const plain = text.includes(ESCAPE) ? text.replace(TERMINAL, ESCAPE) : text;
  return plain.replace(EACH, (char, at: number) => {
    const point = char.codePointAt(0) ?? 0;
    if (isHonest(plain, point, at, char.length)) return char;
    // A byte order mark at the beginning says nothing and hides nothing.
    if (point !== 0xfeff || at > 0) flags.add(flagOf(point));
    return "";
  });
}

/** The text with something else in the place of each character that nobody sees, honest or not. */
export function replaceInvisible(text: string, change: (char: string) => string): string {
  return ANY.test(text) ? text.replace(EACH, change) : text;
}

const PICTURE = /(?:[\p{Extended_Pictographic}\p{Emoji_Modifier}]|\ufe0f)$/u;
const NEXT_PICTURE = /^\p{Extended_Pictographic}/u;
const TAKES_SELECTOR = /[\p{Extended_Pictographic}\p{S}\p{Script=Han}0-9#*]$/u;
const HAN = /\p{Script=Han}$/u;

/** Whether a character does in its place what it is for: joins a picture of several, or picks a form of the one before. */
function isHonest(text: string, point: number, at: number, length: number): boolean {
  const before = text.slice(Math.max(0, at - 2), at);
  const after = text.slice(at + length, at + length + 2);
  if (point === 0x200c || point === 0x200d) {
    if (joinsLetters(before) && joinsLetters(after.slice(0, 1))) return true;
    return point === 0x200d && PICTURE.test(before) && NEXT_PICTURE.test(after);
  }
  if (point >= 0xfe00 && point <= 0xfe0f) return TAKES_SELECTOR.test(before);
  if (point >= 0xe0100 && point <= 0xe01ef) return HAN.test(before);
  return false;
}

/** Whether it ends with a letter of a script that is written joined, from Arabic to Burmese: there it changes the form. */
function joinsLetters(text: string): boolean {
  const point = text.charCodeAt(text.length - 1);
  return (point >= 0x620 && point <= 0x109f) || (point >= 0x1780 && point <= 0x17dd);
}
