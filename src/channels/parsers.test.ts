import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { alert, alertDelivery } from "../../test/support/hooks.ts";
import {
  BOT,
  commandOf,
  eventOf,
  interactionForm,
  pressOf,
  submissionOf,
} from "../../test/support/slack/requests.ts";
import { AppError } from "../platform/errors.ts";
import { readAlerts } from "./alerts.ts";
import { type IncomingEvent, PAYLOAD_CHARS } from "./incoming.ts";
import { readMapped } from "./mapped.ts";
import { meaningOf } from "./slack/meaning.ts";
import { readRequest } from "./slack/request.ts";
import { meaningOf as telegramMeaning } from "./telegram/meaning.ts";
import { readUpdate } from "./telegram/update.ts";

/** What must not come out at the other end. */
const SECRET = "hunter2-of-the-shop";
const SECRETS = [`password=${SECRET}`, `https://user:${SECRET}@db.example`, `Bearer ${SECRET}`];

const anyKey = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "status", "labels", "event", "a\0b", "toString"),
  fc.string({ unit: "binary", maxLength: 12 }),
);

/** Any JSON, with secrets in its texts, odd keys, and now and then something large. */
const anyJson = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom(null, true, 0, -0.5, 1e300, "", "\0", "\ud800", "firing", "message"),
      fc.constantFrom(...SECRETS),
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.integer({ min: 1, max: 30_000 }).map((length) => "x".repeat(length)),
    ),
    fc.array(tie("json"), { maxLength: 5 }),
    fc.array(fc.tuple(anyKey, tie("json")), { maxLength: 5 }).map(asObject),
  ),
})).json;
/** With fields of its own only, `__proto__` too. */
function asObject(entries: [string, unknown][]): unknown {
  const text = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return JSON.parse(`{${text.join(",")}}`);
}

/** Something fine, one part of which is replaced by anything. */
function spoiled(fine: unknown): fc.Arbitrary<unknown> {
  const places = pathsIn(fine);
  return fc
    .tuple(fc.constantFrom(...places), anyJson)
    .map(([path, value]) => replaced(fine, path, value));
}

function pathsIn(value: unknown): string[][] {
  if (value === null || typeof value !== "object") return [[]];
  const below = Object.entries(value).flatMap(([key, part]) =>
    pathsIn(part).map((path) => [key, ...path]),
  );
  return [[], ...below];
}

function replaced(value: unknown, [key, ...path]: string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((part, at) => (String(at) === key ? replaced(part, path, by) : part));
  const part = (value as Record<string, unknown>)[key];
  return { ...(value as object), [key]: replaced(part, path, by) };
}

/** What a parser makes of something; nothing but a refusal may be thrown. */
function outcome<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.code).toBe("E-HOOK-PAYLOAD");
    expect(error.errors?.length).toBeGreaterThan(0);
    expect(error.errors?.length).toBeLessThanOrEqual(100);
    return undefined;
  }
}

/** Of a stored event: bounded, storable, and without secrets. */
function expectSound(event: IncomingEvent): void {
  const { payload, preview, sender, providerEventId, fingerprint, chatId } = event;
  const words = JSON.stringify({ payload, preview, sender });
  expect(words).not.toContain(SECRET);
  for (const text of textsIn({ payload, preview, sender }))
    expect(text).not.toMatch(/\0|\p{Surrogate}/u);
  // A text in JSON is longer than it is where it has to be escaped.
  expect(words.length).toBeLessThan(PAYLOAD_CHARS * 7);
  expect(Array.from(preview).length).toBeLessThanOrEqual(300);
  expect(Array.from(sender ?? "").length).toBeLessThanOrEqual(300);
  for (const id of [providerEventId, fingerprint, chatId ?? "none"]) {
    expect(id.length).toBeGreaterThan(0);
    expect(id.length).toBeLessThanOrEqual(500);
    expect(id).not.toMatch(/\0|\p{Surrogate}/u);
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, part]) => [key, ...textsIn(part)]);
}

const RUNS = { numRuns: 300 };

describe.each(["alertmanager", "grafana"] as const)("deliveries of %s", (type) => {
  const fine = {
    ...alertDelivery(alert(), alert({ fingerprint: "f2", endsAt: undefined })),
    version: type === "alertmanager" ? "4" : "1",
  };
  test("come to sound events or are refused", () => {
    expect(outcome(() => readAlerts(type, fine))).toHaveLength(2);
    const check = (body: unknown) => {
      for (const event of outcome(() => readAlerts(type, body)) ?? []) expectSound(event);
    };
    fc.assert(fc.property(fc.oneof(anyJson, spoiled(fine)), check), RUNS);
  });
});

