import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../../test/support/database.ts";
import { createLog } from "../log.ts";
import { isReady, openDatabase } from "./index.ts";
import { isConnectionTrouble, Unreachable } from "./unreachable.ts";

const log = createLog("silent");
const CONNECT_MS = 200;

describe("a database that can't be had", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  it("is unreachable where a connection is taken and nothing ever said", async () => {
    const taken: Socket[] = [];
    const silent = createServer((socket) => taken.push(socket));
    await once(silent.listen(0, "127.0.0.1"), "listening");
    const { port } = silent.address() as AddressInfo;
    const url = `postgresql://somebody@127.0.0.1:${port}/awooop`;
    const db = openDatabase({ url, connectMs: CONNECT_MS, log });
    await expect(isReady(db)).rejects.toThrow(Unreachable);
    expect(taken).toHaveLength(1);
    await db.close();
    for (const socket of taken) socket.destroy();
    silent.close();
  });

  it("is unreachable while none of its connections is free, and there again once one is", async () => {
    const db = openDatabase({ url: database.url, max: 1, connectMs: CONNECT_MS, log });
    const { promise, resolve } = Promise.withResolvers<void>();
    const taken = Promise.withResolvers<void>();
    const long = db.transaction({ role: "system" }, () => {
      taken.resolve();
      return promise;
    });
    await taken.promise;
    await expect(isReady(db)).rejects.toThrow(Unreachable);
    resolve();
    await long;
    expect(await isReady(db)).toBe(true);
    await db.close();
  });

  it("is told from one that refuses what it is asked", () => {
    expect(isConnectionTrouble(new Error("timeout exceeded when trying to connect"))).toBe(true);
    expect(isConnectionTrouble(new Error("the transaction has ended"))).toBe(false);
  });
});
