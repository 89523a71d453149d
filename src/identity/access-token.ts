import { hash } from "node:crypto";
import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import { AppError } from "../platform/errors.ts";
import type { Logger } from "../platform/log.ts";
import type { Challenges } from "./challenge.ts";
import { createIssuerKeys } from "./issuer.ts";

/** Signatures that the issuer alone can make; with a shared secret whoever can check one can make one. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
/** How far the issuer's clock may be off. */
const SKEW_SECONDS = 30;
/** A token that was checked is not checked again before this time. */
const KEPT_MS = 60_000;
const MOST_KEPT = 10_000;
/** Node's limit for all headers is 16 KiB. */
const LONGEST = 12 * 1024;

/** Whom a valid access token is of. */
export interface TokenHolder {
  issuer: string;
  clientId: string | undefined;
  subject: string | undefined;
}

export interface AccessTokens {
  /**
   * Checks an access token (RFC 9068): signed by one of our issuers, for the gateway (RFC 8707), of now, with our scopes.
   *
   * @throws AppError E-OAUTH-TOKEN, E-OAUTH-SCOPE, E-OAUTH-ISSUER
   */
  verify(token: string): Promise<TokenHolder>;
}

export interface AccessTokenOptions {
  issuers: readonly string[];
  /** What tokens must have been granted. */
  scopes: readonly string[];
  /** The gateway's address: what tokens must be for. */
  resource: string;
  /** Private hosts that may be asked. */
  allowHosts: readonly string[];
  challenges: Challenges;
  log: Logger;
}

/** Whether a bearer credential has the form of a signed JWT (RFC 7515 §7.1). */
export function isJwt(credential: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(credential);
}

export function createAccessTokens(options: AccessTokenOptions): AccessTokens {
  const keys = new Map<string, JWTVerifyGetKey>(
    options.issuers.map((issuer) => [issuer, createIssuerKeys({ ...options, issuer })]),
  );
  const kept = new Map<string, { holder: TokenHolder; until: number }>();
  return {
    async verify(token) {
      const id = hash("sha256", token, "base64");
      const found = kept.get(id);
      if (found && found.until > Date.now()) return found.holder;
      kept.delete(id);
      const { holder, expiresAt } = await check(options, keys, token);
      const [oldest] = kept.keys();
      if (kept.size >= MOST_KEPT && oldest !== undefined) kept.delete(oldest);
      kept.set(id, { holder, until: Math.min(Date.now() + KEPT_MS, expiresAt) });
      return holder;
    },
  };
}

async function check(
  { resource, scopes, challenges, log }: AccessTokenOptions,
  keys: ReadonlyMap<string, JWTVerifyGetKey>,
  token: string,
): Promise<{ holder: TokenHolder; expiresAt: number }> {
  const refuse = (why: string) => challenges.invalidToken(why);
  if (token.length > LONGEST) throw refuse("The access token is too long.");
  const issuer = issuerOf(token);
  const key = issuer === undefined ? undefined : keys.get(issuer);
  if (issuer === undefined || key === undefined) {
    throw refuse("The access token is not from an authorization server that is trusted here.");
  }
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, key, {
      issuer,
      audience: resource,
      algorithms: ALGORITHMS,
      typ: "at+jwt",
      clockTolerance: SKEW_SECONDS,
      requiredClaims: ["exp"],
    }));
  } catch (error) {
    if (error instanceof AppError) throw error;
    log.debug({ issuer, err: error }, "an access token was refused");
    throw refuse(whyNot(error, resource));
  }
  if (payload.cnf !== undefined) {
    throw refuse("The access token is bound to a key of its client, which can't be checked here.");
  }
  const granted = typeof payload.scope === "string" ? payload.scope.split(" ") : [];
  if (!scopes.every((scope) => granted.includes(scope))) throw challenges.insufficientScope();
  const { client_id, sub, exp = 0 } = payload;
  const holder = {
    issuer,
    clientId: typeof client_id === "string" ? client_id : undefined,
    subject: sub,
  };
  return { holder, expiresAt: exp * 1_000 };
}

/** Whom the token says it is from, which is not known yet to be true. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function whyNot(error: unknown, resource: string): string {
  if (error instanceof errors.JWTExpired) return "The access token has expired.";
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return "The access token is not signed with an asymmetric algorithm.";
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "The access token is signed with a key that its issuer does not publish.";
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "aud") return `The access token is not for the resource ${resource}.`;
    if (error.claim === "typ") return "It is not an access token of the type at+jwt (RFC 9068).";
    if (error.claim === "nbf") return "The access token is not valid yet.";
    return `The access token's claim ${error.claim} is missing or wrong.`;
  }
  return "The access token is not a JWT with a valid signature.";
}
