import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, scopeOf } from "../identity/index.ts";
import { canonicalHash } from "../platform/canonical.ts";
import { text } from "../platform/contract.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError, ERRORS, fieldError } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import {
  type DecideManyAnswer,
  type DecideManyBody,
  decideManyAnswer,
  decideManyBody,
} from "./contract.ts";
import { type DecideDeps, type DecideRequest, decide } from "./decide.ts";
import { approverOf, roleOf } from "./routes.ts";

const route = createRoute({
  method: "post",
  path: "/approvals/decide-many",
  summary: "Decide alike about several questions of one tool and rule",
  request: {
    headers: z.object({ "idempotency-key": text(1, 255).optional() }),
    body: { content: { "application/json": { schema: decideManyBody } }, required: true },
  },
  responses: {
    200: answers("What each decision came to", decideManyAnswer),
    ...problems(401, 403, 404, 422),
  },
});

/**
 * `POST /approvals/decide-many`: several decisions in one request, and no decision about several. Each is bound to its own
 * call and arguments, and taken in a transaction of its own, as if it had been sent alone; one that is refused keeps none
 * of the others. Nothing is decided unless all of them are about one tool, for one reason: a person who looks at a list
 * looks for what is different in it, and must not be led to overlook another kind of call.
 */
export function decideManyRoutes(deps: DecideDeps) {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller } = c.var;
    const body = c.req.valid("json");
    const [first] = body.questions;
    const runId = first?.run_id ?? "";
    const approver = await approverOf(deps.db, caller, { ...body, runId });
    await deps.db.transaction(scopeOf(caller), (tx) => requireAlike(tx, body));
    const answer = await decideEach(deps, body, {
      scope: scopeOf(caller),
      approver,
      role: roleOf(caller, approver),
      via: { keyId: caller.keyId, actor: caller.actor },
      surface: caller.surface,
      language: c.var.language,
      idempotencyKey: c.req.valid("header")["idempotency-key"],
    });
    return c.json(answer, 200);
  });
}

/** @throws AppError E-NOT-FOUND for one that is not there, E-APPR-MIXED unless all are of one tool, server and rule */
async function requireAlike(tx: Tx, { project_id, questions }: DecideManyBody): Promise<void> {
  const ids = questions.map(({ approval_id }) => approval_id);
  const rows = await tx
    .selectFrom("approvals")
    .select(["approval_id", "run_id", "server", "tool_name", "rule"])
    .where("project_id", "=", project_id)
    .where("approval_id", "in", ids)
    .execute();
  const byId = new Map(rows.map((row) => [row.approval_id, row]));
  const first = byId.get(ids[0] ?? "");
  for (const [at, { approval_id, run_id }] of questions.entries()) {
    const row = byId.get(approval_id);
    if (!first || row?.run_id !== run_id) {
      throw new AppError("E-NOT-FOUND", "There is no such question in this project.");
    }
    if (row.server === first.server && row.tool_name === first.tool_name && row.rule === first.rule)
      continue;
    const path = `body.questions.${at}`;
    const about = { tool: `${row.server}/${row.tool_name}`, rule: row.rule };
    throw new AppError(
      "E-APPR-MIXED",
      `Together only questions of one tool and one rule can be decided: ${first.server}/${first.tool_name}, because “${first.rule}”. Nothing was decided.`,
      { errors: [fieldError(path, "question_of_another_rule", about)] },
    );
  }
}

type Who = Pick<
  DecideRequest,
  "scope" | "approver" | "role" | "via" | "surface" | "language" | "idempotencyKey"
>;

async function decideEach(
  deps: DecideDeps,
  body: DecideManyBody,
  who: Who,
): Promise<DecideManyAnswer> {
  const results: DecideManyAnswer["results"] = [];
  // One after the other: some may be of the same run.
  for (const { run_id, approval_id, args_hash } of body.questions) {
    const request: DecideRequest = {
      ...who,
      projectId: body.project_id,
      runId: run_id,
      decision: body.decision,
      reason: body.reason ?? "",
      approvalId: approval_id,
      argsHash: args_hash,
      idempotencyKey: keyFor(who.idempotencyKey, approval_id),
    };
    results.push({ run_id, approval_id, ...(await outcomeOf(decide(deps, request))) });
  }
  return { decided: results.filter(({ answer }) => answer !== null).length, results };
}

/** Each decision is remembered by itself, so a request that broke off halfway can be sent again. */
function keyFor(idempotencyKey: string | undefined, approvalId: string): string | undefined {
  if (idempotencyKey === undefined) return undefined;
  return `many:${canonicalHash([idempotencyKey, approvalId])}`;
}

async function outcomeOf(
  deciding: ReturnType<typeof decide>,
): Promise<Pick<DecideManyAnswer["results"][number], "answer" | "problem">> {
  try {
    return { answer: await deciding, problem: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { status, code, message: detail } = error;
    return { answer: null, problem: { status, code, title: ERRORS[code].title, detail } };
  }
}
