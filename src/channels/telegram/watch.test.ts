import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seedProject } from "../../../test/support/fixtures.ts";
import type { BotState } from "../../../test/support/telegram/bot-state.ts";
import { openTelegram, type TelegramServer } from "../../../test/support/telegram/server.ts";
import { openWorkshop, type Workshop } from "../../../test/support/tenant.ts";
import { waitFor } from "../../../test/support/wait.ts";
import { announce, type Changes, listenToChanges } from "../../platform/database/changes.ts";
import { createLog } from "../../platform/log.ts";
import { readChannel } from "../channel-queries.ts";
import { type ChannelFigures, createChannelFigures } from "../figures.ts";
import { watchTelegram } from "./watch.ts";

const GROUP = -1_001_234;
const WITHIN = { timeoutMs: 30_000 };
const ada = { id: 77, first_name: "Ada" };
const log = createLog("silent");

let shop: Workshop;
let changes: Changes;
let figures: ChannelFigures;
let telegram: TelegramServer;
let serial = 0;
/** Of the test at hand. */
let project: string;
let bot: BotState;
let watching: { stop(): Promise<void> }[];

beforeAll(async () => {
  shop = await openWorkshop();
  changes = await listenToChanges({ url: shop.url, log });
  figures = createChannelFigures({ db: shop.db, log }, []);
  telegram = await openTelegram();
});

afterAll(async () => {
  await changes?.close();
  await telegram?.close();
  await shop?.close();
});

beforeEach(async () => {
  serial += 1;
  project = `p${serial}`;
  bot = telegram.bot(`${serial}:key`);
  bot.addChat(GROUP);
  watching = [];
  telegram.calls.length = 0;
  await shop.platform((tx) => seedProject(tx, { project_id: project }));
  await shop.secret(project, "BOT", `${serial}:key`);
});

afterEach(() => Promise.all(watching.map(({ stop }) => stop())));

/** A process of its own, as far as the database can tell. */
function watch(holder: string): { stop(): Promise<void> } {
  const nobody = () => Promise.reject(new Error("nobody commands here"));
  const started = watchTelegram({
    ...shop,
    changes,
    figures,
    effects: { send: shop.jobs.send },
    chat: { pressed: nobody, commanded: nobody, texted: nobody },
    allowHosts: ["127.0.0.1"],
    publicUrl: "http://127.0.0.1:1",
    holder,
    log,
  });
  watching.push(started);
  return started;
}

/** Stores a contract and tells of it as applying one does. */
async function apply(more: object = {}) {
  const receive = { by: "polling" };
  const body = { type: "telegram", token: "secret:BOT", chat_id: GROUP, api_root: telegram.url };
  await shop.contract({
    project_id: project,
    id: "ops",
    family: "channel",
    body: { ...body, receive, ...more },
  });
  await tell("contract");
}

const tell = (kind: "contract" | "secret") =>
  shop.platform((tx) => announce(tx, { project_id: project, kind, id: "ops" }));

const eventsOf = () =>
  shop.platform((tx) =>
    tx
      .selectFrom("channel_events")
      .select(["provider_event_id", "content_preview", "is_duplicate", "channel_chat_id"])
      .where("project_id", "=", project)
      .orderBy("event_id")
      .execute(),
  );
const previews = async () => (await eventsOf()).map((event) => event.content_preview);
const heard = (texts: string[]) =>
  waitFor(async () => JSON.stringify(await previews()) === JSON.stringify(texts), {
    ...WITHIN,
    what: `the events ${texts.join(", ")}`,
  });
/** All is taken in, and more is waited for. */
const confirmed = () =>
  waitFor(() => bot.pending === 0 && bot.isFetching, { ...WITHIN, what: "all to be confirmed" });
const stateOf = () =>
  shop.platform((tx) =>
    tx.selectFrom("telegram_bots").selectAll().where("project_id", "=", project).executeTakeFirst(),
  );

