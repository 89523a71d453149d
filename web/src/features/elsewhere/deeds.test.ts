import { expect, test } from "vitest";
import type { AuditLogEntry } from "../audit/queries.ts";
import { deedsIn, together } from "./deeds.ts";

const entry = (who: string, action: string, id: string, kind = "key") =>
  ({
    project_id: "acme",
    actor: { kind, id: who },
    action,
    target: { kind: action.startsWith("freeze") ? "freeze" : "run", id },
  }) as AuditLogEntry;

test("one's own deeds, machines and what nobody waits for are left out; a refusal tells of its cancelled run", () => {
  const entries = [
    entry("me", "run.cancel", "r0"),
    entry("worker-1", "run.cancel", "r1", "worker"),
    entry("ada", "run.claim", "r2"),
    entry("ada", "run.cancel", "r3"),
    entry("ada", "run.approval.reject", "r3"),
    entry("bo", "freeze.set", "f1"),
  ];
  expect(deedsIn(entries, "me")).toEqual([
    { kind: "reject", who: "ada", count: 1, run: { projectId: "acme", runId: "r3" } },
    { kind: "freeze", who: "bo", count: 1, run: null },
  ]);
});

test("the same by the same person is one line, however many", () => {
  const some = Array.from({ length: 500 }, (_, at) => entry("ada", "run.cancel", `r${at}`));
  const told = deedsIn(some, "me");
  expect(told).toEqual([{ kind: "cancel", who: "ada", count: 500, run: null }]);
  expect(together(told, deedsIn([entry("ada", "run.cancel", "x")], "me"))).toMatchObject([
    { count: 501 },
  ]);
});
