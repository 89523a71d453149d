import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { Hono } from "hono";
import {
  type ApiEnv,
  requirePlatformAdmin,
  requireRole,
  scopeOf,
  sees,
} from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import type { Sealer } from "../platform/sealing.ts";
import { signRecord } from "./record.ts";
import { recordParams, recordQuery, rotatedKey, signedRecord } from "./record-contract.ts";
import { readKeySet, rotateSigningKey } from "./signing-keys.ts";

const record = createRoute({
  method: "get",
  path: "/approvals/{approval_id}/record",
  tags: ["approvals"],
  summary: "The record of a decision, signed",
  description:
    "Who decided what, when, how, seeing what, allowed by what, about which bytes, and what came of it so far; also of a question that is open. A JSON Web Signature, to be verified with the keys at /.well-known/jwks.json.",
  request: { params: recordParams, query: recordQuery },
  responses: { 200: answers("The signed record", signedRecord), ...problems(401, 403, 404, 422) },
});

const rotate = createRoute({
  method: "post",
  path: "/signing-keys/rotate",
  tags: ["approvals"],
  summary: "Sign approvals and records with a new key from now on",
  description: "The former key signs no more; what it has signed still verifies.",
  responses: { 201: answers("The new key", rotatedKey), ...problems(401, 403) },
});

/** Records of decisions, and the keys they are signed with; to be mounted under /api/v1. */
export function recordRoutes(deps: { db: Database; sealer: Sealer }): OpenAPIHono<ApiEnv> {
  const { db, sealer } = deps;
  return newApi<ApiEnv>()
    .openapi(record, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "viewer");
      const { approval_id } = c.req.valid("param");
      const { project_id } = c.req.valid("query");
      const isTheirs = project_id === undefined || sees(caller, project_id);
      const made = isTheirs
        ? await db.transaction(scopeOf(caller), (tx) => signRecord(tx, sealer, approval_id), {
            snapshot: true,
          })
        : undefined;
      if (!made || (project_id !== undefined && made.projectId !== project_id))
        throw new AppError("E-NOT-FOUND", "There is no such question, or not in this project.");
      return c.json(made.signed, 200);
    })
    .openapi(rotate, async (c) => {
      const { caller } = c.var;
      requirePlatformAdmin(caller);
      return c.json(await rotateSigningKey(db, sealer, caller.actor), 201);
    });
}

/** Nobody has to wait long for a new key, and no stranger makes us ask the database at each request. */
const KEPT_MS = 2_000;

/** `/jwks.json`: the public halves of all keys that sign or have signed, for everybody; to be mounted under /.well-known. */
export function keySetRoutes({ db }: { db: Database }): Hono {
  const headers = { "access-control-allow-origin": "*", "cache-control": "public, max-age=300" };
  let kept: { until: number; keys: ReturnType<typeof readKeySet> } | undefined;
  return new Hono().get("/jwks.json", async (c) => {
    if (!kept || kept.until < performance.now()) {
      const keys = db.transaction({ role: "system" }, readKeySet);
      kept = { until: performance.now() + KEPT_MS, keys };
      keys.catch(() => {
        kept = undefined;
      });
    }
    return c.json(await kept.keys, 200, headers);
  });
}