describe("JSON of any shape", () => {
  const rule = {
    auth: { scheme: "bearer", secret: "secret:TOKEN" },
    items: { $cel: "body.items" },
    id: { $cel: "item.id" },
    status: { $cel: "item.status" },
    title: { $cel: "item.title" },
    sender: { $cel: "item.by" },
    labels: { $cel: "item.labels" },
  } as const;
  const item = {
    id: "i1",
    status: "firing",
    title: "slow",
    by: "uptime",
    labels: { team: "shop" },
  };
  test("comes to sound events or is refused", () => {
    expect(outcome(() => readMapped(rule, { items: [item] }))).toHaveLength(1);
    const check = (body: unknown) => {
      for (const event of outcome(() => readMapped(rule, body)) ?? []) expectSound(event);
    };
    fc.assert(fc.property(fc.oneof(anyJson, spoiled({ items: [item, item] })), check), RUNS);
  });
});

describe("Telegram's updates", () => {
  const from = { id: 42, is_bot: false, first_name: "Ada" };
  const chat = { id: -100, type: "supergroup" };
  const message = { message_id: 7, from, chat, text: "The disk is full" };
  const side = {
    channel: { projectId: "acme", channelId: "ops" },
    body: { chat_id: -100 },
    botId: 110_201_543,
  };
  test.each([
    ["a message", { update_id: 1, message }, "event"],
    ["a command", { update_id: 2, message: { ...message, text: "/runs" } }, "command"],
    [
      "a button",
      { update_id: 3, callback_query: { id: "5", from, message, data: "a:1" } },
      "press",
    ],
  ])("%s comes to something sound or is refused", (_, fine, kind) => {
    const read = (body: unknown) => outcome(() => telegramMeaning(side, readUpdate(body)));
    expect(read(fine)?.kind).toBe(kind);
    const check = (body: unknown) => {
      const meaning = read(body);
      if (meaning?.kind === "event") expectSound(meaning.event);
      if (!meaning || !("user" in meaning)) return;
      expect(meaning.user.userId).toMatch(/^-?\d{1,16}$/);
      expect(meaning.user.name.length).toBeLessThanOrEqual(1_024);
      expect(meaning.place.chatId).toMatch(/^-?\d{1,16}$/);
    };
    fc.assert(fc.property(fc.oneof(anyJson, spoiled(fine)), check), RUNS);
  });
});

describe("Slack's requests", () => {
  const side = {
    channel: { projectId: "acme", channelId: "ops" },
    body: { conversation_id: "C024BE91L" },
  };
  const view = { private_metadata: '{"token":"t_1","chatId":"C024BE91L"}' };

  function checkRead(kind: "json" | "form", body: string | Buffer): unknown {
    const meaning = outcome(() => meaningOf(side, readRequest(kind, Buffer.from(body))));
    if (meaning?.kind === "event") expectSound(meaning.event);
    if (!meaning || !("user" in meaning)) return meaning?.kind;
    expect(meaning.user.userId.length).toBeLessThan(100);
    expect(Array.from(meaning.user.name).length).toBeLessThanOrEqual(100);
    expect(meaning.place.chatId).toMatch(/^[A-Z0-9]{2,32}$/);
    if (meaning.kind === "command") expect(meaning.text).toMatch(/^\/[^\0]{0,4000}$/s);
    if (meaning.kind === "answer") expect(meaning.token).toMatch(/^[\w-]{1,64}$/);
    if (meaning.kind === "press") expect(meaning.data.length).toBeLessThanOrEqual(2_000);
    return meaning.kind;
  }

  test.each([
    ["a message", eventOf(), "event"],
    ["a mention", eventOf({ type: "app_mention", text: `<@${BOT}> runs` }), "command"],
    ["a challenge", { type: "url_verification", challenge: "3eZ" }, "challenge"],
  ])("%s comes to something sound or is refused", (_, fine, kind) => {
    expect(checkRead("json", JSON.stringify(fine))).toBe(kind);
    const check = (body: unknown) => void checkRead("json", JSON.stringify(body));
    fc.assert(fc.property(fc.oneof(anyJson, spoiled(fine)), check), RUNS);
  });

  test.each([
    ["a button", pressOf("a:1"), "press"],
    ["a form", submissionOf(view, "use sdb"), "answer"],
  ])("%s comes to something sound or is refused", (_, fine, kind) => {
    expect(checkRead("form", interactionForm(fine))).toBe(kind);
    const check = (payload: unknown) =>
      void checkRead("form", interactionForm({ ...Object(payload) }));
    fc.assert(fc.property(fc.oneof(anyJson, spoiled(fine)), check), RUNS);
  });

  test("commands, and bytes of any kind, come to something sound or are refused", () => {
    expect(checkRead("form", commandOf("runs"))).toBe("command");
    const field = fc.constantFrom("text", "team_id", "user_id", "channel_id", "command", "payload");
    const value = fc.oneof(
      fc.string({ unit: "binary", maxLength: 9_000 }),
      fc.constantFrom(...SECRETS),
    );
    const check = (name: string, given: string) =>
      void checkRead("form", commandOf("runs", { [name]: given }));
    fc.assert(fc.property(field, value, check), RUNS);
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.constantFrom("json", "form"), (given, kind) => {
        checkRead(kind as "json" | "form", Buffer.from(given));
      }),
      RUNS,
    );
  });
});
