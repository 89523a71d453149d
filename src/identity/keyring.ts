import type { Database } from "../platform/database/index.ts";
import { keep } from "./kept.ts";
import { hashOf, keyIdOf, matches } from "./keys.ts";
import { findKey, findSession, type KeyRow, touchKey } from "./queries.ts";

/** Looks up keys and sessions, one query for each in a few seconds however hot the path. */
export interface Keyring {
  /** The valid key's row, or undefined when the key is wrong, revoked or expired. */
  verify(key: string): Promise<KeyRow | undefined>;
  /** The same for the key a session was opened with. */
  ofSession(token: string): Promise<KeyRow | undefined>;
  forgetKey(keyId: string): void;
  forgetSession(token: string): void;
}

export function createKeyring(db: Database): Keyring {
  const keys = keep((keyId) => db.transaction({ role: "system" }, (tx) => findKey(tx, keyId)));
  const sessions = keep((hash) =>
    db.transaction({ role: "system" }, (tx) => findSession(tx, Buffer.from(hash, "hex"))),
  );

  const used = async (row: KeyRow | undefined) => {
    if (!row || row.is_over) return undefined;
    if (row.is_stale) {
      row.is_stale = false;
      await db.transaction({ role: "system" }, (tx) => touchKey(tx, row.key_id));
    }
    return row;
  };

  return {
    async verify(key) {
      const keyId = keyIdOf(key);
      const row = keyId === undefined ? undefined : await keys.get(keyId);
      return row && matches(key, row.secret_hash) ? used(row) : undefined;
    },
    async ofSession(token) {
      const keyId = await sessions.get(hashOf(token).toString("hex"));
      return keyId === undefined ? undefined : used(await keys.get(keyId));
    },
    forgetKey: (keyId) => keys.forget(keyId),
    forgetSession: (token) => sessions.forget(hashOf(token).toString("hex")),
  };
}
