import { expect, test } from "vitest";
import { staleKeys } from "./live.ts";

const change = (kind: string) => staleKeys({ project_id: "acme", kind, id: "x" });

test("a change makes stale what shows it, and nothing of another project", () => {
  expect(change("run")).toEqual([
    ["runs", "head"],
    ["run", "acme", "x"],
  ]);
  expect(change("calls")).toEqual([
    ["runs", "head"],
    ["run", "acme", "x"],
  ]);
  expect(change("call")).toEqual([
    ["runs", "head"],
    ["run", "acme"],
  ]);
  expect(change("approval")).toEqual([["approvals"], ["run", "acme"]]);
  expect(change("message")).toEqual([["messages"], ["channels"], ["run", "acme"]]);
  expect(change("channel_event")).toEqual([["channel-events"], ["run", "acme"]]);
});

test("an unknown kind is ignored, so that a newer server can send more", () => {
  expect(change("weather")).toEqual([]);
});
