import { z } from "zod";
import { paging, projectId, text, timestamp, uuid } from "../platform/contract.ts";
import { asIssue } from "../platform/findings-contract.ts";

/** A client of an authorization server that is to be an agent: named by the token's `client_id`, or by its `sub`. */
export const newOAuthClientBody = z
  .strictObject({
    project_id: projectId,
    agent_id: text(1, 128),
    issuer: text(1, 2_000),
    client_id: text(1, 500).optional(),
    sub: text(1, 500).optional(),
    hold_seconds: z.number().int().min(0).max(50).default(4),
  })
  .superRefine((body, context) => {
    if ((body.client_id === undefined) === (body.sub === undefined)) {
      context.addIssue({ ...asIssue("client_or_sub"), path: ["client_id"] });
    }
  });
export type NewOAuthClient = z.infer<typeof newOAuthClientBody>;

export const oauthClientSchema = z.object({
  oauth_client_id: z.string(),
  project_id: z.string(),
  agent_id: z.string(),
  issuer: z.string(),
  client_id: z.string().nullable(),
  sub: z.string().nullable(),
  hold_seconds: z.number().int(),
  created_at: timestamp,
  created_by: z.string(),
  revoked_at: timestamp.nullable(),
  last_used_at: timestamp.nullable(),
});
export type OAuthClient = z.infer<typeof oauthClientSchema>;

export const oauthClientParams = z.object({ oauth_client_id: uuid });

export const oauthClientListQuery = z.object({ project_id: projectId.optional(), ...paging });

export const oauthClientListSchema = z.object({
  oauth_clients: z.array(oauthClientSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});
