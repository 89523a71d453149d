/**
 * Whether a text is what a pattern describes: the same, but for `*`, which stands for any characters, also none. Linear
 * in both, whatever the pattern.
 */
export function matchesPattern(pattern: string, text: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  const tail = rest.pop() ?? "";
  const end = text.length - tail.length;
  if (end < head.length || !text.startsWith(head) || !text.endsWith(tail)) return false;
  let at = head.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether all that the second pattern describes is described by the first too. */
export function coversPattern(wide: string, narrow: string): boolean {
  // A `*` of the narrow one can only be matched by a `*` of the wide one, which then takes whatever it stands for.
  return matchesPattern(wide, narrow);
}
