import { z } from "zod";
import { projectId, uuid } from "../platform/contract.ts";

export const recordParams = z.object({ approval_id: uuid });
export const recordQuery = z.object({ project_id: projectId.optional() });

const base64url = z.string().regex(/^[A-Za-z0-9_-]+$/);

/** A JSON Web Signature in flattened JSON serialization (RFC 7515, section 7.2.2). */
export const signedRecord = z.object({
  payload: base64url.describe(
    "The record: canonical JSON (RFC 8785) of `DecisionRecord` in docs/prove-a-decision.md",
  ),
  protected: base64url.describe("The header: `alg` EdDSA, `kid`, `typ` awooop-decision-record+jws"),
  signature: base64url,
});
export type SignedRecord = z.infer<typeof signedRecord>;

/** The name of the record's form; another one follows when it changes so that a reader has to know. */
export const RECORD_SCHEMA = "awooop-decision-record/1";

export const rotatedKey = z.object({
  kid: z.string(),
  created_at: z.string(),
  /** The keys that sign no more. */
  retired: z.array(z.string()),
});