describe("a channel whose updates are fetched", () => {
  test("has each message once, in order, by one process at a time, whoever stops", async () => {
    await apply();
    const [first] = [watch("one"), watch("two")];
    bot.say(GROUP, ada, "one");
    bot.say(GROUP, ada, "two");
    await heard(["one", "two"]);
    // What was taken in is confirmed, and nobody fetches beside the holder.
    await confirmed();
    expect(bot.conflicts).toBe(0);
    await first?.stop();
    bot.say(GROUP, ada, "three");
    await heard(["one", "two", "three"]);
    await Promise.all(watching.map(({ stop }) => stop()));
    bot.say(GROUP, ada, "four");
    watch("three");
    await heard(["one", "two", "three", "four"]);
    expect((await eventsOf()).every((event) => !event.is_duplicate)).toBe(true);
  });

  test("leaves out what was said elsewhere, and goes on behind what it can't read", async () => {
    bot.addChat(-5);
    bot.say(-5, ada, "not here");
    bot.happen({ message: { text: 1 } });
    bot.say(GROUP, ada, "here");
    await apply();
    watch("one");
    await heard(["here"]);
    expect(await eventsOf()).toMatchObject([{ channel_chat_id: String(GROUP) }]);
    await confirmed();
    // Counted as what a hook takes or refuses is.
    await figures.write();
    const hours = await shop.platform((tx) =>
      tx.selectFrom("channel_hours").selectAll().where("project_id", "=", project).execute(),
    );
    const sum = (of: "event_count" | "refused_count") =>
      hours.reduce((all, row) => all + Number(row[of]), 0);
    expect([sum("event_count"), sum("refused_count")]).toEqual([1, 1]);
  });

  test("is looked after from when its contract is there, in its new chat, and no longer when it is gone", async () => {
    watch("one");
    await apply();
    bot.say(GROUP, ada, "one");
    await heard(["one"]);
    bot.addChat(-7);
    await confirmed();
    const before = bot.fetches;
    await apply({ chat_id: -7 });
    // Until then it is the chat as it was before in which nobody listens to the other one.
    await waitFor(() => bot.fetches > before, { ...WITHIN, what: "the new contract to count" });
    bot.say(-7, ada, "two");
    await heard(["one", "two"]);
    await apply({ chat_id: -7, receive: undefined });
    await waitFor(() => !bot.isFetching, { ...WITHIN, what: "the fetching to end" });
  });

  test("waits for a secret, and begins anew with another bot", async () => {
    await shop.secret(project, "BOT", "no token");
    await apply();
    watch("one");
    // Of a bot that nobody holds nothing can be known but that.
    await shop.secret(project, "BOT", `${serial}:key`);
    await tell("secret");
    bot.say(GROUP, ada, "one");
    await heard(["one"]);
    const other = telegram.bot(`9${serial}:key`);
    other.addChat(GROUP);
    other.say(GROUP, ada, "known by its number");
    other.say(GROUP, ada, "two");
    await shop.secret(project, "BOT", `9${serial}:key`);
    await tell("secret");
    await waitFor(async () => (await previews()).includes("two"), {
      ...WITHIN,
      what: "the other bot's",
    });
    expect((await stateOf())?.bot_id).toBe(`9${serial}`);
  });

  test("says what fails, waits as long as Telegram asks, and is well again", async () => {
    const refusal = {
      error_code: 429,
      description: "Too Many Requests: retry after 1",
      parameters: { retry_after: 1 },
    };
    telegram.refuseNext("getUpdates", refusal, `${serial}:key`);
    await apply();
    watch("one");
    await waitFor(async () => (await stateOf())?.error?.includes("429"), {
      ...WITHIN,
      what: "the failure to be noted",
    });
    const seen = () =>
      shop.platform((tx) =>
        readChannel(tx, { projectId: project, channelId: "ops", language: "en" }),
      );
    expect(await seen()).toMatchObject({
      health: { code: "not_receiving" },
      receive_error: expect.stringContaining("429"),
      receive_failing_since: expect.any(String),
    });
    // Another process is well from the beginning, and says so.
    await Promise.all(watching.map(({ stop }) => stop()));
    watch("two");
    bot.say(GROUP, ada, "one");
    await heard(["one"]);
    await waitFor(async () => (await stateOf())?.error === null, {
      ...WITHIN,
      what: "the failure to be over",
    });
    const isWell = async () => {
      await figures.write();
      return (await seen())?.health.code === "ok";
    };
    await waitFor(isWell, { ...WITHIN, what: "the channel to be well, with its event counted" });
    expect(await seen()).toMatchObject({ direction: "both", hook_path: null, receive_error: null });
  });
});

describe("a channel whose updates are posted", () => {
  const receive = { by: "webhook", secret: "secret:HOOK" };

  test("is told to Telegram with its secret, and again when that changes", async () => {
    await shop.secret(project, "HOOK", "first");
    await apply({ receive });
    watch("one");
    const told = (secret: string) =>
      waitFor(() => bot.webhook?.secret_token === secret, { ...WITHIN, what: "the webhook" });
    await told("first");
    expect(bot.webhook).toEqual({
      url: `http://127.0.0.1:1/hooks/${project}/ops`,
      secret_token: "first",
      allowed_updates: ["message", "callback_query"],
    });
    await shop.secret(project, "HOOK", "second");
    await tell("secret");
    await told("second");
    await apply();
    await waitFor(() => bot.isFetching, { ...WITHIN, what: "the fetching instead" });
    expect(bot.webhook).toBeUndefined();
  });

  test("needs an address that Telegram's own servers can reach", async () => {
    await shop.secret(project, "HOOK", "first");
    await apply({ receive, api_root: undefined });
    watch("one");
    await waitFor(async () => (await stateOf())?.error?.includes("AWOOOP_PUBLIC_URL"), {
      ...WITHIN,
      what: "the failure to be noted",
    });
  });
});
