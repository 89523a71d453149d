import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, requireRole, scopeOf } from "../identity/index.ts";
import { uuid } from "../platform/contract.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, newApi, problems } from "../platform/http/index.ts";
import { openApproval } from "./list-contract.ts";
import { readQuestions } from "./question.ts";

const route = createRoute({
  method: "get",
  path: "/approvals/{approval_id}",
  summary: "Show a question, open or decided",
  request: { params: z.object({ approval_id: uuid }) },
  responses: { 200: answers("The question", openApproval), ...problems(401, 403, 404, 422) },
});

/** `GET /approvals/{approval_id}`: the shape that the list has, whatever became of the question. */
export function approvalRoutes(deps: { db: Database }) {
  return newApi<ApiEnv>().openapi(route, async (c) => {
    const { caller, language } = c.var;
    requireRole(caller, "viewer");
    const { approval_id } = c.req.valid("param");
    const [question] = await deps.db.transaction(
      scopeOf(caller),
      async (tx) => {
        const ids = await tx
          .selectFrom("approvals")
          .select(["project_id", "approval_id"])
          .where("approval_id", "=", approval_id)
          .execute();
        return readQuestions(tx, ids, language, caller);
      },
      { snapshot: true },
    );
    if (!question) throw new AppError("E-NOT-FOUND", "There is no such question.");
    return c.json(question, 200);
  });
}
