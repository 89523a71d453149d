import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface SealingKey {
  id: Buffer;
  key: Buffer;
}

/**
 * Encryption at rest with AES-256-GCM (NIST SP 800-38D). Every box names the key it was made with, so that keys can
 * be rotated: the first key encrypts, all of them decrypt.
 */
export interface Sealer {
  /** Encrypts; `context` is authenticated too, so that a box can't be moved to another row. */
  seal(plain: string, context: string): Buffer;
  /** Decrypts; throws when the key is not known, the box was changed, or the context is another. */
  open(box: Uint8Array, context: string): string;
  /** 32 bytes for another purpose (such as signing cursors), derived with HKDF (RFC 5869). */
  derive(purpose: string): Uint8Array;
}

function sealingKey(secret: string): SealingKey {
  const key = Buffer.from(hkdfSync("sha256", secret, "awooop", "sealing", 32));
  return { key, id: createHash("sha256").update(key).digest().subarray(0, KEY_ID_BYTES) };
}

/** @param secrets at least one text of high entropy, newest first (AWOOOP_SECRET_KEY) */
export function createSealer(secrets: readonly string[]): Sealer {
  const keys = secrets.map(sealingKey);
  const newest = keys[0];
  const newestSecret = secrets[0];
  if (!newest || !newestSecret) throw new TypeError("at least one secret key is needed");
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", newest.key, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.of(VERSION), newest.id, nonce, cipher.getAuthTag(), body]);
    },
    open(box, context) {
      const bytes = Buffer.from(box);
      let at = 1;
      const take = (length: number) => {
        at += length;
        return bytes.subarray(at - length, at);
      };
      if (bytes[0] !== VERSION) throw new Error("not a sealed box");
      const id = take(KEY_ID_BYTES);
      const nonce = take(NONCE_BYTES);
      const tag = take(TAG_BYTES);
      const found = keys.find((candidate) => candidate.id.equals(id));
      if (!found) throw new Error("the box was sealed with a key that is not configured");
      const decipher = createDecipheriv("aes-256-gcm", found.key, nonce, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(context)).setAuthTag(tag);
      return Buffer.concat([decipher.update(bytes.subarray(at)), decipher.final()]).toString(
        "utf8",
      );
    },
    derive(purpose) {
      return new Uint8Array(hkdfSync("sha256", newestSecret, "awooop", purpose, 32));
    },
  };
}
