import { Hono } from "hono";
import type { Config } from "../platform/config.ts";
import { AppError, type ErrorCode } from "../platform/errors.ts";

/** Where the metadata of the gateway stands (RFC 9728 §3.1, for a resource with the path /mcp). */
const METADATA_PATH = "/.well-known/oauth-protected-resource/mcp";

/** Refusals that tell an OAuth client where to get a token that works (RFC 6750 §3, RFC 9728 §5.1). */
export interface Challenges {
  /** For a request without a credential, or with one that is no access token. */
  stranger(detail: string): AppError;
  invalidToken(detail: string): AppError;
  insufficientScope(): AppError;
  /** For a valid token that is no agent's: another token of this client would be none either, so no error is named. */
  unknownClient(detail: string): AppError;
}

/** The address of the gateway, which is what access tokens have to be for (RFC 8707). */
export function resourceOf({ publicUrl }: { publicUrl: string }): string {
  return `${publicUrl}/mcp`;
}

export function createChallenges(options: {
  publicUrl: string;
  scopes: readonly string[];
}): Challenges {
  const scope = options.scopes.join(" ");
  const refuse = (code: ErrorCode, detail: string, error?: string) => {
    const parameters = {
      ...(error === undefined ? {} : { error, error_description: quotable(detail) }),
      ...(code === "E-OAUTH-CLIENT" ? {} : { scope }),
      resource_metadata: `${options.publicUrl}${METADATA_PATH}`,
    };
    const told = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
    return new AppError(code, detail, {
      headers: { "www-authenticate": `Bearer ${told.join(", ")}` },
    });
  };
  return {
    stranger: (detail) => refuse("E-AUTH", detail),
    invalidToken: (detail) => refuse("E-OAUTH-TOKEN", detail, "invalid_token"),
    insufficientScope: () =>
      refuse("E-OAUTH-SCOPE", `The access token needs the scope ${scope}.`, "insufficient_scope"),
    unknownClient: (detail) => refuse("E-OAUTH-CLIENT", detail),
  };
}

/** What RFC 6750 §3 lets stand in a description. */
function quotable(text: string): string {
  return text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
}

/**
 * The protected resource metadata (RFC 9728), under /.well-known; nothing where there is no authorization server to name.
 * Any page may read it: clients that run in a browser begin here.
 */
export function resourceMetadata(config: Pick<Config, "publicUrl" | "oauth">): Hono | undefined {
  const { issuers, scopes } = config.oauth;
  if (issuers.length === 0) return undefined;
  const document = {
    resource: resourceOf(config),
    authorization_servers: issuers,
    scopes_supported: scopes,
    bearer_methods_supported: ["header"],
    resource_name: "AwoooP gateway",
  };
  const headers = { "access-control-allow-origin": "*", "cache-control": "max-age=300" };
  const app = new Hono();
  for (const path of ["/oauth-protected-resource", "/oauth-protected-resource/mcp"]) {
    app.get(path, (c) => c.json(document, 200, headers));
  }
  return app;
}
