import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { problemSchema } from "../platform/http/index.ts";

type Document = ReturnType<OpenAPIHono["getOpenAPI31Document"]>;
type PathItem = NonNullable<Document["paths"]>[string];
type Operation = NonNullable<PathItem["get"]>;

const PROBLEM_TYPE = "application/problem+json";
const PROBLEM = {
  description: "Problem",
  content: { [PROBLEM_TYPE]: { schema: { $ref: "#/components/schemas/Problem" } } },
};
const METHODS = ["get", "put", "post", "delete", "patch"] as const;

/**
 * Completes the description that the routes give: each operation also says what the edge may answer before or instead of
 * it, and all of them share one description of a problem.
 */
export function describeEdge(document: Document): Document {
  for (const item of Object.values(document.paths ?? {})) {
    for (const method of METHODS) if (item[method]) addProblems(item[method]);
  }
  const { $schema: _, ...problem } = z.toJSONSchema(problemSchema);
  const schemas = { ...document.components?.schemas, Problem: problem };
  return { ...document, components: { ...document.components, schemas } } as Document;
}

function addProblems(operation: Operation): void {
  const responses = operation.responses as Record<string, { content?: object }>;
  for (const status of edgeStatuses(operation)) responses[status] ??= PROBLEM;
  for (const [status, response] of Object.entries(responses)) {
    if (response.content && PROBLEM_TYPE in response.content) responses[status] = PROBLEM;
  }
}

/** What is answered for any operation: about its caller, about what was sent, and when something fails inside. */
function edgeStatuses(operation: Operation): number[] {
  const isOpen = operation.security?.length === 0;
  return [
    ...(operation.requestBody === undefined ? [] : [400]),
    ...(isOpen ? [] : [401, 403, 421]),
    413,
    415,
    // Also where no body is wanted: one with a number that would become another is refused before anybody looks.
    422,
    500,
    503,
  ];
}
