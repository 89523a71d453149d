/** What can go wrong with the embedded server; each code stands in the error catalogue. */
export type EmbeddedPostgresErrorCode = "E-DB-IN-USE" | "E-DB-START" | "E-DB-UNSUPPORTED";

/**
 * The embedded PostgreSQL could not be used. `message` says in plain words what was wrong, where,
 * and what would be right.
 *
 * - `E-DB-IN-USE`: another live server holds the data directory.
 * - `E-DB-START`: PostgreSQL did not start, or the directory cannot be used as it is.
 * - `E-DB-UNSUPPORTED`: this machine, account or data format cannot run the embedded server at all.
 */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "EmbeddedPostgresError";
    this.code = code;
  }
}

/** The words of an unknown thrown value, for use inside a longer message. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
