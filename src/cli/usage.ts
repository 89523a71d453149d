import { AppError } from "../platform/errors.ts";

/** An E-CLI-USAGE error: the command line itself was wrong. */
export function usageError(detail: string): AppError {
  return new AppError("E-CLI-USAGE", detail);
}
