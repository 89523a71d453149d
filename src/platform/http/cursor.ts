import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { canonicalJson } from "../canonical.ts";
import { AppError } from "../errors.ts";

const MAC_BYTES = 16;

/** Cursors are opaque, signed, and bound to the list, its filters and its caller. */
export interface Cursors {
  /** @param binding what the cursor must be used with again: list, filters, caller */
  encode(binding: unknown, position: readonly (string | number)[]): string;
  /** @throws AppError E-CURSOR when it was changed, or made for another list, filter or caller */
  decode(binding: unknown, cursor: string): (string | number)[];
}

/** @param key 32 secret bytes, the same in every process */
export function createCursors(key: Uint8Array): Cursors {
  const secret = createSecretKey(key);
  const macOf = (binding: unknown, payload: string) =>
    createHmac("sha256", secret)
      .update(canonicalJson([binding, payload]))
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    encode(binding, position) {
      const payload = JSON.stringify(position);
      return Buffer.concat([macOf(binding, payload), Buffer.from(payload)]).toString("base64url");
    },
    decode(binding, cursor) {
      const bytes = Buffer.from(cursor, "base64url");
      const payload = bytes.subarray(MAC_BYTES).toString("utf8");
      const mac = bytes.subarray(0, MAC_BYTES);
      if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, macOf(binding, payload))) {
        throw foreignCursor();
      }
      return JSON.parse(payload) as (string | number)[];
    },
  };
}

/** The answer to a cursor that is not for this list, filters and caller. */
export function foreignCursor(): AppError {
  return new AppError(
    "E-CURSOR",
    "The cursor is not one this list gave out for these filters; start without it.",
  );
}
