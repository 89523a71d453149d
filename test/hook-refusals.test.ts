import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HOOK_SENDERS } from "./support/hook-senders.ts";
import { openHooks } from "./support/hooks.ts";
import { startTestHttp, type TestHttp } from "./support/http.ts";
import { SIGNING_SECRET } from "./support/slack/requests.ts";

let shop: Awaited<ReturnType<typeof openHooks>>;
let http: TestHttp;
beforeAll(async () => {
  shop = await openHooks();
  http = await startTestHttp(shop.url, { hooks: shop.routes });
});
afterAll(async () => {
  await http?.close();
  await shop?.close();
});

const TEN_MB = 10 * 1024 * 1024;
const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

async function post(
  path: string,
  body: string | Buffer | ReadableStream,
  headers: Record<string, string>,
) {
  const response = await fetch(`${http.url}/hooks/${path}`, {
    method: "POST",
    headers,
    body,
    duplex: "half",
  } as RequestInit);
  const text = await response.text();
  const answer = text === "" ? {} : JSON.parse(text);
  return { status: response.status, text, answer, code: answer.code };
}

describe.each(Object.entries(HOOK_SENDERS))("a hook of %s", (_, sender) => {
  let project: string;
  beforeAll(async () => {
    project = await shop.newProject();
    await shop.secret(project, "SLACK", SIGNING_SECRET);
    await shop.secret(project, "TELEGRAM_BOT", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw");
    await shop.contract({ project_id: project, id: "in", family: "channel", body: sender.channel });
  });
  const send = (
    body: string | Buffer,
    proof = sender.prove(body),
    contentType = sender.contentType,
  ) => post(`${project}/in`, body, { ...proof, "content-type": contentType });
  const stored = async () => (await shop.eventsOf(project)).length;

  test("takes what is fine, and the very same again as it should be", async () => {
    const body = sender.body();
    const proof = sender.prove(body);
    const first = await send(body, proof);
    expect([200, 202]).toContain(first.status);
    const before = await stored();
    const again = await send(body, proof);
    if (sender.repeated === "refused")
      expect(again).toMatchObject({ status: 401, code: "E-HOOK-AUTH" });
    if (sender.repeated === "first answer") expect(again.answer).toEqual(first.answer);
    if (sender.repeated === "folded") {
      expect(again.status).toBe(202);
      const events = (await shop.eventsOf(project)).filter((event) => !event.is_duplicate);
      expect(events).toHaveLength(1);
    } else expect(await stored()).toBe(before);
  });

  test("refuses who does not prove to be the sender, whatever they send", async () => {
    const before = await stored();
    const at = Math.floor(Date.now() / 1_000);
    for (const body of [sender.body(), "{not json", "", deep(50_000)]) {
      const proofs = [
        {},
        sender.prove(body, { isForged: true }),
        ...(sender.isTimed
          ? [
              sender.prove(body, { at: at - 360 }),
              sender.prove(body, { at: at + 360 }),
              sender.prove(`${body} `),
            ]
          : []),
      ];
      for (const proof of proofs) {
        const answer = await send(body, proof);
        expect(answer).toMatchObject({ status: 401, code: "E-HOOK-AUTH" });
      }
    }
    expect(await stored()).toBe(before);
  });

  test("refuses what is said to be something else than it takes", async () => {
    const body = sender.body();
    for (const type of [sender.otherType, "application/jsonx", "image/png", "nonsense"]) {
      const answer = await send(body, sender.prove(body), type);
      expect(answer).toMatchObject({ status: 415, code: "E-MEDIA-TYPE" });
    }
  });

  test("refuses 10 MB before it asks who sends it, also when the length is not said", async () => {
    const body = Buffer.alloc(TEN_MB, "x");
    const types = { "content-type": sender.contentType };
    for (const given of [body, new Blob([body]).stream()]) {
      const answer = await post(`${project}/in`, given, types);
      expect(answer).toMatchObject({ status: 413, code: "E-BODY-SIZE" });
    }
  });

  test("refuses what can't be read: no JSON, deep JSON, NUL, bad UTF-8, nothing", async () => {
    const before = await stored();
    const fine = Buffer.from(sender.body());
    const isForm = sender.contentType.includes("form");
    const wrapped = (text: string) => (isForm ? `payload=${encodeURIComponent(text)}` : text);
    const wrong = [
      wrapped("{not json"),
      wrapped("[]"),
      wrapped("null"),
      wrapped(deep(50_000)),
      wrapped("[".repeat(100_000)),
      ...(sender.withNul ? [sender.withNul()] : []),
      Buffer.concat([fine.subarray(0, -1), Buffer.from([0xc3, 0x28, 0x7d])]),
      Buffer.concat([Buffer.from([0xff, 0xfe]), fine]),
      ...(isForm ? ["payload=%ff%fe", "a=%"] : []),
      "",
    ];
    for (const body of wrong) {
      const answer = await send(body);
      expect([body.toString().slice(0, 60), answer.status, answer.code]).toEqual([
        body.toString().slice(0, 60),
        422,
        "E-HOOK-PAYLOAD",
      ]);
      expect(answer.text.length).toBeLessThan(20_000);
    }
    expect(await stored()).toBe(before);
  });
});
