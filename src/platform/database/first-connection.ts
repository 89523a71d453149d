import pg from "pg";
import { AppError } from "../errors.ts";
import { isConnectionTrouble } from "./unreachable.ts";

const CONNECT_MS = 10_000;

/**
 * Connects and leaves again, so that an address or a login that is wrong is told in words when the server starts.
 *
 * @param variable the environment variable that has the address
 * @throws AppError E-DB-DOWN when nobody is there, E-CONFIG when the server there does not take the login
 */
export async function proveConnection(url: string, variable: string): Promise<void> {
  const client = clientOf(url, variable);
  client.on("error", () => {});
  // Not the address itself, which has a password.
  const where = `PostgreSQL at ${client.host}:${client.port}`;
  try {
    await client.connect();
  } catch (cause) {
    const { message } = cause as Error;
    if (isConnectionTrouble(cause)) {
      const words = `${variable}: ${where} can't be reached (${message}). Start it, or correct the address.`;
      throw new AppError("E-DB-DOWN", words, { cause });
    }
    const words = `${variable}: ${where} does not take the connection of ${client.user} to ${client.database} (${message}).`;
    throw new AppError("E-CONFIG", words, { cause });
  } finally {
    await client.end().catch(() => undefined);
  }
}

function clientOf(url: string, variable: string): pg.Client {
  const options = { application_name: "awooop-start", connectionTimeoutMillis: CONNECT_MS };
  try {
    return new pg.Client({ connectionString: url, ...options });
  } catch (cause) {
    const words = `${variable}: the address can't be used (${(cause as Error).message}).`;
    throw new AppError("E-CONFIG", words, { cause });
  }
}
