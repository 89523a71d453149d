const MASK = "[redacted]";
const DEEPEST = 100;

/** Words that make a key's value a secret wherever they stand in it (`db_password`, `passwordConfirm`). */
const SECRET_WORDS = new Set([
  "password",
  "passwd",
  "pwd",
  "passphrase",
  "secret",
  "secrets",
  "authorization",
  "credential",
  "credentials",
  "cookie",
  "apikey",
]);

/** Words that do so only at the end of the key: `access_token` is a secret, `token_count` is not. */
const SECRET_ENDINGS = [
  "token",
  "api key",
  "private key",
  "access key",
  "secret key",
  "signing key",
  "encryption key",
];

const KNOWN_KEYS = 2_000;
const knownKeys = new Map<string, boolean>();

/** The same few keys come again and again, in every call of every run. */
function isSecretKey(key: string): boolean {
  const known = knownKeys.get(key);
  if (known !== undefined) return known;
  const found = namesSecret(key);
  if (knownKeys.size < KNOWN_KEYS && key.length <= 64) knownKeys.set(key, found);
  return found;
}

function namesSecret(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const spaced = words.join(" ");
  return (
    words.some((word) => SECRET_WORDS.has(word)) ||
    SECRET_ENDINGS.some((ending) => spaced === ending || spaced.endsWith(` ${ending}`))
  );
}

/**
 * Secrets inside a text, each with what stands in its place. Every pattern runs in linear time: the texts come from
 * tools and agents.
 */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [
    /-----BEGIN ([A-Z0-9]{0,20} ?)PRIVATE KEY-----(?:[^-]|-(?!----END))*(?:-----END [A-Z0-9 ]{0,40}-----)?/g,
    MASK,
  ],
  [/\bawp_[A-Za-z0-9]+_[A-Za-z0-9_-]+/g, `awp_${MASK}`],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, MASK],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|xapp-|sk-|whsec_)[A-Za-z0-9_+/=-]{10,}/g, MASK],
  [/\b\d{8,10}:[A-Za-z0-9_-]{35}\b/g, MASK],
  [/\beyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+/g, MASK],
  [/\b(bearer\s{1,8})[A-Za-z0-9._~+/=-]{8,}/gi, `$1${MASK}`],
  [/(:\/\/[^\s:/@]{0,200}:)[^\s/@]{1,500}(?=@)/g, `$1${MASK}`],
  [
    /(authorization\\?["']?\s{0,8}[=:]\s{0,8}\\?["']?(?:basic|digest|token)\s{1,8})[^\s"'\\,;]+/gi,
    `$1${MASK}`,
  ],
  [
    /((?:password|passwd|passphrase|pwd|token|api[_-]?key|private[_-]?key|access[_-]?key|secret[_-]?key|client[_-]?secret|secret(?=["'\\]|\s*=|\s*:\s))\\?["']?\s{0,8}[=:]\s{0,8})(?!\\?["']?\[redacted\])(\\"(?:[^"\\]|\\[^"])*\\"|"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,;&"'}\]]+)/gi,
    `$1${MASK}`,
  ],
];

/** What a text has somewhere in it if one of the patterns finds anything: one look instead of ten, for most have none. */
const SUSPECT =
  /-----begin|awp_|a[ks]ia|gh[pousr]_|github_pat_|glpat-|xox|xapp-|sk-|whsec_|:[\w-]{35}|eyj|bearer|:\/\/[^\s/@]{2,701}@|authorization|passw|passphrase|pwd|token|api[_-]?key|private[_-]?key|access[_-]?key|secret/i;

function redactText(text: string): string {
  if (!SUSPECT.test(text)) return text;
  return PATTERNS.reduce((masked, [pattern, instead]) => masked.replace(pattern, instead), text);
}

/** How a key is shown, and whether its value is a secret. */
interface Key {
  shown: string;
  isSecret: boolean;
}

/** The same few keys come in every row. Those of tools come too, so they are forgotten when they become many. */
const keys = new Map<string, Key>();
const MOST_KEYS = 2_000;
const LONGEST_KEPT = 100;

function keyOf(key: string): Key {
  const known = keys.get(key);
  if (known !== undefined) return known;
  const judged = { shown: redactText(key), isSecret: isSecretKey(key) };
  if (keys.size >= MOST_KEYS) keys.clear();
  if (key.length <= LONGEST_KEPT) keys.set(key, judged);
  return judged;
}

/**
 * Masks what looks like a secret before it leaves: values under keys such as `password`, and substrings of texts such
 * as bearer tokens, keys of this server, cloud keys and private keys. What it returns may be redacted again without
 * change. It is the last line, not the only one: secrets should never get into a result in the first place.
 */
export function redact(value: string): string;
export function redact(value: string | null): string | null;
export function redact(value: unknown): unknown;
export function redact(value: unknown): unknown {
  return redactAt(value, 0);
}

function redactAt(value: unknown, depth: number): unknown {
  if (typeof value === "string") return redactText(value);
  if (value === null || typeof value !== "object") return value;
  // Deeper than people read, and deep enough to end a recursion.
  if (depth >= DEEPEST) return MASK;
  if (Array.isArray(value)) return value.map((part) => redactAt(part, depth + 1));
  const redacted: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    const { shown, isSecret } = keyOf(key);
    const hides = isSecret && part !== null && typeof part !== "boolean" && part !== "";
    put(redacted, shown, hides ? MASK : redactAt(part, depth + 1));
  }
  return redacted;
}

/** Sets a field of its own, whatever its name: an assignment to `__proto__` would do something else. */
function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else
    Object.defineProperty(target, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}
