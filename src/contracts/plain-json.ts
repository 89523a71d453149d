import { canonicalJson } from "../platform/canonical.ts";
import { type FieldError, fieldError } from "../platform/errors.ts";

const MAX_DEPTH = 32;
const MAX_BYTES = 256 * 1024;
const MAX_REPORTED = 20;

/**
 * What a body may not hold whatever its family says: more than 32 levels or 256 KiB (canonical, UTF-8), and what would
 * not come back from the database as it went in (NUL characters, half surrogate pairs, numbers beyond a double).
 */
export function plainJsonErrors(body: unknown, root: string): FieldError[] {
  const errors = [...unstorable(body, root, 1)].slice(0, MAX_REPORTED);
  if (errors.length > 0) return errors;
  const bytes = Buffer.byteLength(canonicalJson(body));
  if (bytes <= MAX_BYTES) return [];
  return [fieldError(root, "too_many_bytes", { bytes, max: MAX_BYTES })];
}

function* unstorable(value: unknown, path: string, depth: number): Generator<FieldError> {
  if (typeof value === "string") {
    if (!isStorable(value)) yield fieldError(path, "unstorable_text");
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) yield fieldError(path, "number_too_large");
  } else if (value !== null && typeof value === "object") {
    if (depth > MAX_DEPTH) {
      yield fieldError(path, "too_deep", { levels: MAX_DEPTH });
      return;
    }
    for (const [key, part] of Object.entries(value)) {
      if (!isStorable(key) || key === "__proto__") {
        yield fieldError(path, "unstorable_name", { name: JSON.stringify(key) });
      } else {
        yield* unstorable(part, `${path}.${key}`, depth + 1);
      }
    }
  }
}

function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
