import { z } from "zod";
import { AppError, ERRORS, type FieldError } from "../errors.ts";

/** The body of every error answer (RFC 9457), with `code` from the catalogue. */
export const problemSchema = z
  .object({
    type: z.string(),
    status: z.number().int(),
    title: z.string(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .loose();

/**
 * The error answer for anything thrown. What is not an AppError says nothing about the inside; the caller logs it.
 */
export function problemResponse(error: unknown): Response {
  const known =
    error instanceof AppError ? error : new AppError("E-INTERNAL", "The error has been logged.");
  const body = {
    type: `urn:awooop:error:${known.code}`,
    status: known.status,
    title: ERRORS[known.code].title,
    detail: known.message,
    code: known.code,
    ...(known.errors ? { errors: known.errors } : {}),
    ...known.extra,
  };
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (known.status === 401) headers["www-authenticate"] = 'Bearer realm="awooop"';
  return new Response(JSON.stringify(body), {
    status: known.status,
    headers: { ...headers, ...known.headers },
  });
}

/** Zod's issues as field errors; `root` names the part of the request they are in (`body`, `query`, …). */
export function fieldErrors(error: z.ZodError, root: string): FieldError[] {
  return error.issues.map((issue) => ({
    path: [root, ...issue.path.map(String)].filter((part) => part !== "").join("."),
    message: issue.message,
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
