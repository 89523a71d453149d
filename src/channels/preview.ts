const PREVIEW_MAX = 300;

/** A text on one line of at most `max` code points; the last is `…` when it was longer. */
export function oneLine(text: string, max = PREVIEW_MAX): string {
  // Longer than needed even if every character is a surrogate pair; keeps the work bounded.
  const line = text
    .slice(0, max * 20)
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  const points = Array.from(line);
  return points.length > max ? `${points.slice(0, max - 1).join("")}…` : line;
}
