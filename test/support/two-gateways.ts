import { type Awooop, startAwooop } from "./awooop.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { openRawCaller, type RawCaller } from "./mcp/raw-caller.ts";
import { type ScriptedServer, serveScripted } from "./mcp/scripted-server.ts";

/** Two server processes on one database, a tool server for them, and a client that can make many calls at once. */
export interface TwoGateways {
  database: TestDatabase;
  one: Awooop;
  other: Awooop;
  upstream: ScriptedServer;
  caller: RawCaller;
  close(): Promise<void>;
}

/** @param tools what the tool server has */
export async function openTwoGateways(tools: readonly string[]): Promise<TwoGateways> {
  const database = await createTestDatabase();
  const upstream = await serveScripted(tools);
  const one = await startAwooop({ databaseUrl: database.url });
  const other = await startAwooop({ databaseUrl: database.url });
  const caller = openRawCaller({ keepAlive: false });
  return {
    database,
    one,
    other,
    upstream,
    caller,
    async close() {
      caller.close();
      await Promise.all([one.stop(), other.stop()]);
      await upstream.close();
      await database.drop();
    },
  };
}
