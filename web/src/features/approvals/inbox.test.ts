import { describe, expect, test } from "vitest";
import type { Approval } from "../../app/api.ts";
import { mergeInbox, nextOpen, standingOf } from "./inbox.ts";

const approval = (id: string, left = 60): Approval =>
  ({ approval_id: id, redeem_seconds: left }) as Approval;
const shape = (entries: ReturnType<typeof mergeInbox>) =>
  entries.map((e) => `${e.approval.approval_id}${e.closed ? "-" : "+"}`).join(" ");

describe("mergeInbox", () => {
  test("what is answered stays where it was, what is new comes last", () => {
    const first = mergeInbox([], [approval("a"), approval("b"), approval("c")]);
    expect(shape(first)).toBe("a+ b+ c+");
    const second = mergeInbox(first, [approval("d"), approval("a"), approval("c")]);
    expect(shape(second)).toBe("a+ b- c+ d+");
    expect(shape(mergeInbox(second, []))).toBe("a- b- c- d-");
  });

  test("values change in place, and a question that opens again is open again", () => {
    const first = mergeInbox([], [approval("a", 60)]);
    expect(mergeInbox(first, [approval("a", 30)])[0]?.approval.redeem_seconds).toBe(30);
    expect(shape(mergeInbox(mergeInbox(first, []), [approval("a")]))).toBe("a+");
  });
});

test("after an answer comes the next open question, around the end", () => {
  const entries = mergeInbox(mergeInbox([], [approval("a"), approval("b"), approval("c")]), [
    approval("a"),
    approval("c"),
  ]);
  expect(nextOpen(entries, "a")?.approval.approval_id).toBe("c");
  expect(nextOpen(entries, "c")?.approval.approval_id).toBe("a");
  expect(nextOpen(mergeInbox(entries, []), "a")).toBeUndefined();
});

test("the decision that stands is read from a refusal, if there is one", () => {
  expect(
    standingOf({ state: "running", standing: { actor: "op-1", decision: "approve", at: "x" } }),
  ).toEqual({ actor: "op-1", decision: "approve", reason: null, at: "x" });
  expect(standingOf({ state: "cancelled", standing: null })).toBeNull();
  expect(standingOf({})).toBeNull();
});
