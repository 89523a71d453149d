import type { TestProject } from "vitest/node";
import { buildServer } from "./built-server.ts";
import { dropDatabases, openServer, prepareServer, withClient } from "./server.ts";

/**
 * Before all test files: the built server, one PostgreSQL server and one migrated template database, of which every
 * test file makes its own copy (database.ts). After them: everything dropped and stopped.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await buildServer();
  const { adminUrl, close } = await openServer();
  try {
    const server = await prepareServer(adminUrl);
    const teardown = async () => {
      try {
        await dropDatabases(server);
      } finally {
        await close();
      }
    };
    try {
      const { migrate } = await import("../../src/platform/database/migrate.ts");
      await migrate({ url: server.loginUrl });
      await withClient(adminUrl, (client) =>
        // A session in the template would make copying it fail for everybody.
        client.query(`alter database ${server.template} with allow_connections false`),
      );
    } catch (error) {
      await dropDatabases(server);
      throw error;
    }
    project.provide("testServer", server);
    return teardown;
  } catch (error) {
    await close();
    throw error;
  }
}
