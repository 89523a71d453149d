import fc from "fast-check";
import { jsonb, type Tx } from "../../src/platform/database/index.ts";
import { newId } from "../../src/platform/ids.ts";
import {
  seedApproval,
  seedCall,
  seedDecision,
  seedEvent,
  seedMessage,
  seedProject,
  seedRevision,
  seedRun,
  seedStep,
  seedTransition,
} from "./fixtures.ts";
import { queryRows } from "./server.ts";

/** Half a day beside every border, so that a slow test changes nothing. */
const HALF = 0.5;

/** A run of the model; ages are days and a half before now. */
export interface ModelRun {
  id: string;
  createdAge: number;
  /** Null: it is not over. */
  endedAge: number | null;
  steps: number;
  calls: number;
  isAsked: boolean;
  /** A call or a message of it is still on its way. */
  underWay: "no" | "call" | "message";
  isShadow: boolean;
}

interface ModelEvent {
  id: string;
  age: number;
  /** How it belongs to which run: it names the run, or the run names it in one of two ways. */
  link: "none" | "by_run_id" | "by_event_id" | "by_provider_id";
  run: number;
  /** Events with the same alert share their provider id; the oldest is no duplicate. */
  alert: number;
}

/** What one project holds, and for how long it keeps it. */
export interface World {
  payloadDays: number | null;
  runDays: number | null;
  runs: ModelRun[];
  events: ModelEvent[];
  bulks: { id: string; age: number; isDone: boolean }[];
  /** Messages that belong to no run, by age. */
  messages: { id: string; age: number }[];
}

const age = fc.integer({ min: 0, max: 40 });
/** Given by `withIds`. */
const id = fc.constant("");

const run: fc.Arbitrary<ModelRun> = fc.record({
  id,
  createdAge: fc.integer({ min: 40, max: 400 }),
  endedAge: fc.option(age, { freq: 5 }),
  steps: fc.integer({ min: 0, max: 3 }),
  calls: fc.integer({ min: 0, max: 3 }),
  isAsked: fc.boolean(),
  underWay: fc.oneof(
    { arbitrary: fc.constant("no" as const), weight: 8 },
    { arbitrary: fc.constantFrom("call" as const, "message" as const), weight: 1 },
  ),
  isShadow: fc.boolean(),
});

const event: fc.Arbitrary<ModelEvent> = fc.record({
  id,
  age,
  link: fc.constantFrom("none", "by_run_id", "by_event_id", "by_provider_id"),
  run: fc.nat(),
  alert: fc.integer({ min: 0, max: 12 }),
});

/** Projects of every kind of setting, with runs and events of every age around it. */
export const world: fc.Arbitrary<World> = fc
  .record({
    payloadDays: fc.option(fc.integer({ min: 1, max: 30 })),
    runDays: fc.option(fc.integer({ min: 1, max: 30 })),
    runs: fc.array(run, { minLength: 1, maxLength: 25, size: "max" }),
    events: fc.array(event, { maxLength: 30, size: "max" }),
    bulks: fc.array(fc.record({ id, age, isDone: fc.boolean() }), { maxLength: 4 }),
    messages: fc.array(fc.record({ id, age }), { maxLength: 4 }),
  })
  .map(({ payloadDays: payload, runDays, ...rest }) => ({
    ...rest,
    runDays,
    payloadDays: payload === null || runDays === null ? payload : Math.min(payload, runDays),
  }));

/** The same world with ids of its own, so that it can be seeded beside others. */
export function withIds(given: World): World {
  const fresh = <T extends { id: string }>(items: readonly T[]) =>
    items.map((item) => ({ ...item, id: newId() }));
  return {
    ...given,
    runs: fresh(given.runs),
    events: fresh(given.events),
    bulks: fresh(given.bulks),
    messages: fresh(given.messages),
  };
}

const ago = (days: number) => new Date(Date.now() - (days + HALF) * 86_400_000).toISOString();
const providerId = (event: ModelEvent) => `alert-${event.alert}`;
const byAge = (events: readonly ModelEvent[]) => [...events].sort((a, b) => b.age - a.age);
const runOf = (given: World, event: ModelEvent) =>
  event.link === "none" ? undefined : given.runs[event.run % given.runs.length];

/** What set a run off, if an event of the model did: the first one that says so. */
function triggerRef(given: World, run: ModelRun): string | null {
  const link = given.events.find(
    (event) =>
      event.link.startsWith("by_") && event.link !== "by_run_id" && runOf(given, event) === run,
  );
  if (!link) return null;
  return link.link === "by_event_id" ? link.id : providerId(link);
}

