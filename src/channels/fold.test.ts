import fc from "fast-check";
import type { Hono } from "hono";
import { afterAll, beforeAll, expect, test } from "vitest";
import { alert, alertDelivery, bearer, openHooks } from "../../test/support/hooks.ts";

let shop: Awaited<ReturnType<typeof openHooks>>;
beforeAll(async () => {
  shop = await openHooks();
});
afterAll(() => shop?.close());

const RULE = { labels: ["cluster"], storm_events: 12 };

async function newProject(): Promise<string> {
  const project_id = await shop.newProject();
  const auth = { scheme: "bearer", secret: "secret:TOKEN" };
  const body = { type: "alertmanager", auth, correlate: RULE };
  await shop.contract({ project_id, id: "alerts", family: "channel", body });
  const triggers = [{ channel: "alerts", when: 'trigger.labels.cluster != "quiet"' }];
  const runbook = { steps: [{ key: "done", check: { $cel: "true" } }] };
  const agent = { display_name: "Medic", driver: "worker", notify: ["console"], triggers, runbook };
  await shop.contract({ project_id, id: "medic", family: "agent", body: agent });
  return project_id;
}

async function send(app: Hono, project: string, alerts: readonly object[]): Promise<string[]> {
  const response = await app.request(`/hooks/${project}/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json", ...bearer },
    body: JSON.stringify(alertDelivery(...alerts)),
  });
  expect(response.status).toBe(202);
  const { events } = (await response.json()) as { events: { event_id: string }[] };
  return events.map(({ event_id }) => event_id);
}

/** What has become of a project's events, with places in the order in which they were first seen instead of ids. */
async function standing(project: string, sent: readonly string[]) {
  const of = new Map((await shop.eventsOf(project)).map((event) => [event.event_id, event]));
  expect(of.size).toBe(sent.length);
  const numbers = new Map<string, number>();
  const numberOf = (id: string | null | undefined) => {
    if (!id) return null;
    if (!numbers.has(id)) numbers.set(id, numbers.size);
    return numbers.get(id);
  };
  const events = sent.map((id) => {
    const event = of.get(id);
    const { provider_event_id, is_duplicate, payload, content_preview, sender } = event ?? {};
    const place = [numberOf(event?.case_id), numberOf(event?.run_id)];
    return { provider_event_id, is_duplicate, payload, content_preview, sender, place };
  });
  const [cases, notices] = await shop.platform((tx) =>
    Promise.all([
      tx.selectFrom("channel_cases").selectAll().where("project_id", "=", project).execute(),
      tx
        .selectFrom("outbound_messages")
        .select(["run_id", "content_preview"])
        .where("project_id", "=", project)
        .execute(),
    ]),
  );
  return {
    events,
    cases: cases
      .map((of) => [numberOf(of.case_id), of.event_count, of.resolved_count, of.storm_at !== null])
      .sort(),
    notices: notices.map((of) => [numberOf(of.run_id), of.content_preview]).sort(),
  };
}

const anAlert = fc.record({
  thing: fc.integer({ min: 0, max: 5 }),
  cluster: fc.constantFrom("a", "b", "quiet", undefined),
  status: fc.constantFrom("firing", "firing", "resolved"),
  minute: fc.constantFrom("07", "08"),
});

test("a process that folds in one statement comes to the same as one that looks first", async () => {
  const effects = { send: shop.jobs.send };
  const deliveries = fc.array(fc.array(anAlert, { minLength: 1, maxLength: 4 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(deliveries, async (given) => {
      const [short, long] = [await newProject(), await newProject()];
      const warm = shop.appWith(effects);
      const sent: [string[], string[]] = [[], []];
      for (const delivery of given) {
        const alerts = delivery.map(({ thing, cluster, status, minute }) =>
          alert({
            status,
            fingerprint: `${cluster}${thing}`,
            startsAt: `2026-11-22T03:${minute}:00.000Z`,
            labels: { alertname: "Slow", pod: `p${thing}`, ...(cluster ? { cluster } : {}) },
          }),
        );
        sent[0].push(...(await send(warm, short, alerts)));
        // One that has just begun knows nothing that would let it try the short way.
        sent[1].push(...(await send(shop.appWith(effects), long, alerts)));
      }
      expect(await standing(short, sent[0])).toEqual(await standing(long, sent[1]));
    }),
    { numRuns: 12 },
  );
});
