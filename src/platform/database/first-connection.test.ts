import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { proveConnection } from "./first-connection.ts";

async function openServerThatHangsUp(): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => socket.destroy());
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

const VARIABLE = "DATABASE_URL";
const prove = (url: string) => proveConnection(url, VARIABLE);

describe("the first connection to the database", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  it("is made and left", async () => {
    await expect(prove(database.url)).resolves.toBeUndefined();
  });

  it("is told to be nobody's, without the password, where nobody listens or all hang up", async () => {
    const { port, server } = await openServerThatHangsUp();
    const url = `postgresql://somebody:the-password@127.0.0.1:${port}/awooop`;
    const isDown = {
      code: "E-DB-DOWN",
      message: expect.stringContaining(`127.0.0.1:${port} can't be`),
    };
    await expect(prove(url)).rejects.toMatchObject(isDown);
    await new Promise((closed) => server.close(closed));
    await expect(prove(url)).rejects.toMatchObject(isDown);
    const said = await prove(url).catch((error: unknown) => (error as Error).message);
    expect(said).not.toContain("the-password");
  });

  it("is told to be nobody's where the name is nobody's", async () => {
    const url = "postgresql://somebody@no-such-host.invalid/awooop";
    await expect(prove(url)).rejects.toMatchObject({
      code: "E-DB-DOWN",
      message: expect.stringMatching(
        /^DATABASE_URL: PostgreSQL at no-such-host\.invalid:5432 can't/,
      ),
    });
  });

  it("is told not to be taken where there is no such database", async () => {
    const url = new URL(database.url);
    url.pathname = "/no_such_database";
    await expect(prove(url.href)).rejects.toMatchObject({
      code: "E-CONFIG",
      message: expect.stringMatching(
        /^DATABASE_URL: .* to no_such_database \(.*does not exist.*\)\.$/,
      ),
    });
  });
});
