import { expect, it } from "vitest";
import type { Change } from "../platform/database/changes.ts";
import type { JobData } from "../platform/jobs/index.ts";
import { createLog } from "../platform/log.ts";
import { openSlots } from "./slots.ts";

type Run = JobData["run.execute"];

/** Slots with a tap on what they begin with; each run goes on until it is ended. */
function openTwo() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  let hear: ((change: Change | undefined) => void) | undefined;
  const slots = openSlots(
    {
      changes: {
        subscribe(listener) {
          hear = listener;
          return () => {
            hear = undefined;
          };
        },
      },
      work({ run_id }: Run) {
        begun.push(run_id);
        return new Promise((resolve) => ends.set(run_id, resolve));
      },
      log: createLog("silent"),
    },
    2,
  );
  const announce = (id: string, kind: Change["kind"] = "wake") =>
    hear?.({ project_id: "acme", kind, id });
  const take = (run_id: string) => slots.take({ project_id: "acme", run_id });
  return { slots, begun, announce, take, end: (id: string) => ends.get(id)?.() };
}

it("begins with a run the moment it is announced to be free, and with nothing else that changes", () => {
  const { begun, announce } = openTwo();
  announce("a");
  announce("b", "run");
  expect(begun).toEqual(["a"]);
});

it("lets an announcement go where there is no room: the run's job waits until there is", async () => {
  const { begun, announce, take, end } = openTwo();
  await take("a");
  await take("b");
  announce("c");
  const taken = take("c");
  expect(begun).toEqual(["a", "b"]);
  end("a");
  await taken;
  expect(begun).toEqual(["a", "b", "c"]);
});

it("hears of no further run once it is to stop, and is stopped when those at hand are over", async () => {
  const { slots, begun, announce, end } = openTwo();
  announce("a");
  let isStopped = false;
  const stopping = slots.stop().then(() => {
    isStopped = true;
  });
  announce("b");
  await Promise.resolve();
  expect([begun, isStopped]).toEqual([["a"], false]);
  end("a");
  await stopping;
  expect(isStopped).toBe(true);
});
