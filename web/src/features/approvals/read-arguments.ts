type Read =
  | { args: Record<string, unknown> }
  | { wrong: "json"; why: string }
  | { wrong: "object" }
  /** A secret that is not shown would be replaced by its mask. */
  | { wrong: "masked" };

const MASK = "[redacted]";

/**
 * Reads arguments as a person has edited them.
 *
 * @param shown what the person was shown: where it hides a secret, the mask must not be sent in the secret's place
 */
export function readArguments(text: string, shown: unknown): Read {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { wrong: "json", why: (error as Error).message };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { wrong: "object" };
  }
  const hidesSecrets = JSON.stringify(shown).includes(MASK);
  if (hidesSecrets && JSON.stringify(value).includes(MASK)) return { wrong: "masked" };
  return { args: value as Record<string, unknown> };
}
