import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { seedProject } from "../../test/support/fixtures.ts";
import { type Database, openDatabase, type Tx } from "../platform/database/index.ts";
import { createCursors } from "../platform/http/index.ts";
import { createLog } from "../platform/log.ts";
import type { Caller } from "./caller.ts";
import { createChatLinks } from "./chat-service.ts";
import { callerOfChat, linkChat, sweepChatLinks, unlinkChat } from "./index.ts";
import { createKeys } from "./key-service.ts";
import { createMembers } from "./member-service.ts";

let database: TestDatabase;
let db: Database;
let links: ReturnType<typeof createChatLinks>;
let keys: ReturnType<typeof createKeys>;

const root: Caller = {
  keyId: "root",
  actor: { kind: "key", id: "root" },
  role: "admin",
  projects: "all",
  agentId: null,
  holdSeconds: 4,
  mayActForOthers: false,
  surface: "api",
};

beforeAll(async () => {
  database = await createTestDatabase();
  db = openDatabase({ url: database.url, log: createLog("silent") });
  const cursors = createCursors(new Uint8Array(32));
  links = createChatLinks({ db, cursors });
  keys = createKeys({ db, cursors, forget: () => {} });
  await platform(async (tx) => {
    for (const project_id of ["acme", "bravo"]) await seedProject(tx, { project_id });
  });
});

afterAll(async () => {
  await db?.close();
  await database?.drop();
});

const platform = <T>(work: (tx: Tx) => Promise<T>) => db.transaction({ role: "platform" }, work);

let serial = 0;

/** Somebody with a key for `acme`. */
async function newcomer(role: "viewer" | "operator" | "admin" = "operator"): Promise<Caller> {
  serial += 1;
  const name = `person-${serial}`;
  const given = { name, role, project_ids: ["acme"], hold_seconds: 4, may_act_for_others: false };
  const { key_id: keyId } = await keys.create(root, given);
  return { ...root, keyId, role, projects: ["acme"], actor: { kind: "key", id: name } };
}

const person = (userId: string, projectId = "acme") =>
  ({ channelType: "telegram", projectId, channelId: "ops", userId, name: "Ada" }) as const;

async function linked(caller: Caller, userId: string) {
  const { code } = await links.createCode(caller, "acme");
  return linkChat(db, person(userId), code);
}

test("a code links once, in whatever letters, and whoever is linked has the key's rights", async () => {
  const caller = await newcomer();
  const { code, say } = await links.createCode(caller, "acme");
  expect(say).toBe(`/link ${code}`);
  const both = await Promise.all([
    linkChat(db, person("1"), ` ${code.toLowerCase()} `),
    linkChat(db, person("2"), code),
  ]);
  expect(both.filter((link) => link !== undefined)).toHaveLength(1);
  const userId = both[0] ? "1" : "2";
  expect(await linkChat(db, person("3"), code)).toBeUndefined();
  expect(await callerOfChat(db, person(userId))).toMatchObject({
    keyId: caller.keyId,
    actor: caller.actor,
    role: "operator",
    projects: ["acme"],
    mayActForOthers: false,
    surface: "telegram",
  });
  expect(await callerOfChat(db, person("3"))).toBeUndefined();
  expect(await callerOfChat(db, { ...person(userId), channelType: "slack" })).toBeUndefined();
  expect(await callerOfChat(db, person(userId, "bravo"))).toBeUndefined();
});

test("a code is of no use in another project, when it is old, or once there is a newer one", async () => {
  const caller = await newcomer();
  const first = await links.createCode(caller, "acme");
  expect(await linkChat(db, person("10", "bravo"), first.code)).toBeUndefined();
  const second = await links.createCode(caller, "acme");
  expect(await linkChat(db, person("10"), first.code)).toBeUndefined();
  await platform((tx) =>
    tx
      .updateTable("chat_link_codes")
      .set({ expires_at: "2020-01-01T00:00:00Z" })
      .where("key_id", "=", caller.keyId)
      .execute(),
  );
  expect(await linkChat(db, person("10"), second.code)).toBeUndefined();
  for (const wrong of ["", "ABCDEFGHJK", "x".repeat(5_000), "\0", "'; drop table chat_links; --"])
    expect(await linkChat(db, person("10"), wrong), wrong).toBeUndefined();
});

test("no code is kept as it is", async () => {
  const { code } = await links.createCode(await newcomer(), "acme");
  const rows = await platform((tx) => tx.selectFrom("chat_link_codes").selectAll().execute());
  expect(
    JSON.stringify(rows.map((row) => ({ ...row, text: String(row.code_hash) }))),
  ).not.toContain(code);
});

