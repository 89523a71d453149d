import pg from "pg";
import { AppError } from "../errors.ts";

/** The database could not be reached, or took nothing: unlike a refusal, that says nothing about what was asked of it. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super("the database can't be reached", { cause });
    this.name = "Unreachable";
  }
}

/**
 * How long one waits for a connection, in milliseconds: for a new one, or until one that is in use is free. A database behind a
 * network that swallows everything would else be waited for as long as the system sees fit: minutes.
 */
export const CONNECT_MS = 30_000;

/** How soon whoever asked may come again while the database is away, in seconds. */
const AWAY_SECONDS = 5;

/** What whoever asked meanwhile is told: nothing was done. */
export const databaseDown = (): AppError =>
  new AppError(
    "E-DB-DOWN",
    `The database can't be reached at this moment; come again in ${AWAY_SECONDS} seconds.`,
    { headers: { "retry-after": String(AWAY_SECONDS) } },
  );

/** What the driver says where there is no code: a connection that was lost, that was not made in time, or not free in time. */
const WORDS =
  /^Connection terminated|^Client has encountered|^timeout (?:expired|exceeded when trying to connect)/;

/** Connection trouble, a server that shuts down or starts up, too many connections (PostgreSQL, appendix A). */
const CODES = /^(08|57P|53)/;

const NETWORK = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENOTFOUND",
]);

/** Whether what a transaction threw says that the database is not there now. */
export function isConnectionTrouble(error: unknown): boolean {
  const { code = "", message = "" } = error as NodeJS.ErrnoException;
  if (error instanceof pg.DatabaseError) return CODES.test(code);
  return NETWORK.has(code) || WORDS.test(message);
}
