import { canonicalJson } from "../platform/canonical.ts";
import type { FieldError } from "../platform/errors.ts";

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
  return [{ path: root, message: `is ${bytes} bytes long, at most ${MAX_BYTES} are allowed` }];
}

function* unstorable(value: unknown, path: string, depth: number): Generator<FieldError> {
  if (typeof value === "string") {
    if (!isStorable(value)) yield { path, message: "holds a NUL character or half a character" };
  } else if (typeof value === "number") {
    if (!Number.isFinite(value)) yield { path, message: "is too large a number" };
  } else if (value !== null && typeof value === "object") {
    if (depth > MAX_DEPTH) {
      yield { path, message: `is nested too deeply, at most ${MAX_DEPTH} levels are allowed` };
      return;
    }
    for (const [key, part] of Object.entries(value)) {
      if (!isStorable(key) || key === "__proto__") {
        yield {
          path,
          message: `has a field with a name that is not allowed: ${JSON.stringify(key)}`,
        };
      } else {
        yield* unstorable(part, `${path}.${key}`, depth + 1);
      }
    }
  }
}

function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
