import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTVerifyGetKey,
  type RemoteJWKSet,
} from "jose";
import { z } from "zod";
import { AppError } from "../platform/errors.ts";
import { guardedGet } from "../platform/guarded-get.ts";
import type { Logger } from "../platform/log.ts";

/** For one document of an issuer, and for finding its metadata under all addresses it may have. */
const TIMEOUT_MS = 5_000;
const MOST_BYTES = 256 * 1024;
/** An issuer that failed is not asked again before this time: callers get their answer at once meanwhile. */
const FAILED_MS = 5_000;
/** Tokens with unknown keys, which anybody can send, make the issuer be asked at most this often. */
const COOL_DOWN_MS = 3_000;
const KEYS_KEPT_MS = 10 * 60_000;
const METADATA_KEPT_MS = 60 * 60_000;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

export interface IssuerOptions {
  issuer: string;
  /** Hosts that may have private addresses. */
  allowHosts: readonly string[];
  log: Logger;
}

/** Where an issuer's metadata may stand: RFC 8414 §3.1 and §5, OpenID Connect Discovery 1.0 §4. */
export function metadataUrls(issuer: string): URL[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(urls)].map((url) => new URL(url));
}

/**
 * The keys an authorization server signs with, found by its metadata and fetched again when a token names a new one.
 *
 * @returns a key source for jose; it throws AppError E-OAUTH-ISSUER when the issuer gives no proper answer, and jose's own
 *   errors when the issuer has no such key
 */
export function createIssuerKeys(options: IssuerOptions): JWTVerifyGetKey {
  const asking = askCarefully(options);
  let known: { address: string; keys: RemoteJWKSet; until: number } | undefined;
  let looking: Promise<RemoteJWKSet> | undefined;

  const lookUp = async () => {
    const before = known;
    const address = await findKeysAddress(options.issuer, asking.get).catch((error: unknown) => {
      // Its keys stay where they were: their own age says how long they may be used.
      if (before === undefined) throw error;
      return before.address;
    });
    const keys = before?.address === address ? before.keys : openKeys(address, asking.get);
    known = { address, keys, until: performance.now() + METADATA_KEPT_MS };
    return keys;
  };

  const keysNow = async () => {
    if (known && known.until > performance.now()) return known.keys;
    looking ??= lookUp().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  return async (header, token) => {
    try {
      const keys = await keysNow();
      return await keys(header, token);
    } catch (error) {
      const isOfToken =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys;
      if (isOfToken || error instanceof AppError) throw error;
      throw asking.failed(error);
    }
  };
}

type Get = (url: URL, signal: AbortSignal) => Promise<{ status: number; body: string }>;

/** Asks the issuer, unless it failed a moment ago; whoever finds its answers wanting says so, which counts as well. */
function askCarefully({ issuer, allowHosts, log }: IssuerOptions): {
  get: Get;
  failed(cause: unknown): AppError;
} {
  let last: { error: AppError; until: number } | undefined;
  const failed = (cause: unknown) => {
    log.warn({ issuer, err: cause }, "an authorization server gave no proper answer");
    const error = noAnswer(issuer, cause);
    last = { error, until: performance.now() + FAILED_MS };
    return error;
  };
  return {
    async get(url, signal) {
      if (last && last.until > performance.now()) throw last.error;
      return guardedGet(url, { allowHosts, mostBytes: MOST_BYTES, signal });
    },
    failed,
  };
}

function openKeys(address: string, get: Get): RemoteJWKSet {
  return createRemoteJWKSet(new URL(address), {
    timeoutDuration: TIMEOUT_MS,
    cooldownDuration: COOL_DOWN_MS,
    cacheMaxAge: KEYS_KEPT_MS,
    [customFetch]: async (url, { signal }) => {
      const { status, body } = await get(new URL(url), signal);
      return new Response(status === 204 || status === 304 ? null : body, { status });
    },
  });
}

async function findKeysAddress(issuer: string, get: Get): Promise<string> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const tried: string[] = [];
  for (const url of metadataUrls(issuer)) {
    const { status, body } = await get(url, signal);
    const found = status === 200 ? metadata.safeParse(parse(body)) : undefined;
    if (found?.success && found.data.issuer === issuer) {
      const { jwks_uri } = found.data;
      if (jwks_uri.startsWith("https:") || issuer.startsWith("http:")) return jwks_uri;
    }
    tried.push(`${url.href} ${found?.success ? `is of ${found.data.issuer}` : `(${status})`}`);
  }
  throw new Error(`it has no metadata of use: ${tried.join(", ")}`);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function noAnswer(issuer: string, cause: unknown): AppError {
  const seconds = FAILED_MS / 1_000;
  return new AppError(
    "E-OAUTH-ISSUER",
    `The keys of the authorization server ${issuer} can't be had now, so its access tokens can't be checked; try again in ${seconds} s.`,
    {
      cause,
      extra: { retry_after_seconds: seconds },
      headers: { "retry-after": String(seconds) },
    },
  );
}
