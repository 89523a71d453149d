import { z } from "zod";
import { fieldErrorSchema } from "../contract.ts";
import { databaseDown, Unreachable } from "../database/unreachable.ts";
import { AppError, ERRORS, type FieldError } from "../errors.ts";
import { findingOf } from "../zod-findings.ts";

/** The body of every error answer (RFC 9457), with `code` from the catalogue. */
export const problemSchema = z
  .object({
    type: z.string(),
    status: z.number().int(),
    title: z.string(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(fieldErrorSchema).optional(),
  })
  .loose();

function known(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof Unreachable) return databaseDown();
  return new AppError("E-INTERNAL", "The error has been logged.");
}

/**
 * The error answer for anything thrown. What is not an AppError says nothing about the inside; the caller logs it.
 */
export function problemResponse(thrown: unknown): Response {
  const error = known(thrown);
  const body = {
    type: `urn:awooop:error:${error.code}`,
    status: error.status,
    title: ERRORS[error.code].title,
    detail: error.message,
    code: error.code,
    ...(error.errors ? { errors: error.errors } : {}),
    ...error.extra,
  };
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (error.status === 401) headers["www-authenticate"] = 'Bearer realm="awooop"';
  return new Response(JSON.stringify(body), {
    status: error.status,
    headers: { ...headers, ...error.headers },
  });
}

/** Zod's issues as field errors; `root` names the part of the request they are in (`body`, `query`, …). */
export function fieldErrors(error: z.ZodError, root: string): FieldError[] {
  return error.issues.map((issue) => ({
    path: [root, ...issue.path.map(String)].filter((part) => part !== "").join("."),
    ...findingOf(issue),
  }));
}

/** An E-INPUT error made of zod's issues. */
export function inputError(error: z.ZodError, root: string): AppError {
  const errors = fieldErrors(error, root);
  const first = errors[0];
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new AppError(
    "E-INPUT",
    first ? `${first.path}: ${first.message}${rest}` : "The request is not valid.",
    {
      errors,
    },
  );
}
