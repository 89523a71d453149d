import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  caller,
  openReading,
  type Reading,
  seedEvent,
  seedProject,
} from "../../test/support/fixtures.ts";
import { channelEventsAnswer } from "./contract.ts";
import { channelRoutes } from "./routes.ts";

let reading: Reading;
let routes: ReturnType<typeof channelRoutes>;

beforeAll(async () => {
  reading = await openReading();
  routes = channelRoutes(reading);
  await reading.seed(async (tx) => {
    for (const project_id of ["acme", "globex", "busy"]) await seedProject(tx, { project_id });
    const event = (
      project_id: string,
      provider_event_id: string,
      second: number,
      more: object = {},
    ) =>
      seedEvent(tx, {
        project_id,
        provider_event_id,
        received_at: `2026-11-22T03:07:0${second}Z`,
        ...more,
      });
    await event("acme", "a%b:1", 1);
    await event("acme", "a_b:1", 2, {
      channel_type: "telegram",
      content_preview: "token=abcdefgh",
    });
    await event("acme", "aXb:1", 3, { is_duplicate: true, content_preview: null });
    await event("acme", "a\\b:1", 4);
    await event("globex", "a%b:1", 5);
    for (let n = 0; n < 120; n++) await event("busy", `f${n}`, 0);
  });
});

afterAll(() => reading?.close());

async function list(query: string, as: Parameters<typeof ask>[2] = {}) {
  const answer = await ask(routes, `/channel-events${query}`, as);
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return channelEventsAnswer.strict().parse(answer.body);
}

const ids = (answer: { events: { provider_event_id: string }[] }) =>
  answer.events.map((event) => event.provider_event_id);

describe("GET /channel-events", () => {
  test("newest first, with every field, texts masked", async () => {
    const answer = await list("?project_id=acme");
    expect(ids(answer)).toEqual(["a\\b:1", "aXb:1", "a_b:1", "a%b:1"]);
    expect(answer).toMatchObject({ total: 4, total_is_exact: true, limit: 50, next_cursor: null });
    expect(Object.keys(answer.events[0] ?? {}).slice(0, 8)).toEqual([
      "event_id",
      "project_id",
      "channel_type",
      "provider_event_id",
      "channel_chat_id",
      "content_preview",
      "is_duplicate",
      "received_at",
    ]);
    expect(answer.events[1]).toMatchObject({ is_duplicate: true, content_preview: null });
    expect(answer.events[2]?.content_preview).toBe("token=[redacted]");
  });

  test.each([
    ["a%25", ["a%b:1"]],
    ["a_", ["a_b:1"]],
    ["a%5C", ["a\\b:1"]],
    ["a", ["a\\b:1", "aXb:1", "a_b:1", "a%b:1"]],
    ["", ["a\\b:1", "aXb:1", "a_b:1", "a%b:1"]],
    ["%25", []],
    ["A", []],
  ])("provider_prefix %s means itself", async (prefix, expected) => {
    const answer = await list(`?project_id=acme&provider_prefix=${prefix}`);
    expect(ids(answer)).toEqual(expected);
    expect(answer.total).toBe(expected.length);
  });

  test.each([
    ["0", 1],
    ["-5", 1],
    ["1", 1],
    ["100", 100],
    ["100000", 100],
  ])("limit=%s is used as %i and said so", async (given, used) => {
    const answer = await list(`?project_id=busy&limit=${given}`);
    expect(answer.limit).toBe(used);
    expect(answer.events).toHaveLength(used);
    expect(answer.total).toBe(120);
  });

  test("pages go through everything once, also among equal times", async () => {
    const seen: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const answer = await list(`?project_id=busy&limit=50${cursor && `&cursor=${cursor}`}`);
      seen.push(...ids(answer));
      cursor = answer.next_cursor;
    }
    expect(seen).toHaveLength(120);
    expect(new Set(seen).size).toBe(120);
  });

  test("a cursor is for its own filters and caller", async () => {
    const { next_cursor } = await list("?project_id=busy&limit=50");
    const other = await ask(routes, `/channel-events?project_id=acme&cursor=${next_cursor}`);
    expect(other).toMatchObject({ status: 422, body: { code: "E-CURSOR" } });
    const stranger = caller({ keyId: "k2" });
    const theirs = await ask(routes, `/channel-events?project_id=busy&cursor=${next_cursor}`, {
      caller: stranger,
    });
    expect(theirs).toMatchObject({ status: 422, body: { code: "E-CURSOR" } });
  });

  test("shows a caller only their projects, and others' as if they were not there", async () => {
    const acme = caller({ projects: ["acme"] });
    expect((await list("", { caller: acme })).total).toBe(4);
    expect(await list("?project_id=globex", { caller: acme })).toEqual(
      await list("?project_id=nowhere", { caller: acme }),
    );
    const all = await list("?limit=3");
    expect(all.events.map((event) => event.project_id)).toEqual(["globex", "acme", "acme"]);
    expect(all.total).toBe(125);
  });

  test.each([
    "?channel_type=pigeon",
    "?limit=many",
    "?limit=1.5",
    "?limit=1e400",
    "?provider_prefix=%00",
    "?project_id=%00",
  ])("%s is not valid", async (query) => {
    const answer = await ask(routes, `/channel-events${query}`);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-INPUT" } });
  });

  test("channel_type is exact, and an unknown one names those there are", async () => {
    expect(ids(await list("?project_id=acme&channel_type=telegram"))).toEqual(["a_b:1"]);
    const answer = await ask(routes, "/channel-events?channel_type=pigeon");
    expect(answer.body.errors[0].message).toContain("alertmanager");
  });
});
