import { OpenAPIHono } from "@hono/zod-openapi";
import type { Env } from "hono";
import { inputError, problemSchema } from "./problem.ts";

/**
 * A router for part of the API. Wrong input becomes one E-INPUT problem that names the fields.
 */
export function newApi<E extends Env>(): OpenAPIHono<E> {
  return new OpenAPIHono<E>({
    defaultHook: (result) => {
      if (!result.success)
        throw inputError(result.error, result.target === "json" ? "body" : result.target);
    },
  });
}

/** The error answers of an operation, for its OpenAPI description. */
export function problems<const S extends number>(...statuses: S[]) {
  const entries = statuses.map((status) => [
    status,
    { description: "Problem", content: { "application/problem+json": { schema: problemSchema } } },
  ]);
  return Object.fromEntries(entries) as Record<
    S,
    {
      description: string;
      content: { "application/problem+json": { schema: typeof problemSchema } };
    }
  >;
}

/** A JSON answer of an operation, for its OpenAPI description. */
export function answers<T>(description: string, schema: T) {
  return { description, content: { "application/json": { schema } } };
}