/** Writes a world into the tables, as a platform operator. */
export async function seedWorld(tx: Tx, projectId: string, given: World): Promise<void> {
  await seedProject(tx, {
    project_id: projectId,
    retention_payload_days: given.payloadDays,
    retention_run_days: given.runDays,
  });
  const { revision_id } = await seedRevision(tx, { project_id: projectId });
  for (const run of given.runs) await seedModelRun(tx, projectId, revision_id, given, run);
  const first = new Set<number>();
  for (const event of byAge(given.events)) {
    await seedEvent(tx, {
      project_id: projectId,
      event_id: event.id,
      provider_event_id: providerId(event),
      received_at: ago(event.age),
      payload: jsonb({ labels: { alertname: "Disk" } }),
      is_duplicate: first.has(event.alert),
      run_id: event.link === "by_run_id" ? (runOf(given, event)?.id ?? null) : null,
    });
    first.add(event.alert);
  }
  for (const bulk of given.bulks) await seedBulk(tx, projectId, bulk);
  for (const message of given.messages) {
    const noRun = { project_id: projectId, run_id: null as unknown as string };
    await seedMessage(tx, noRun, {
      message_id: message.id,
      queued_at: ago(message.age),
      content: jsonb({ text: "hello" }),
    });
  }
}

async function seedModelRun(
  tx: Tx,
  project_id: string,
  revision_id: string,
  given: World,
  model: ModelRun,
): Promise<void> {
  const run = await seedRun(tx, {
    project_id,
    revision_id,
    run_id: model.id,
    state: model.endedAge === null ? "running" : "completed",
    is_shadow: model.isShadow,
    trigger_ref: triggerRef(given, model),
    created_at: ago(model.createdAge),
    completed_at: model.endedAge === null ? null : ago(model.endedAge),
    input: jsonb({ secret: "given" }),
    result: jsonb({ secret: "made" }),
    step_count: model.steps,
    cost_usd: model.calls * 0.1,
    error_detail: "kept",
  });
  await seedTransition(tx, run, { to_state: "pending", event: "create" });
  for (let seq = 1; seq <= model.steps; seq++) {
    await seedStep(tx, run, { step_seq: seq, input: jsonb({ seq }), output: jsonb([seq]) });
  }
  await tx
    .insertInto("run_budgets")
    .values({ project_id, run_id: run.run_id, calls_used: model.calls })
    .execute();
  const window = { scope: "run", subject: run.run_id, period: "minute", starts_at: run.created_at };
  await tx
    .insertInto("budget_windows")
    .values({ project_id, run_id: run.run_id, ...window })
    .execute();
  for (let at = 0; at < model.calls; at++) {
    const isLast = at === model.calls - 1;
    const result_status = isLast && model.underWay === "call" ? "executing" : "success";
    const { call_id } = await seedCall(tx, run, {
      args: jsonb({ at }),
      result: jsonb({ content: [] }),
      result_status,
    });
    await tx
      .insertInto("budget_reservations")
      .values({ project_id, call_id, run_id: run.run_id, amount_usd: 0.1, status: "spent" })
      .execute();
  }
  const send_status = model.underWay === "message" ? "queued" : "sent";
  await seedMessage(tx, run, { send_status, content: jsonb({ text: "hello" }) });
  if (model.isAsked) await seedQuestion(tx, run);
}

async function seedQuestion(tx: Tx, run: Awaited<ReturnType<typeof seedRun>>): Promise<void> {
  const approval = await seedApproval(tx, run, {
    approved_args_display: jsonb({ path: "/tmp" }),
    approved_args_ciphertext: Buffer.from("sealed too"),
  });
  const { decision_id } = await seedDecision(tx, approval);
  const { approval_id } = approval;
  await tx
    .updateTable("approvals")
    .set({ status: "voided" })
    .where("approval_id", "=", approval_id)
    .execute();
  const of = { project_id: run.project_id, run_id: run.run_id };
  const fetched = { ended_at: ago(1), outcome: Buffer.from("sealed") };
  await tx
    .insertInto("task_outcomes")
    .values({ ...of, approval_id, ...fetched })
    .execute();
  await tx
    .insertInto("approval_seen")
    .values({ ...of, decision_id, content: jsonb({ tool: "clear" }) })
    .execute();
  const used = { jti: crypto.randomUUID(), call_id: crypto.randomUUID(), args_hash: "0" };
  await tx
    .insertInto("approval_redemptions")
    .values({ ...of, approval_id, ...used })
    .execute();
}

async function seedBulk(tx: Tx, project_id: string, bulk: World["bulks"][number]): Promise<void> {
  await tx
    .insertInto("run_bulk_actions")
    .values({
      bulk_id: bulk.id,
      project_id,
      action: "cancel",
      filter: jsonb({}),
      reason: "tidying up",
      status: bulk.isDone ? "done" : "running",
      actor_kind: "key",
      actor_id: "op-1",
      total_count: 2,
      created_at: ago(bulk.age),
      completed_at: bulk.isDone ? ago(bulk.age) : null,
    })
    .execute();
  for (let at = 0; at < 2; at++) {
    await tx
      .insertInto("run_bulk_results")
      .values({ project_id, bulk_id: bulk.id, run_id: newId() })
      .execute();
  }
}

