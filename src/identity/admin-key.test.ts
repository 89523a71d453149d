import { describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp } from "../../test/support/http.ts";
import { queryRows } from "../../test/support/server.ts";
import { openDatabase } from "../platform/database/index.ts";
import { createLog } from "../platform/log.ts";
import { ensureAdminKey } from "./index.ts";

describe("the first admin", () => {
  async function onFreshDatabase(
    work: (
      start: (given?: string) => Promise<string | undefined>,
      fresh: TestDatabase,
    ) => Promise<void>,
  ) {
    const fresh = await createTestDatabase();
    const db = openDatabase({ url: fresh.url, log: createLog("silent"), max: 5 });
    try {
      await work((given) => ensureAdminKey(db, given), fresh);
    } finally {
      await db.close();
      await fresh.drop();
    }
  }

  it("gets a key at the very first start and at no other, also when several start at once", async () => {
    await onFreshDatabase(async (start, fresh) => {
      const made = (await Promise.all([start(), start(), start()])).filter(
        (key) => key !== undefined,
      );
      expect(made).toHaveLength(1);
      expect(await start()).toBeUndefined();
      const http = await startTestHttp(fresh.url);
      try {
        const session = await http.send("GET", "/api/v1/session", made[0]);
        expect(await session.json()).toMatchObject({ role: "admin", is_platform: true });
      } finally {
        await http.close();
      }
    });
  });

  it("is the configured one where there is one, and an earlier configured one ends", async () => {
    await onFreshDatabase(async (start, fresh) => {
      const [first, second] = [`awp_first1_${"f".repeat(32)}`, `awp_second_${"s".repeat(64)}`];
      expect(await start(first)).toBeUndefined();
      expect(await start(first)).toBeUndefined();
      expect(await start(second)).toBeUndefined();
      const rows = await queryRows(
        fresh.adminUrl,
        "select key_id, revoked_at is null as works from api_keys order by 1",
      );
      expect(rows).toEqual([
        { key_id: "first1", works: false },
        { key_id: "second", works: true },
      ]);
      expect(await start()).toBeUndefined();
    });
  });

  it("is not brought back by a restart once revoked, and is not somebody else", async () => {
    await onFreshDatabase(async (start) => {
      const [first, second] = [`awp_first1_${"f".repeat(32)}`, `awp_second_${"s".repeat(32)}`];
      await start(first);
      await start(second);
      await expect(start(first)).rejects.toMatchObject({
        code: "E-CONFIG",
        message:
          "AWOOOP_ADMIN_KEY: the key with the id first1 was revoked; give one with another id.",
      });
      await expect(start(`awp_second_${"t".repeat(32)}`)).rejects.toMatchObject({
        code: "E-CONFIG",
        message:
          "AWOOOP_ADMIN_KEY: the id second belongs to another key; give one with another id.",
      });
      await expect(start("hunter2")).rejects.toMatchObject({ code: "E-CONFIG" });
    });
  });
});
