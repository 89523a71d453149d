const LONGEST_TEXT = 8_192;
const DEEPEST = 32;
const CUT = "…";

/**
 * JSON cut down to about `most` characters, so that one alert can't fill the database: long texts are shortened, and
 * what comes after the space is used up is left out. Texts are made storable on the way: no NUL, no half surrogates.
 */
export function cutToSize(value: unknown, most: number): unknown {
  const space = { left: most };
  return cutAt(value, space, 0);
}

function cutAt(value: unknown, space: { left: number }, depth: number): unknown {
  if (typeof value === "string") return take(value, space, LONGEST_TEXT);
  if (value === null || typeof value !== "object") {
    space.left -= 8;
    return value;
  }
  if (depth >= DEEPEST) return take(CUT, space, 1);
  if (Array.isArray(value)) {
    const kept: unknown[] = [];
    for (const part of value) {
      if (space.left <= 0) break;
      kept.push(cutAt(part, space, depth + 1));
    }
    return kept;
  }
  const kept: [string, unknown][] = [];
  for (const [key, part] of Object.entries(value)) {
    if (space.left <= 0) break;
    kept.push([take(key, space, 1_024), cutAt(part, space, depth + 1)]);
  }
  return Object.fromEntries(kept);
}

function take(text: string, space: { left: number }, longest: number): string {
  const most = Math.max(0, Math.min(longest, space.left));
  const kept = text.length > most ? text.slice(0, most) + CUT : text;
  space.left -= kept.length + 4;
  return kept.toWellFormed().replaceAll("\0", "\ufffd");
}
