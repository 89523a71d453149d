import { expect, test } from "vitest";
import type { RunDetail, TimelineItem, TimelinePage } from "../../app/api.ts";
import { joinedItems, withRecords } from "./joined.ts";

const items = (from: number, to: number, status = "success") =>
  Array.from({ length: to - from + 1 }, (_, at) => ({
    id: `step:${from + at}`,
    status,
  })) as unknown as TimelineItem[];

test("what came since follows, and what is shown of the newest is renewed; nothing comes before", () => {
  const { items: all, isToTheEnd } = joinedItems(items(60, 100, "old"), items(41, 120, "new"));
  expect(isToTheEnd).toBe(true);
  expect(all).toEqual(items(60, 120, "new"));
});

test("over a gap nothing is joined", () => {
  const loaded = items(60, 100);
  expect(joinedItems(loaded, items(150, 160))).toEqual({ items: loaded, isToTheEnd: false });
});

test("records of all pages, in the order of their lists, the later version", () => {
  const none = { inbound_events: [], outbound_messages: [], mcp_calls: [] };
  const step = (seq: number, result_status: string) => ({
    step_id: `s${seq}`,
    step_seq: seq,
    result_status,
  });
  const detail = { ...none, steps: [step(1, "success"), step(12, "pending")] };
  const page = { records: { ...none, steps: [step(200, "success"), step(12, "success")] } };
  const { steps } = withRecords(detail as unknown as RunDetail, [page as unknown as TimelinePage]);
  expect(steps).toEqual([step(1, "success"), step(12, "success"), step(200, "success")]);
});
