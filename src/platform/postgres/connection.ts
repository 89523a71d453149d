import { Client } from "pg";
import { PORT } from "./layout.ts";

/** Where and as whom to connect, in the form that `pg` takes. */
export interface SocketConfig {
  /** The folder of the server's socket. */
  host: string;
  port: number;
  user: string;
  database: string;
}

export function superuserOn(socketDir: string, database: string): SocketConfig {
  return { host: socketDir, port: PORT, user: "postgres", database };
}

/**
 * A connection URL that `pg`, libpq and a WHATWG URL parser all read: the socket's folder as the
 * parameter `host`, which takes precedence. `sslmode` guards against PGSSLMODE in the environment.
 */
export function connectionUrl(config: SocketConfig): string {
  const query = new URLSearchParams({ host: config.host, sslmode: "disable" });
  // URLSearchParams writes a space as +, which libpq takes literally.
  const parameters = query.toString().replaceAll("+", "%20");
  const [user, database] = [config.user, config.database].map(encodeURIComponent);
  return `postgresql://${user}@localhost:${config.port}/${database}?${parameters}`;
}

/** Runs `work` on one connection and closes it whatever happens. */
export async function withClient<T>(
  config: SocketConfig,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({ ...config, ssl: false, connectionTimeoutMillis: 10_000 });
  // A server that goes away also emits an error; the running query reports it already.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
