/**
 * A process that owns an embedded PostgreSQL, for tests that kill it: `embedded-owner.ts DATADIR`.
 * Each event is one line of JSON on standard output. It ends by SIGTERM or SIGINT, or when its
 * standard input closes because the test itself has died.
 */
import { Client } from "pg";
import { EmbeddedPostgresError, startEmbeddedPostgres } from "../../src/platform/postgres/index.ts";

function say(event: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

try {
  const server = await startEmbeddedPostgres({
    dataDir: process.argv[2] ?? "",
    log: () => undefined,
  });
  const end = async () => {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    const { rows } = await client.query("select 'still answers' as said");
    await client.end();
    await server.stop();
    say({ event: "stopped", said: rows[0]?.said });
    process.exit(0);
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  process.stdin.once("end", end).resume();
  say({ event: "ready", url: server.url });
} catch (error) {
  const code = error instanceof EmbeddedPostgresError ? error.code : "none";
  say({ event: "failed", code, message: error instanceof Error ? error.message : String(error) });
  process.exit(3);
}
