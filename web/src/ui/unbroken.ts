/** Longer names must be allowed to break, or they would leave a narrow screen. */
const LONGEST = 24;
const NAME = /[A-Za-z0-9~@]*[-/._:][A-Za-z0-9~@/._:-]*[A-Za-z0-9/]/g;

export interface Part {
  text: string;
  /** A name such as `shop-cache-01` or `/var/cache`, which must not be torn apart at its hyphen. */
  isName: boolean;
  at: number;
}

/** Splits a sentence into names that stay whole and the words between them. */
export function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of text.matchAll(NAME)) {
    if (match[0].length > LONGEST) continue;
    if (match.index > at) parts.push({ text: text.slice(at, match.index), isName: false, at });
    parts.push({ text: match[0], isName: true, at: match.index });
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push({ text: text.slice(at), isName: false, at });
  return parts;
}
