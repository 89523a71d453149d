import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openCallBench, waiting } from "../../test/support/calls.ts";
import { type RecordingServer, serveRecording } from "../../test/support/mcp/recording-server.ts";
import { canonicalJson, sha256Hex } from "../platform/canonical.ts";
import { redact } from "../platform/redact.ts";
import type { RunRow } from "../runs/index.ts";
import { askedArguments } from "./index.ts";

/** What is asked, shown, hashed, sealed and sent is one and the same, whatever the arguments hold. */

let bench: Awaited<ReturnType<typeof openCallBench>>;
let upstream: RecordingServer;

beforeAll(async () => {
  bench = await openCallBench();
  upstream = await serveRecording(["take"]);
  await bench.putContract("tool_server", "shelf", { transport: "http", url: upstream.url });
});
afterAll(async () => {
  await bench?.close();
  await upstream?.close();
});

const openRun = () =>
  bench.openRun({ tools: [{ server: "shelf", tool: "take", effect: "write" }] } as never);

type Args = Record<string, unknown>;

const ODD_NUMBERS = [1e21, -0, 0.1, 1e-7, 5e-324, 1.7976931348623157e308, 2 ** 53 - 1, -1.5, 1e20];
const ODD_TEXTS = [
  "1",
  "1.0",
  "-0",
  "1e21",
  "true",
  "null",
  "",
  " ",
  "é",
  "e\u0301",
  "\u2028",
  '"',
];
const ODD_KEYS = ["__proto__", "constructor", "toString", "10", "2", "-1", "1.0", "é", "a.b", "ZZ"];

const anyText = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc
    .string({ unit: "grapheme", maxLength: 12 })
    .map((text) => text.toWellFormed().replaceAll("\0", "")),
);
const anyArguments = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(...ODD_NUMBERS, null, true, false, [], {}),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.maxSafeInteger(),
    anyText,
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...ODD_KEYS), anyText), tie("value")), {
      maxLength: 5,
    })
    // Written as text first: only so can there be a key `__proto__`, and one that stands there twice.
    .map((members) => {
      const text = members.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
      return JSON.parse(`{${text.join(",")}}`) as unknown;
    }),
})).object as fc.Arbitrary<Args>;

/** The arguments of the last call, as they stood on the wire. */
function sentArguments(): string {
  const body = upstream.bodies.at(-1) ?? "";
  const { params } = JSON.parse(body) as { params: { arguments: Args } };
  const written = JSON.stringify(params.arguments);
  expect(body).toContain(`"arguments":${written}`);
  return written;
}

/** Canonical JSON, with the keys that look like numbers where every JavaScript object has them. */
const inOrder = (canonical: string) => JSON.stringify(JSON.parse(canonical));

async function expectAsShown(approvalId: string, canonical: string): Promise<void> {
  const row = await bench.approvalRow(approvalId);
  expect(row.asked_hash).toBe(sha256Hex(canonical));
  const where = { projectId: row.project_id, approvalId };
  const sealed = askedArguments(bench.deps.sealer, where, row.args_ciphertext);
  expect(canonicalJson(sealed)).toBe(canonical);
  expect(canonicalJson(row.args_display)).toBe(canonicalJson(redact(JSON.parse(canonical))));
}

async function expectSent(run: RunRow, asked: Args, canonical: string): Promise<void> {
  const before = upstream.bodies.length;
  const outcome = await bench.call(run, "take", asked);
  expect(outcome).toMatchObject({ kind: "result" });
  expect(upstream.bodies).toHaveLength(before + 1);
  expect(sentArguments()).toBe(inOrder(canonical));
  expect(canonicalJson(JSON.parse(sentArguments()))).toBe(canonical);
  const call = await bench.callRow((outcome as { callId: string }).callId);
  expect(call.args_hash).toBe(sha256Hex(canonical));
}

describe("approved arguments", () => {
  it("are executed byte for byte, and are what was shown, hashed and sealed", async () => {
    const run = await openRun();
    await fc.assert(
      fc.asyncProperty(anyArguments, async (args) => {
        const canonical = canonicalJson(args);
        const { approvalId } = await waiting(bench.call(run, "take", args));
        await expectAsShown(approvalId, canonical);
        await bench.decide(run, "approve");
        await expectSent(run, args, canonical);
      }),
      { numRuns: 25 },
    );
  });

  it("that a person has put in the place of others are executed likewise", async () => {
    const run = await openRun();
    await fc.assert(
      fc.asyncProperty(anyArguments, anyArguments, async (asked, edited) => {
        await waiting(bench.call(run, "take", asked));
        await bench.decide(run, "edit", "", { args: edited });
        await expectSent(run, asked, canonicalJson(edited));
      }),
      { numRuns: 15 },
    );
  });

  it.each<[string, string, string]>([
    ["1.0 and 1", '{"n":1.0}', '{"n":1}'],
    ["1e21 and 1 with 21 zeros", '{"n":1e21}', '{"n":1000000000000000000000}'],
    ["0.10 and 1e-1", '{"n":0.10}', '{"n":1e-1}'],
    ["-0 and 0", '{"n":-0}', '{"n":0}'],
    ["another order of keys", '{"a":1,"b":{"y":1,"x":2}}', '{"b":{"x":2,"y":1},"a":1}'],
    ["escaped and written out", '{"a":"\\u00e9"}', '{"a":"é"}'],
  ])("are the same however they are written: %s", async (_what, one, other) => {
    const run = await openRun();
    const args = JSON.parse(one) as Args;
    await waiting(bench.call(run, "take", args));
    await bench.decide(run, "approve");
    await expectSent(run, JSON.parse(other) as Args, canonicalJson(args));
  });

  it.each<[string, string, string]>([
    ["1 and a text", '{"n":1}', '{"n":"1"}'],
    ["true and a text", '{"n":true}', '{"n":"true"}'],
    ["null and nothing", '{"n":null}', "{}"],
    ["an empty list and an empty object", '{"n":[]}', '{"n":{}}'],
    ["one letter and a letter with an accent", '{"n":"é"}', '{"n":"e\\u0301"}'],
    ["another order in a list", '{"n":[1,2]}', '{"n":[2,1]}'],
    ["__proto__ and nothing", '{"__proto__":{"a":1}}', "{}"],
  ])("are not those of another type: %s", async (_what, one, other) => {
    const run = await openRun();
    await waiting(bench.call(run, "take", JSON.parse(one) as Args));
    await bench.decide(run, "approve");
    expect(await bench.call(run, "take", JSON.parse(other) as Args)).toMatchObject({
      kind: "waiting",
    });
  });
});
