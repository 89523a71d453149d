import { AppError } from "./errors.ts";
import { EmbeddedPostgresError } from "./postgres/index.ts";

/** Prints where people reach the server, and once the key of its first admin. */
export function sayWhereItIs(running: { url: string; adminKey: string | undefined }): void {
  process.stdout.write(`AwoooP is ready: ${running.url}\n`);
  if (running.adminKey === undefined) return;
  process.stdout.write(
    `Sign in as the first admin (this link is shown once; keep it): ${running.url}/sign-in#key=${running.adminKey}\n`,
  );
}

/** Prints why the server did not start. */
export function sayWhatFailed(error: unknown): void {
  const { code, message } = error as { code?: unknown; message?: string };
  const known = error instanceof AppError || error instanceof EmbeddedPostgresError;
  process.stderr.write(
    known
      ? `${message} (${code})\n`
      : `AwoooP could not start: ${String((error as Error).stack)}\n`,
  );
}