test("whoever is deactivated can do nothing at once, and may do no more than the member may", async () => {
  const caller = await newcomer("admin");
  await linked(caller, "20");
  const be = (set: { is_active?: boolean; role?: string }) =>
    platform((tx) =>
      tx.updateTable("members").set(set).where("member_id", "=", caller.actor.id).execute(),
    );
  await be({ role: "viewer" });
  expect((await callerOfChat(db, person("20")))?.role).toBe("viewer");
  await be({ is_active: false });
  expect(await callerOfChat(db, person("20"))).toBeUndefined();
  // Whoever comes back links anew.
  await be({ is_active: true });
  const cursors = createCursors(new Uint8Array(32));
  const change = { project_id: "acme", is_active: false };
  await createMembers({ db, cursors }).change(root, caller.actor.id, change);
  await be({ is_active: true });
  expect(await callerOfChat(db, person("20"))).toBeUndefined();
});

test("a link ends with its key, and what is left of it is taken away", async () => {
  const caller = await newcomer();
  const link = await linked(caller, "30");
  await keys.revoke(root, caller.keyId);
  expect(await callerOfChat(db, person("30"))).toBeUndefined();
  const { chat_links } = await links.list(root, { project_id: "acme" });
  expect(chat_links.map(({ link_id }) => link_id)).not.toContain(link?.link_id);
});

test("an expired key's code and link are worth nothing", async () => {
  const caller = await newcomer();
  await linked(caller, "40");
  const { code } = await links.createCode(caller, "acme");
  await db.transaction({ role: "system" }, (tx) =>
    tx
      .updateTable("api_keys")
      .set({ expires_at: "2020-01-01T00:00:00Z" })
      .where("key_id", "=", caller.keyId)
      .execute(),
  );
  expect(await callerOfChat(db, person("40"))).toBeUndefined();
  expect(await linkChat(db, person("41"), code)).toBeUndefined();
  const stays = await linked(await newcomer(), "42");
  await sweepChatLinks(db);
  const { chat_links } = await links.list(root, { project_id: "acme" });
  const users = chat_links.map(({ user_id }) => user_id);
  expect(users).not.toContain("40");
  expect(users).toContain(stays?.user_id);
  const audits = await platform((tx) =>
    tx
      .selectFrom("audit_log")
      .select(["actor_id", "details"])
      .where("action", "=", "chat.unlink")
      .where("actor_kind", "=", "system")
      .execute(),
  );
  expect(audits).toMatchObject([{ details: { key_id: caller.keyId } }]);
});

test("a code that is too old is forgotten", async () => {
  const caller = await newcomer();
  await links.createCode(caller, "acme");
  await platform((tx) =>
    tx
      .updateTable("chat_link_codes")
      .set({ expires_at: "2020-01-01T00:00:00Z" })
      .where("key_id", "=", caller.keyId)
      .execute(),
  );
  await sweepChatLinks(db);
  const rows = await platform((tx) =>
    tx.selectFrom("chat_link_codes").select("key_id").where("key_id", "=", caller.keyId).execute(),
  );
  expect(rows).toEqual([]);
});

test("people see who is linked, and take back their own links, administrators everybody's", async () => {
  const [one, other] = [await newcomer(), await newcomer("viewer")];
  const link = await linked(one, "50");
  if (!link) throw new Error("it did not link");
  const [newest] = (await links.list(other, {})).chat_links;
  expect(newest).toMatchObject({ user_id: "50", member_id: one.actor.id });
  await expect(links.remove(other, link.link_id)).rejects.toMatchObject({ code: "E-NOT-FOUND" });
  await links.remove(one, link.link_id);
  expect(await callerOfChat(db, person("50"))).toBeUndefined();
  await linked(one, "50");
  expect(await unlinkChat(db, person("50"))).toBe(true);
  expect(await unlinkChat(db, person("50"))).toBe(false);
  const actions = await platform((tx) =>
    tx
      .selectFrom("audit_log")
      .select("action")
      .where("actor_id", "=", one.actor.id)
      .orderBy("at")
      .execute(),
  );
  expect(actions.map(({ action }) => action)).toEqual(
    ["code", "link", "unlink", "code", "link", "unlink"].map((what) => `chat.${what}`),
  );
});

test("a link made anew takes the place of the one before", async () => {
  const [one, other] = [await newcomer(), await newcomer()];
  await linked(one, "60");
  await linked(other, "60");
  expect((await callerOfChat(db, person("60")))?.keyId).toBe(other.keyId);
  const { chat_links } = await links.list(root, {});
  expect(chat_links.filter(({ user_id }) => user_id === "60")).toHaveLength(1);
});

test("an agent's key is nobody's in a chat, and a project that is not seen is none", async () => {
  const agent = { ...(await newcomer()), role: "agent" } as const;
  await expect(links.createCode(agent, "acme")).rejects.toMatchObject({ code: "E-FORBIDDEN" });
  const caller = await newcomer();
  await expect(links.createCode(caller, "bravo")).rejects.toMatchObject({ code: "E-NOT-FOUND" });
  await expect(links.createCode(root, "nowhere")).rejects.toMatchObject({ code: "E-NOT-FOUND" });
});
