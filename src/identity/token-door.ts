import type { Config } from "../platform/config.ts";
import type { Database } from "../platform/database/index.ts";
import type { AppError } from "../platform/errors.ts";
import type { Logger } from "../platform/log.ts";
import { createAccessTokens, type TokenHolder } from "./access-token.ts";
import type { Caller } from "./caller.ts";
import { createChallenges, resourceOf } from "./challenge.ts";
import { keep } from "./kept.ts";
import { findOAuthClient, type OAuthClientRow, touchOAuthClient } from "./oauth-queries.ts";

/** The gateway's way in for access tokens. */
export interface TokenDoor {
  /**
   * The agent whose token it is.
   *
   * @throws AppError E-OAUTH-TOKEN, E-OAUTH-SCOPE, E-OAUTH-CLIENT, E-OAUTH-ISSUER
   */
  callerOf(token: string): Promise<Caller>;
  /** The refusal of a request without a credential. */
  stranger(): AppError;
  /** Looks all clients up again. */
  forget(): void;
}

export function openTokenDoor(
  options: Config["oauth"] & { db: Database; publicUrl: string; log: Logger },
): TokenDoor {
  const { db } = options;
  const challenges = createChallenges(options);
  const tokens = createAccessTokens({ ...options, challenges, resource: resourceOf(options) });
  const clients = keep((holder) =>
    db.transaction({ role: "system" }, (tx) => findOAuthClient(tx, JSON.parse(holder))),
  );
  return {
    async callerOf(token) {
      const holder = await tokens.verify(token);
      const row = await clients.get(JSON.stringify(holder));
      if (!row) throw challenges.unknownClient(nobody(holder));
      if (row.is_stale) {
        row.is_stale = false;
        await db.transaction({ role: "system" }, (tx) => touchOAuthClient(tx, row));
      }
      return callerOf(row);
    },
    stranger: () =>
      challenges.stranger(
        "Send an agent's key as `Authorization: Bearer awp_…`, or an access token of a trusted authorization server.",
      ),
    forget: () => clients.forgetAll(),
  };
}

function callerOf(row: OAuthClientRow): Caller {
  return {
    keyId: row.oauth_client_id,
    actor: { kind: "agent", id: row.agent_id },
    role: "agent",
    projects: [row.project_id],
    agentId: row.agent_id,
    holdSeconds: row.hold_seconds,
    mayActForOthers: false,
    surface: "mcp",
  };
}

function nobody({ issuer, clientId, subject }: TokenHolder): string {
  return `The access token is valid, but its holder (client_id ${clientId ?? "none"}, sub ${subject ?? "none"}, of ${issuer}) is no agent here. A platform admin can make it one.`;
}
