import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Approved,
  type ExactBench,
  openExactBench,
} from "../../test/support/approved-calls.ts";
import { waiting } from "../../test/support/calls.ts";
import { newId } from "../platform/ids.ts";
import { writeDelivered } from "./kept.ts";

/** What a client is told that repeats a call because the answer to it was lost. */

let bench: ExactBench;

beforeAll(async () => {
  bench = await openExactBench();
});
afterAll(() => bench?.close());

/** As a client repeats a call: without a word of any question. */
const repeat = (question: Approved) => bench.callNamed(question, { approvalId: undefined });
const keptOf = ({ run, approvalId }: Approved) => ({
  projectId: run.project_id,
  runId: run.run_id,
  approvalId,
});

/** The call was made under its approval, and its process died before it wrote down how it ended. */
async function madeAndLost(status: "executing" | "unknown"): Promise<Approved> {
  const question = await bench.approved();
  const { callId } = await repeat(question);
  const { approvalId } = question;
  await bench.asAdmin(`delete from task_outcomes where approval_id = '${approvalId}'`);
  const ended = status === "executing" ? "null" : "clock_timestamp()";
  await bench.asAdmin(
    `update mcp_calls set result_status = '${status}', completed_at = ${ended} where call_id = '${callId}'`,
  );
  return question;
}

describe("an approved call whose answer did not reach its client", () => {
  it("is made once, and each repeat is told how it ended until one has been told", async () => {
    const question = await bench.approved();
    const first = await repeat(question);
    expect(first).toMatchObject({ kind: "result", kept: keptOf(question) });
    expect(await repeat(question)).toEqual(first);
    expect(bench.timesRun(question)).toBe(1);
    await writeDelivered(bench.deps.db, keptOf(question));
    const anew = await waiting(repeat(question));
    expect(anew.approvalId).not.toBe(question.approvalId);
    expect(bench.timesRun(question)).toBe(1);
  });

  it("is told in the run that it was made in, under whichever session its client comes back", async () => {
    const question = await bench.approved();
    const { run, mark } = question;
    const first = await repeat(question);
    const next = await bench.openNext(run);
    const anew = () => bench.call(next, "take", { mark }, { mayMove: true });
    expect(await anew()).toEqual(first);
    expect(bench.timesRun(question)).toBe(1);
    expect(await waiting(anew())).toMatchObject({ runId: next.run_id });
  });

  it("is told for a day", async () => {
    const question = await bench.approved();
    await repeat(question);
    await bench.asAdmin(`update task_outcomes set ended_at = ended_at - interval '24 hours'
      where approval_id = '${question.approvalId}'`);
    expect((await waiting(repeat(question))).approvalId).not.toBe(question.approvalId);
  });

  it("is said to have been made, and made no second time, where its kept result can't be opened", async () => {
    const question = await bench.approved();
    const first = await repeat(question);
    await bench.asAdmin(`update task_outcomes
      set outcome = overlay(outcome placing '\\x00000000'::bytea from 2 for 4)
      where approval_id = '${question.approvalId}'`);
    const told = await repeat(question);
    expect(told).toMatchObject({
      ...{ kind: "error", code: "E-CALL-RESULT", sent: true, kept: keptOf(question) },
      callId: first.callId,
      reason: expect.stringMatching(/^The call was made \(success\), but its result can't be read/),
    });
    expect(bench.timesRun(question)).toBe(1);
    await writeDelivered(bench.deps.db, keptOf(question));
    await waiting(repeat(question));
  });

  it("is refused while it is under way", async () => {
    const question = await madeAndLost("executing");
    await bench.expectRefused(question, "E-APPR-USED", { approvalId: undefined });
  });

  it("is said to have an unknown fate where it has one", async () => {
    const question = await madeAndLost("unknown");
    const told = await repeat(question);
    expect(told).toMatchObject({ kind: "unknown", code: "E-CALL-UNKNOWN", kept: keptOf(question) });
    await writeDelivered(bench.deps.db, keptOf(question));
    await waiting(repeat(question));
    expect(bench.timesRun(question)).toBe(1);
  });
});

describe("an approval that nobody demands any more", () => {
  it("is used up by its call, with what a person has put in the place of its arguments", async () => {
    await bench.putContract("policy", "careful", {
      cedar: '@id("careful") @approval("required") permit (principal, action, resource);',
    });
    const tools = [{ server: "shelf", tool: "take", effect: "write", approval: "never" }];
    const run = await bench.openRun({ tools } as never);
    const mark = newId();
    const edited = newId();
    const { approvalId } = await waiting(bench.call(run, "take", { mark }));
    await bench.decide(run, "edit", "", { args: { mark: edited } });
    await bench.putContract("policy", "careful", {
      cedar: '@id("careless") permit (principal, action, resource);',
    });
    const made = await bench.call(run, "take", { mark });
    expect(made).toMatchObject({ kind: "result", editedArgs: { mark: edited } });
    expect(await bench.approvalRow(approvalId)).toMatchObject({ redeemed_call_id: made.callId });
    expect(bench.timesRun({ run, approvalId, mark })).toBe(0);
    expect(bench.timesRun({ run, approvalId, mark: edited })).toBe(1);
  });
});
