import tls from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  MAIL_CERTIFICATE,
  MAIL_USER,
  type MailServer,
  openMailServer,
} from "../../test/support/mail-server.ts";
import { channelBodySchema } from "./channel-body.ts";
import type { EmailBody } from "./email-body.ts";
import { emailSender } from "./email-sender.ts";
import type { Outgoing } from "./sender.ts";

const FROM = "awooop@shop.example";
const never = new AbortController().signal;

let plain: MailServer;
let secured: MailServer;

beforeAll(async () => {
  plain = await openMailServer();
  secured = await openMailServer({ tls: true, needsLogin: true });
});
afterAll(() => Promise.all([plain?.close(), secured?.close()]));
beforeEach(() => {
  for (const server of [plain, secured]) {
    server.mails = [];
    server.refuse = () => undefined;
    server.answer = () => undefined;
  }
});

const body = (given: object = {}) =>
  channelBodySchema.parse({
    type: "email",
    host: "localhost",
    port: plain.port,
    tls: "none",
    from: FROM,
    to: ["ann@shop.example", "bob@shop.example"],
    ...given,
  }) as EmailBody;

const message = (given: Partial<Outgoing> = {}): Outgoing => ({
  messageId: "01a1ff82-17a0-7c3e-9d2f-0123456789ab",
  projectId: "acme",
  runId: null,
  channelId: "mail",
  type: "final",
  subjectKind: null,
  content: { text: "cache-1 is healthy again\nhttps://awooop.example/" },
  queuedAt: "2026-11-22T03:07:00.000Z",
  consoleUrl: "https://awooop.example/",
  providerMessageId: null,
  threadId: null,
  ...given,
});

async function send(given: object = {}, what: Partial<Outgoing> = {}, allowHosts = ["localhost"]) {
  const readSecret = async () => MAIL_USER.password;
  const sender = await emailSender(body(given), { allowHosts, readSecret });
  return sender.send(message(what), never);
}

describe("a mail", () => {
  test("carries the text, and an id made of the message's", async () => {
    const id = "<01a1ff82-17a0-7c3e-9d2f-0123456789ab@shop.example>";
    expect(await send()).toEqual({ ok: true, providerMessageId: id });
    const [mail] = plain.mails;
    expect(mail).toMatchObject({ from: FROM, to: ["ann@shop.example", "bob@shop.example"] });
    expect(mail?.raw).toContain(`Message-ID: ${id}\r\n`);
    expect(mail?.raw).toContain("Subject: [AwoooP] cache-1 is healthy again\r\n");
    expect(mail?.raw).toContain("Date: Sun, 22 Nov 2026 03:07:00 +0000\r\n");
    expect(mail?.raw).toContain("\r\n\r\ncache-1 is healthy again\r\nhttps://awooop.example/");
    expect(mail?.raw).not.toMatch(/^(In-Reply-To|References):/m);
  });

  test("refers to the first of its run", async () => {
    await send({}, { threadId: "<first@shop.example>" });
    expect(plain.mails[0]?.raw).toContain("In-Reply-To: <first@shop.example>\r\n");
    expect(plain.mails[0]?.raw).toContain("References: <first@shop.example>\r\n");
  });

  test("has no header that its text brought along", async () => {
    await send({}, { content: { text: "Hi\r\nBcc: eve@evil.example\r\n\r\nyou" } });
    await send({}, { content: { text: "Hi\rBcc: eve@evil.example\u2028X-More: 1\0" } });
    for (const { raw, to } of plain.mails) {
      const [headers] = raw.split("\r\n\r\n");
      expect(headers).not.toMatch(/^(bcc|x-more):/im);
      expect(to).toHaveLength(2);
    }
    expect(plain.mails).toHaveLength(2);
  });

  test("goes out encrypted, and signed in with a password", async () => {
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), MAIL_CERTIFICATE]);
    const login = { user: MAIL_USER.user, password: "secret:MAIL" };
    const sent = await send({ port: secured.port, tls: "starttls", ...login });
    expect(sent).toMatchObject({ ok: true });
    expect(secured.mails[0]).toMatchObject({ user: MAIL_USER.user });
    const refused = await send({ port: secured.port, tls: "starttls", ...login, user: "eve" });
    expect(refused).toMatchObject({ ok: false, isPermanent: true });
    // The certificate is not one of 127.0.0.1.
    const other = { port: secured.port, tls: "starttls", ...login, host: "127.0.0.1" };
    expect(await send(other, {}, ["127.0.0.1"])).toMatchObject({
      ok: false,
      mayHaveArrived: false,
    });
  });
});

describe("a mail that can't be sent", () => {
  test.each([
    [451, false],
    [550, true],
  ])("because the server says %i", async (code, isPermanent) => {
    plain.answer = () => code;
    const refused = { ok: false, isPermanent, reason: expect.stringContaining(String(code)) };
    expect(await send()).toEqual(refused);
    plain.refuse = () => code;
    expect(await send()).toEqual(refused);
    expect(plain.mails).toHaveLength(1);
  });

  test("to some of its recipients is sent to the others, and says so", async () => {
    plain.refuse = (to) => (to.startsWith("ann") ? 550 : undefined);
    expect(await send()).toMatchObject({ ok: true, note: expect.stringContaining("ann@shop") });
    expect(plain.mails[0]?.to).toEqual(["bob@shop.example"]);
  });

  test("may have arrived when the connection ends before the answer", async () => {
    plain.answer = () => "cut";
    const failed = { ok: false, isPermanent: false, mayHaveArrived: true };
    expect(await send()).toMatchObject(failed);
  });

  test("is tried again while nobody answers, and does not go out in the clear against the contract", async () => {
    const nobody = { ok: false, isPermanent: false, mayHaveArrived: false };
    expect(await send({ port: 1 })).toMatchObject(nobody);
    expect(await send({ tls: "starttls" })).toMatchObject({ ok: false });
    expect(plain.mails).toEqual([]);
  });

  test.each(["localhost", "127.0.0.1", "[::1]"])("to %s, a private address", async (host) => {
    expect(await send({ host }, {}, [])).toEqual({
      ok: false,
      isPermanent: true,
      reason: expect.stringContaining("private or link-local"),
    });
  });
});

test.each([
  [{ from: "a@b.example\r\nBcc: eve@evil.example" }],
  [{ from: "Ann <a@b.example>" }],
  [{ to: [] }],
  [{ to: Array.from({ length: 21 }, () => FROM) }],
  [{ to: ["a@b.example, eve@evil.example"] }],
  [{ host: "mail.example/x" }],
  [{ user: "me" }],
  [{ password: "secret:MAIL" }],
  [{ user: "me", password: "secret:MAIL", tls: "none" }],
  [{ user: "me", password: "in the clear", tls: "starttls" }],
  [{ language: "fr" }],
])("no contract is %j", (given) => {
  const whole = { type: "email", host: "localhost", from: FROM, to: [FROM], ...given };
  expect(channelBodySchema.safeParse(whole).success).toBe(false);
});
