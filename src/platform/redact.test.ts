import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact } from "./redact.ts";

const MASK = "[redacted]";

describe("values under telling keys", () => {
  test.each([
    "password",
    "db_password",
    "passwordConfirm",
    "PASSWORD",
    "api_key",
    "apiKey",
    "x-api-key",
    "access_token",
    "clientSecret",
    "Authorization",
    "private-key",
    "Set-Cookie",
  ])("%s is masked", (key) => {
    expect(redact({ [key]: "hunter2", host: "shop" })).toEqual({ [key]: MASK, host: "shop" });
  });

  test.each(["token_count", "max_tokens", "keyboard", "primary_key", "tool", "secretary"])(
    "%s is not a secret",
    (key) => {
      expect(redact({ [key]: "as it is" })).toEqual({ [key]: "as it is" });
    },
  );

  test("numbers and objects are masked whole, null, booleans and empty texts stay", () => {
    expect(
      redact({ password: 1234, secret: { a: 1 }, token: null, credentials: false, pwd: "" }),
    ).toEqual({ password: MASK, secret: MASK, token: null, credentials: false, pwd: "" });
  });

  test("fields that an assignment would not make are kept", () => {
    const value = JSON.parse('{"__proto__": {"token": "x1"}, "constructor": 1}');
    expect(JSON.stringify(redact(value))).toBe(`{"__proto__":{"token":"${MASK}"},"constructor":1}`);
  });

  test("in arrays and at depth", () => {
    expect(redact([{ a: [{ token: "x1" }] }, "plain", 7])).toEqual([
      { a: [{ token: MASK }] },
      "plain",
      7,
    ]);
  });
});

describe("secrets inside texts", () => {
  const pem =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQ\nEA7-x\n-----END RSA PRIVATE KEY-----";
  test.each([
    ["curl -H 'Authorization: Bearer abcdef123456' x", "abcdef123456"],
    ["authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
    ["use awp_k1abc_S3cr3t-Value_x now", "S3cr3t-Value_x"],
    ["id AKIAIOSFODNN7EXAMPLE done", "IOSFODNN7EXAMPLE"],
    [`key: ${pem} end`, "MIIEpAIBAAKCAQ"],
    ["-----BEGIN PRIVATE KEY-----\nMIIcut", "MIIcut"],
    ["ghp_0123456789abcdefghij", "0123456789abcdefghij"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjMifQ.c2lnbmF0dXJl", "c2lnbmF0dXJl"],
    ["postgres://app:s3cr3t@db:5432/x", "s3cr3t"],
    ["DB_PASSWORD=hunter2 starting", "hunter2"],
    ['{"password":"hunter2","host":"a"}', "hunter2"],
    ['{\\"api_key\\": \\"hunter2\\", \\"a\\": 1}', "hunter2"],
    ["client_secret = 'hunter2'", "hunter2"],
    ["token: hunter2", "hunter2"],
    ["ASIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"],
    ...["gho_", "github_pat_", "glpat-", "xoxb-", "xapp-", "sk-", "whsec_"].map((prefix) => [
      `${prefix}0123456789abcdef`,
      "0123456789abcdef",
    ]),
    [`bot 12345678:${"Ab3_-x9".repeat(5)}`, "Ab3_-x9"],
    ["BEARER abcdef123456", "abcdef123456"],
    ["Passphrase=hunter2", "hunter2"],
    ["pwd='hunter2'", "hunter2"],
    ["Private-Key: hunter2", "hunter2"],
    ["accesskey=hunter2", "hunter2"],
    ["X-API-Key: hunter2", "hunter2"],
  ])("%s", (text, secret) => {
    const masked = redact(text);
    expect(masked).not.toContain(secret);
    expect(masked).toContain(MASK);
  });

  test.each([
    "approver=op-2; decision=approve; reason=Cache only, origin is healthy.",
    "It needs the secret:SLACK_URL of this project.",
    "18,204 files deleted, 31.7 GiB freed",
    "01a1ff86-64d4-7c3e-9d2f-0123456789ab",
    "https://example.com/a?b=c#d",
    "input_tokens=500",
  ])("%s stays", (text) => {
    expect(redact(text)).toBe(text);
  });

  test("what stands around a secret stays", () => {
    expect(redact("before password=x1 after")).toBe(`before password=${MASK} after`);
    expect(redact('{"token":"a b","host":"h"}')).toBe(`{"token":${MASK},"host":"h"}`);
  });
});

test("redacting twice changes nothing more", () => {
  const piece = fc.constantFrom(
    ..."password= token: \" ' [redacted] Bearer abcdefgh1 awp_a_b ://u:p@h \\ , } secret authorization: basic".split(
      " ",
    ),
    " ",
  );
  const texts = fc.array(fc.oneof(piece, fc.string({ maxLength: 6 })), { maxLength: 12 });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.jsonValue(),
        texts.map((parts) => parts.join("")),
      ),
      (value) => {
        const once = redact(value);
        expect(redact(once)).toEqual(once);
      },
    ),
    { numRuns: 500 },
  );
});

test("a huge hostile text is done in linear time, deep nesting ends", () => {
  const started = performance.now();
  for (const part of [
    "a_",
    "-----BEGIN PRIVATE KEY-----",
    'password="',
    "://a:",
    "eyJaaaaaa.",
    "token ",
  ]) {
    redact(part.repeat(200_000 / part.length));
  }
  expect(performance.now() - started).toBeLessThan(2_000);
  let deep: unknown = "password=x1";
  for (let level = 0; level < 5_000; level++) deep = [deep];
  expect(JSON.stringify(redact(deep))).toContain(MASK);
});
