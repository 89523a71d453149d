import fc from "fast-check";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Approved,
  type ExactBench,
  openExactBench,
} from "../../test/support/approved-calls.ts";
import type { Tx } from "../platform/database/index.ts";
import { newId } from "../platform/ids.ts";
import type { ExactCall } from "./rules.ts";
import { currentKey } from "./signing-keys.ts";

/** An approval is good for one exact call; whatever else is tried with it is refused, and the refusal is recorded. */

let bench: ExactBench;

beforeAll(async () => {
  bench = await openExactBench();
});
afterAll(() => bench?.close());

const setToken = (question: Approved, token: string) =>
  bench.setRow(question, `token = '${token.replaceAll("'", "''")}'`);

/** Signs claims with the key that signs approvals. */
const signed = (claims: Record<string, unknown>, header: object = {}) =>
  bench.deps.db.transaction({ role: "system" }, async (tx: Tx) => {
    const { kid, key } = await currentKey(tx, bench.deps.sealer);
    const typ = "awooop-approval+jwt";
    return new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", kid, typ, ...header }).sign(key);
  });

const encoded = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** The token with other claims or another header, under the signature of what it was. */
function forged(token: string, claims: object, header: object = {}): string {
  const [, , signature] = token.split(".");
  const head = { ...decodeProtectedHeader(token), ...header };
  return `${encoded(head)}.${encoded({ ...decodeJwt(token), ...claims })}.${signature}`;
}

const FIELDS = [
  "projectId",
  "runId",
  "callKey",
  "server",
  "tool",
  "argsHash",
  "revisionId",
  "contractHash",
] as const satisfies (keyof ExactCall)[];
const anotherThan = (value: string) =>
  fc
    .oneof(
      fc.uuid(),
      fc.constant(`${value} `),
      fc.constant(value.toUpperCase()),
      fc.constant(value.slice(0, -1)),
      fc.string({ minLength: 1, maxLength: 64 }),
    )
    .filter((other) => other !== value);

describe("a token", () => {
  it.each(FIELDS)("is refused for another %s, forged and well signed", async (field) => {
    const question = await bench.approved();
    const { token } = await bench.questionRow(question.approvalId);
    const claims = decodeJwt<{ call: ExactCall }>(token as string);
    await fc.assert(
      fc.asyncProperty(anotherThan(claims.call[field]), fc.boolean(), async (other, isSigned) => {
        const changed = { ...claims, call: { ...claims.call, [field]: other } };
        await setToken(
          question,
          isSigned ? await signed(changed) : forged(token as string, changed),
        );
        await bench.expectRefused(question, "E-APPR-MISMATCH");
      }),
      { numRuns: 4 },
    );
    await setToken(question, token as string);
    expect(await bench.callNamed(question)).toMatchObject({ kind: "result" });
    expect(bench.timesRun(question)).toBe(1);
  });

  it("is refused when anything else about it was changed", async () => {
    const question = await bench.approved();
    const stranger = await bench.approved();
    const { token, redeem_by } = await bench.questionRow(question.approvalId);
    const { token: strange } = await bench.questionRow(stranger.approvalId);
    const was = token as string;
    const claims = decodeJwt(was);
    const later = new Date(Date.parse(redeem_by as string) + 1_000).toISOString();
    const [head, body, signature] = was.split(".") as [string, string, string];
    const flipped = Buffer.from(signature, "base64url").map(
      (byte, at) => byte ^ (at === 7 ? 1 : 0),
    );
    const tokens: string[] = [
      await signed({ ...claims, sub: newId() }),
      await signed({ ...claims, jti: newId() }),
      await signed({ ...claims, redeem_by: later }),
      await signed({ ...claims, iss: "someone" }),
      await signed({ ...claims, aud: "awooop:else" }),
      await signed({ ...claims, call: undefined }),
      await signed(claims, { typ: "JWT" }),
      forged(was, { sub: stranger.approvalId }),
      forged(was, { jti: newId() }),
      forged(was, { exp: 4_000_000_000 }),
      forged(was, { redeem_by: later }),
      forged(was, {}, { kid: newId() }),
      forged(was, {}, { kid: "\0" }),
      forged(was, {}, { kid: undefined }),
      `${encoded({ alg: "none" })}.${body}.`,
      `${head}.${body}.${Buffer.from(flipped).toString("base64url")}`,
      `${head}.${body}.`,
      "no token",
      strange as string,
    ];
    for (const other of tokens) {
      await setToken(question, other);
      await bench.expectRefused(question, "E-APPR-MISMATCH");
    }
    await setToken(question, was);
    expect(await bench.callNamed(question)).toMatchObject({ kind: "result" });
    expect(await bench.callNamed(stranger)).toMatchObject({ kind: "result" });
    expect([bench.timesRun(question), bench.timesRun(stranger)]).toEqual([1, 1]);
  });
});

