import { AppError } from "../platform/errors.ts";
import { oneLine } from "./preview.ts";
import type { Sent } from "./sender.ts";

/**
 * What a failed mail means: codes from 500 on are final, those from 400 on are for now (RFC 5321 §4.2.1), and so is
 * whatever happened to the connection.
 *
 * @param isOnItsWay whether the mail itself had begun to be sent: without an answer to it, it may have arrived
 */
export function failureOf(error: unknown, isOnItsWay: boolean): Extract<Sent, { ok: false }> {
  if (error instanceof AppError) return { ok: false, isPermanent: true, reason: error.message };
  const code = codeOf(error);
  const words = oneLine(error instanceof Error ? error.message : String(error));
  if (code === undefined) {
    const reason = `The connection to the mail server failed (${words}).`;
    return { ok: false, isPermanent: false, reason, mayHaveArrived: isOnItsWay };
  }
  return { ok: false, isPermanent: code >= 500, reason: `The mail server refused it (${words}).` };
}

function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("responseCode" in error)) return undefined;
  const { responseCode } = error;
  return typeof responseCode === "number" && responseCode >= 400 ? responseCode : undefined;
}
