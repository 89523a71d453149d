import { hash, randomInt, timingSafeEqual } from "node:crypto";

const BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz";
const BASE62 = `${BASE36}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;
const ID_LENGTH = 12;
/** 43 base62 digits carry 256 bits. */
const SECRET_LENGTH = 43;

/** The id ends at the first `_`, so a secret that has one itself can't be misread. */
const KEY = /^awp_([a-z0-9]{4,32})_([A-Za-z0-9_-]{32,200})$/;

function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");
}

/** A new key: `awp_<id>_<secret>`, 256 bits of secret. */
export function newKey(): { keyId: string; key: string } {
  const keyId = randomText(BASE36, ID_LENGTH);
  return { keyId, key: `awp_${keyId}_${randomText(BASE62, SECRET_LENGTH)}` };
}

/** The id in a key, or undefined when the text hasn't the form of a key. */
export function keyIdOf(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/**
 * What is kept of a key or a session. Both carry 256 random bits, so one round of SHA-256 can't be searched back and a
 * slow password hash would only slow every request.
 */
export function hashOf(text: string): Buffer {
  return hash("sha256", text, "buffer");
}

/** Compares in constant time. */
export function matches(key: string, kept: Uint8Array): boolean {
  const given = hashOf(key);
  return given.length === kept.length && timingSafeEqual(given, kept);
}