/** What is left of a project: ids, and which of them have lost their payload. */
export interface Left {
  runs: Record<string, "whole" | "erased">;
  events: Record<string, "whole" | "erased">;
  bulks: string[];
  messages: Record<string, "whole" | "erased">;
  /** Of deleted runs. */
  totals: { runs: number; steps: number; calls: number; cost_usd: number };
}

const isOver = (age: number, days: number | null) => days !== null && age + HALF > days;
const isAtRest = (run: ModelRun) =>
  run.underWay === "no" || (run.underWay === "call" && run.calls === 0);
const isDue = (run: ModelRun, days: number | null) =>
  run.endedAge !== null && isOver(run.endedAge, days);

function holds(given: World, run: ModelRun, event: ModelEvent): boolean {
  const ref = triggerRef(given, run);
  const byRunId = event.link === "by_run_id" && runOf(given, event) === run;
  return byRunId || ref === event.id || ref === providerId(event);
}

/** What a sweep has to leave of a world, told without a database. */
export function expectedOf(given: World): Left {
  const { payloadDays, runDays } = given;
  const gone = given.runs.filter((run) => isDue(run, runDays) && isAtRest(run));
  const kept = given.runs.filter((run) => !gone.includes(run));
  const oldest = new Map(
    byAge(given.events)
      .map((event) => [event.alert, event] as const)
      .reverse(),
  );
  const lately = new Set(
    given.events.filter(({ age }) => !isOver(age, runDays)).map(({ alert }) => alert),
  );
  const keptEvents = given.events.filter((event) => {
    if (!isOver(event.age, runDays)) return true;
    if (kept.some((run) => holds(given, run, event))) return true;
    return oldest.get(event.alert) === event && lately.has(event.alert);
  });
  const fate = (isErased: boolean) => (isErased ? "erased" : "whole");
  return {
    runs: Object.fromEntries(
      kept.map((run) => [run.id, fate(isDue(run, payloadDays) && isAtRest(run))]),
    ),
    events: Object.fromEntries(
      keptEvents.map((event) => {
        const keepers = kept.filter((run) => !isDue(run, payloadDays));
        const isHeld = keepers.some((run) => holds(given, run, event));
        return [event.id, fate(isOver(event.age, payloadDays) && !isHeld)];
      }),
    ),
    bulks: given.bulks
      .filter(({ age, isDone }) => !(isDone && isOver(age, runDays)))
      .map(({ id }) => id)
      .sort(),
    messages: Object.fromEntries(
      given.messages
        .filter(({ age }) => !isOver(age, runDays))
        .map(({ id, age }) => [id, fate(isOver(age, payloadDays))]),
    ),
    totals: {
      runs: gone.length,
      steps: gone.reduce((sum, { steps }) => sum + steps, 0),
      calls: gone.reduce((sum, { calls }) => sum + calls, 0),
      cost_usd: gone.reduce((sum, { calls }) => sum + calls, 0) / 10,
    },
  };
}

/** Reads what is left of a project, as the administrator of the database. */
export async function leftOf(adminUrl: string, projectId: string): Promise<Left> {
  const read = (text: string) => queryRows(adminUrl, text, [projectId]);
  const fates = (rows: Record<string, unknown>[]) =>
    Object.fromEntries(rows.map((row) => [String(row.id), row.fate as "whole" | "erased"]));
  const fate = (isErased: string) => `case when ${isErased} then 'erased' else 'whole' end as fate`;
  const [totals] =
    await read(`select coalesce(sum(runs), 0)::int as runs, coalesce(sum(steps), 0)::int as steps,
    coalesce(sum(calls), 0)::int as calls, coalesce(sum(cost_usd), 0)::float8 as cost_usd from run_totals where project_id = $1`);
  return {
    runs: fates(
      await read(
        `select run_id as id, ${fate("payload_erased_at is not null")} from runs where project_id = $1`,
      ),
    ),
    events: fates(
      await read(
        `select event_id as id, ${fate("payload_erased_at is not null")} from channel_events where project_id = $1`,
      ),
    ),
    bulks: (
      await read(
        "select bulk_id from run_bulk_actions where project_id = $1 order by bulk_id::text",
      )
    ).map(({ bulk_id }) => String(bulk_id)),
    messages: fates(
      await read(`select message_id as id, ${fate("content = '{}'")} from outbound_messages
        where project_id = $1 and run_id is null`),
    ),
    totals: totals as unknown as Left["totals"],
  };
}
