/**
 * JSON.stringify writes half of a surrogate pair, and nothing else in that range, as an escape. The lookbehind and the
 * pairs before it make sure that the backslash is one, not the second half of an escaped backslash.
 */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** Whether the text, made by JSON.stringify, holds half of a surrogate pair, which is no Unicode text. */
export function hasLoneSurrogate(json: string): boolean {
  return json.search(LONE_SURROGATE) !== -1;
}

/** The same text with U+FFFD in place of each half of a surrogate pair. */
export function replaceLoneSurrogates(json: string): string {
  return json.replace(LONE_SURROGATE, "$1\ufffd");
}
