import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { withClient } from "../../test/support/server.ts";
import { type Database, openDatabase, type Scope, type Tx } from "../platform/database/index.ts";
import { listPins, pinHash, readPin, syncPins, type ToolDefinition } from "./index.ts";

let testDatabase: TestDatabase;
let db: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await withClient(testDatabase.adminUrl, (client) =>
    client.query(
      "insert into awooop.projects (project_id, display_name, migration_mode) values ('acme', 'Acme', 'active'), ('globex', 'Globex', 'active')",
    ),
  );
  db = openDatabase({ url: testDatabase.url, max: 4, log: pino({ enabled: false }) });
});

afterAll(async () => {
  await db?.close();
  await testDatabase?.drop();
});

const acme: Scope = { role: "app", projects: ["acme"] };
const inAcme = <T>(work: (tx: Tx) => Promise<T>) => db.transaction(acme, work);

const tool = (name: string, description = "As first seen."): ToolDefinition => ({
  name,
  title: "Title — 標題",
  description,
  inputSchema: { type: "object" },
  "x-vendor": [1, null],
});

describe("tool pins", () => {
  it("pin what is new and keep every field of it", async () => {
    const synced = await inAcme((tx) => syncPins(tx, "acme", "new", [tool("b"), tool("a")]));
    expect({ added: synced.added.sort(), changed: synced.changed }).toEqual({
      added: ["a", "b"],
      changed: [],
    });
    const pins = await inAcme((tx) => listPins(tx, "acme", "new"));
    expect(pins.map((pin) => pin.toolName)).toEqual(["a", "b"]);
    expect(pins[0]).toMatchObject({
      pinHash: pinHash(tool("a")),
      definition: tool("a"),
      changed: null,
    });
    expect(await inAcme((tx) => syncPins(tx, "acme", "new", []))).toEqual({
      added: [],
      changed: [],
    });
  });

  it("note a change, keep its first time, and forget it when the tool is back", async () => {
    const sync = (description?: string) =>
      inAcme((tx) => syncPins(tx, "acme", "moody", [tool("a", description), tool("b")]));
    const read = async () => {
      const pin = await inAcme((tx) => readPin(tx, "acme", "moody", "a"));
      if (!pin) throw new Error("the pin is gone");
      return pin;
    };
    await sync();
    const first = await read();
    expect(await sync("Now it also deletes.")).toEqual({ added: [], changed: ["a"] });
    const changed = await read();
    expect(changed).toMatchObject({
      pinHash: first.pinHash,
      definition: first.definition,
      pinnedAt: first.pinnedAt,
      changed: {
        definition: tool("a", "Now it also deletes."),
        hash: pinHash(tool("a", "Now it also deletes.")),
      },
    });
    expect(changed.seenAt > first.seenAt).toBe(true);
    await sync("Now it also deletes.");
    expect((await read()).changed?.at).toBe(changed.changed?.at);
    await sync("Now it also sends mail.");
    expect((await read()).changed).toMatchObject({
      definition: tool("a", "Now it also sends mail."),
    });
    expect(await sync()).toEqual({ added: [], changed: [] });
    expect((await read()).changed).toBeNull();
  });

  it("stand for one server each, and do not cross projects", async () => {
    await inAcme((tx) => syncPins(tx, "acme", "one", [tool("a")]));
    expect(await inAcme((tx) => readPin(tx, "acme", "two", "a"))).toBeUndefined();
    const other: Scope = { role: "app", projects: ["globex"] };
    expect(await db.transaction(other, (tx) => readPin(tx, "acme", "one", "a"))).toBeUndefined();
    expect(await db.transaction(other, (tx) => listPins(tx, "acme", "one"))).toEqual([]);
    await expect(
      db.transaction(other, (tx) => syncPins(tx, "acme", "one", [tool("a")])),
    ).rejects.toThrow("row-level security");
  });

  it("of the same server can be synced by several processes at once", async () => {
    const names = Array.from({ length: 40 }, (_, n) => tool(`t${n}`));
    const syncs = await Promise.all(
      [names, names.toReversed(), names, names.toReversed()].map((listed) =>
        inAcme((tx) => syncPins(tx, "acme", "busy", listed)),
      ),
    );
    expect(syncs.flatMap(({ added }) => added)).toHaveLength(40);
  });
});
