import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AppError } from "../../platform/errors.ts";
import { askedLink, meaningOf } from "./meaning.ts";
import { readUpdate } from "./update.ts";

const GROUP = -1_001_234;
const BOT = 4_711;
const channel = { projectId: "acme", channelId: "ops" };
const ada = { id: 77, is_bot: false, first_name: "Ada", last_name: "Lovelace", username: "ada" };
const bot = { id: BOT, is_bot: true, first_name: "AwoooP" };
const group = { id: GROUP, type: "supergroup", title: "On call" };
const ownChat = { id: ada.id, type: "private", first_name: "Ada" };

const message = (given: object = {}) => ({
  update_id: 12,
  message: { message_id: 5, date: 1, chat: group, from: ada, text: "restart it", ...given },
});
const meaning = (update: object, body: object = {}) =>
  meaningOf({ channel, body: { chat_id: GROUP, ...body }, botId: BOT }, readUpdate(update));
const by = { user: { channelType: "telegram", ...channel, userId: "77", name: "Ada Lovelace" } };

describe("what is said in the channel's chat", () => {
  test("is an event, known by the update's number, with who said it", () => {
    expect(meaning(message({ text: "restart\nit password=hunter2" }))).toEqual({
      kind: "event",
      event: {
        providerEventId: "12",
        fingerprint: `${GROUP}:5`,
        isFiring: true,
        sender: "Ada Lovelace (77)",
        chatId: String(GROUP),
        labels: { chat: String(GROUP), thread: "5", sender: "77" },
        payload: expect.objectContaining({
          status: "firing",
          text: "restart\nit password=[redacted]",
          from: { id: "77", name: "Ada Lovelace", username: "ada" },
          update: expect.objectContaining({ update_id: 12 }),
        }),
        preview: "restart it password=[redacted]",
      },
    });
  });

  test.each([
    ["a reply belongs to what it replies to", { reply_to_message: { message_id: 3 } }, 3],
    ["a reply in a thread to the thread", { message_thread_id: 2 }, 2],
    [
      "what replies to nobody in a topic to itself",
      { message_thread_id: 9, is_topic_message: true, reply_to_message: { message_id: 9 } },
      5,
    ],
  ])("%s", (_, given, thread) => {
    expect(meaning(message(given))).toMatchObject({
      event: { fingerprint: `${GROUP}:${thread}`, labels: { thread: String(thread) } },
    });
  });

  test("may be a picture's caption; without words it is nothing", () => {
    const picture = { text: undefined, caption: "look", photo: [{ file_id: "x" }] };
    expect(meaning(message(picture))).toMatchObject({ kind: "event", event: { preview: "look" } });
    expect(meaning(message({ text: undefined }))).toMatchObject({ kind: "ignored" });
    expect(meaning({ update_id: 1, poll: {} })).toMatchObject({ kind: "ignored" });
  });

  test("is a command when it begins with a slash", () => {
    const place = { chatId: String(GROUP), messageId: `${GROUP}:5` };
    expect(meaning(message({ text: "/runs 3" }))).toEqual({
      kind: "command",
      text: "/runs 3",
      ...by,
      place,
    });
  });

  test("is an answer when it replies to a question of ours", () => {
    const entities = [{ type: "bold" }, { type: "text_link", url: askedLink("tag_-9") }];
    const asked = { message_id: 4, from: bot, entities };
    expect(meaning(message({ reply_to_message: asked }))).toMatchObject({
      kind: "answer",
      text: "restart it",
      token: "tag_-9",
      ...by,
    });
    const others = { ...asked, from: { ...bot, id: 1 } };
    expect(meaning(message({ reply_to_message: others }))).toMatchObject({ kind: "event" });
    const odd = { ...asked, entities: [{ type: "text_link", url: `${askedLink("a b")}` }] };
    expect(meaning(message({ reply_to_message: odd }))).toMatchObject({ kind: "event" });
  });

  test.each([
    ["forwarded", { forward_origin: { type: "user" } }],
    ["said in the name of a group", { sender_chat: { id: GROUP } }],
    ["said by a bot", { from: { ...bot, id: 1 } }],
    ["said by nobody", { from: undefined }],
  ])("is no command when it is %s", (_, given) => {
    expect(meaning(message({ text: "/cancel 1", ...given }))).toMatchObject({ kind: "event" });
  });
});

describe("what is said elsewhere", () => {
  test("is ignored, but for commands and answers in a person's own chat with the bot", () => {
    const strangers = { ...group, id: -5 };
    for (const text of ["restart it", "/runs"])
      expect(meaning(message({ chat: strangers, text }))).toMatchObject({ kind: "ignored" });
    expect(meaning(message({ chat: ownChat }))).toMatchObject({ kind: "ignored" });
    expect(meaning(message({ chat: ownChat, text: "/link code" }))).toMatchObject({
      kind: "command",
      place: { chatId: "77" },
    });
  });

  test("is another topic, where the channel is one", () => {
    const body = { message_thread_id: 9 };
    const topic = (thread: number) =>
      message({ message_thread_id: thread, is_topic_message: true });
    expect(meaning(topic(9), body)).toMatchObject({ kind: "event" });
    expect(meaning(topic(8), body)).toMatchObject({ kind: "ignored" });
    expect(meaning(message(), body)).toMatchObject({ kind: "ignored" });
  });
});

describe("a button", () => {
  const press = (given: object = {}) => ({
    update_id: 13,
    callback_query: {
      id: "p1",
      from: ada,
      data: "tag",
      message: { message_id: 6, date: 0, chat: group },
      ...given,
    },
  });

  test("is pressed by somebody, on a message", () => {
    expect(meaning(press())).toEqual({
      kind: "press",
      pressId: "p1",
      data: "tag",
      ...by,
      place: { chatId: String(GROUP), messageId: `${GROUP}:6` },
    });
  });

  test("that stands in no chat is nobody's", () => {
    expect(meaning(press({ message: undefined }))).toMatchObject({ kind: "ignored" });
  });
});

describe("an update", () => {
  test.each([
    ["no object", [], "body"],
    ["without a number", { message: {} }, "body.update_id"],
    ["with a message that is none", { update_id: 1, message: { text: "x" } }, "body.message.chat"],
    ["with a huge id", message({ message_id: 2 ** 60 }), "body.message.message_id"],
  ])("%s is refused with the place", (_, update, path) => {
    expect(() => readUpdate(update)).toThrow(
      expect.objectContaining({
        code: "E-HOOK-PAYLOAD",
        errors: expect.arrayContaining([expect.objectContaining({ path })]),
      }),
    );
  });

  test("of any shape is read or refused, and what is stored of it is bounded", () => {
    const shape = fc.record(
      {
        update_id: fc.oneof(fc.nat(), fc.anything()),
        message: fc.oneof(
          fc.record({
            message_id: fc.nat(),
            chat: fc.record({ id: fc.constantFrom(GROUP, 1), type: fc.string() }),
            from: fc.oneof(fc.constant(ada), fc.anything()),
            text: fc.string({ unit: "binary", maxLength: 5_000 }),
            reply_to_message: fc.anything(),
          }),
          fc.anything(),
        ),
        callback_query: fc.option(fc.anything(), { nil: undefined }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(shape, fc.anything()), (update) => {
        try {
          const found = meaning(update as object);
          if (found.kind !== "event") return;
          expect(JSON.stringify(found.event).length).toBeLessThan(200_000);
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});