describe("a question whose row was changed past the server", () => {
  const flip = (column: string) =>
    `${column} = set_byte(${column}, octet_length(${column}) - 1, get_byte(${column}, octet_length(${column}) - 1) # 1)`;

  it.each([
    ["the step", "call_key = 'other'"],
    ["the server", "server = 'other'"],
    ["the tool", "tool_name = 'give'"],
    ["the asked hash", `asked_hash = '${"0".repeat(64)}'`],
    ["the approved hash", `approved_hash = '${"0".repeat(64)}'`],
    ["the contract revision", `revision_id = '${newId()}'`],
    ["the contract's hash", "contract_hash = 'x'"],
    ["the id of the token", `jti = '${newId()}'`],
    ["a later end", "redeem_by = redeem_by + interval '1 second'"],
    ["an end that is a microsecond later", "redeem_by = redeem_by + interval '1 microsecond'"],
    ["the sealed arguments", flip("args_ciphertext")],
    ["sealed arguments that were erased", "args_ciphertext = ''"],
    ["edited arguments out of nothing", "approved_args_ciphertext = args_ciphertext"],
  ])("lets nothing be executed: %s", async (_what, assignments) => {
    const question = await bench.approved();
    await bench.setRow(question, assignments);
    await bench.expectRefused(question, "E-APPR-MISMATCH");
    expect(bench.timesRun(question)).toBe(0);
  });

  it("can't be given to another run", async () => {
    const question = await bench.approved();
    const { run } = await bench.approved();
    await bench.setRow(question, `run_id = '${run.run_id}'`);
    await bench.expectRefused(question, "E-APPR-MISMATCH");
    await bench.expectRefused(question, "E-APPR-MISMATCH", { runId: run.run_id });
  });

  it("is good for one execution also when it says that it was not used", async () => {
    const question = await bench.approved();
    expect(await bench.callNamed(question)).toMatchObject({ kind: "result" });
    await bench.setRow(question, "redeemed_at = null, redeemed_call_id = null");
    await bench.expectRefused(question, "E-APPR-USED");
    await bench.expectRefused(question, "E-APPR-USED");
    expect(bench.timesRun(question)).toBe(1);
  });
});

describe("a call in the name of a question", () => {
  it("is refused with any other arguments", async () => {
    const question = await bench.approved();
    const anyArgs = fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(anyArgs, async (extra) => {
        const args = { ...extra, mark: [question.mark] };
        await bench.expectRefused(question, "E-APPR-MISMATCH", { args });
      }),
      { numRuns: 6 },
    );
    expect(await bench.callNamed(question)).toMatchObject({ kind: "result" });
    expect(bench.timesRun(question)).toBe(1);
  });

  it("is refused with another tool, under another step, in another run", async () => {
    const question = await bench.approved();
    const { run } = await bench.approved();
    await bench.expectRefused(question, "E-APPR-MISMATCH", { tool: "give" });
    await bench.expectRefused(question, "E-APPR-MISMATCH", { callKey: "other" });
    await bench.expectRefused(question, "E-APPR-MISMATCH", { runId: run.run_id });
    expect(bench.timesRun(question)).toBe(0);
  });

  it("is refused under another revision of its contract, though it says the same", async () => {
    const question = await bench.approved();
    const { run_id, agent_id } = question.run;
    await bench.asAdmin(`insert into contract_revisions (revision_id, project_id, contract_id, contract_family,
        lifecycle_status, body, body_hash, version_major, version_minor, created_by)
      select gen_random_uuid(), project_id, contract_id, contract_family, 'deprecated', body, body_hash, 9, 9, 'test'
      from contract_revisions where contract_id = '${agent_id}'`);
    await bench.asAdmin(`update runs set revision_id = (select revision_id from contract_revisions
      where contract_id = '${agent_id}' and version_major = 9) where run_id = '${run_id}'`);
    await bench.expectRefused(question, "E-APPR-MISMATCH");
  });

  it("is refused where there is no such question", async () => {
    const question = { ...(await bench.approved()), approvalId: newId() };
    const outcome = (await bench.callNamed(question)) as { callId: string };
    expect(outcome).toMatchObject({ kind: "blocked", gate: 5, code: "E-APPR-MISMATCH" });
    expect(await bench.recorded(outcome.callId)).toMatchObject({
      row: { block_code: "E-APPR-MISMATCH" },
      audits: [{ action: "call.refuse", approval_id: question.approvalId }],
    });
    expect(bench.timesRun(question)).toBe(0);
  });
});
