import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { newKey } from "./support/e2e-tenant.ts";
import { type Cut, type PgProxy, startPgProxy } from "./support/pg-proxy.ts";
import { openQuestions, type Questions, type Waiting } from "./support/questions.ts";

/**
 * The connection of the deciding transaction is lost, or the server is killed, before and after each of its statements:
 * all of the decision is in the database or nothing, and a repeat under the same Idempotency-Key ends in exactly one. A
 * seeded fifth of the places here, each of them in `npm run soak`.
 */

let database: TestDatabase;
let proxy: PgProxy;
let server: Awooop;
let questions: Questions;
let operator: string;

const startServer = () =>
  startAwooop({ databaseUrl: proxy.url, env: { AWOOOP_ROLES: "api", AWOOOP_LOG_LEVEL: "fatal" } });

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startPgProxy(database.url);
  server = await startServer();
  questions = await openQuestions(database.url);
  operator = await newKey(server, {
    role: "operator",
    name: "op-1",
    project_ids: [questions.project],
  });
});

afterAll(async () => {
  await server?.stop();
  await questions?.close();
  await proxy?.close();
  await database?.drop();
});

const ANSWERS = {
  approve: { decision: "approve" },
  edit: { decision: "edit", arguments: { path: "/var/cache/shop/old" } },
  request_changes: { decision: "request_changes", reason: "only what is old" },
  reject: { decision: "reject", reason: "not during the sale" },
} as const;
type Kind = keyof typeof ANSWERS;
const KINDS = Object.keys(ANSWERS) as Kind[];

const decide = ({ runId }: Waiting, kind: Kind): Promise<Answer> =>
  server.api(`/approvals/${runId}/decide`, {
    key: operator,
    body: { project_id: questions.project, ...ANSWERS[kind] },
    headers: { "idempotency-key": `once ${runId}` },
  });

/** How the deciding transaction begins: with the rights of a tenant, and to write. */
const DECIDING = /^begin; .*awooop_app/s;

interface Whole {
  statements: string[];
  nothing: Record<string, unknown>;
  everything: Record<string, unknown>;
}

/** A decision that nothing interrupts. */
async function watchWhole(kind: Kind): Promise<Whole> {
  const question = await questions.ask();
  const nothing = await questions.traces(question);
  const { statements } = proxy.watchNext(DECIDING);
  expect(await decide(question, kind)).toMatchObject({ status: 200 });
  expect(statements[0]).toMatch(/^begin/);
  expect(statements.at(-1)).toBe("commit");
  expect(statements.length).toBeGreaterThan(15);
  const everything = await questions.traces(question);
  expect(everything).toMatchObject({ decisions: [kind], answers: 1 });
  return { statements, nothing, everything };
}

/** Every place before and after a statement, up to and including COMMIT. */
function places({ statements }: Whole): Cut[] {
  return statements.flatMap((_, at) => [
    { statement: at + 1, when: "before" as const },
    { statement: at + 1, when: "after" as const },
  ]);
}

const isCommitted = ({ statements }: Whole, cut: Cut) =>
  cut.statement === statements.length && cut.when === "after";

/** What is in the database after an interruption, and after the same request has come again. */
async function expectOnce(kind: Kind, question: Waiting, whole: Whole, cut: Cut): Promise<void> {
  const where = `${kind}, ${cut.when} ${whole.statements[cut.statement - 1]}`;
  const left = isCommitted(whole, cut) ? whole.everything : whole.nothing;
  expect(await questions.traces(question), where).toEqual(left);
  const repeat = await decide(question, kind);
  expect(repeat, where).toMatchObject({ status: 200, body: { decision: kind } });
  expect(await questions.traces(question), where).toEqual(whole.everything);
  expect(await decide(question, kind), where).toEqual(repeat);
  expect(await questions.traces(question), where).toEqual(whole.everything);
}

/** A small seeded generator (mulberry32), so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Whether every place is tried instead of some: `npm run soak`. */
const IS_LONG = process.env.AWOOOP_SOAK === "yes";

/** Some of the places, others for each answer, and always those around COMMIT. */
function sample(all: readonly Cut[], pick: () => number): readonly Cut[] {
  return IS_LONG ? all : all.filter((_, at) => at >= all.length - 2 || pick() < SHARE);
}

/** How much of a decision is interrupted in `npm test`. */
const SHARE = 0.2;

describe("a decision whose connection is lost", () => {
  test.each(KINDS)(
    "is made wholly or not at all, and once: %s",
    async (kind) => {
      const whole = await watchWhole(kind);
      for (const cut of sample(places(whole), random(20_261_128 + KINDS.indexOf(kind)))) {
        const question = await questions.ask();
        const watched = proxy.watchNext(DECIDING, cut);
        const answer = await decide(question, kind);
        expect(watched.wasCut).toBe(true);
        expect(watched.statements).toEqual(whole.statements.slice(0, cut.statement));
        expect(answer).toMatchObject({ status: 503, body: { code: "E-DB-DOWN" } });
        await expectOnce(kind, question, whole, cut);
      }
    },
    300_000,
  );
});

describe("a decision whose server is killed", () => {
  test(
    "is made wholly or not at all, and once by the server that comes after it",
    async () => {
      const pick = random(20_261_122);
      for (const kind of KINDS) {
        const whole = await watchWhole(kind);
        const all = places(whole);
        const anywhere = all[Math.floor(pick() * all.length)] as Cut;
        const atTheEnd = all.at(-1) as Cut;
        const some = kind === "edit" ? [anywhere, atTheEnd] : [anywhere];
        for (const cut of IS_LONG ? all : some) {
          const question = await questions.ask();
          const { promise: killed, resolve } = Promise.withResolvers<void>();
          const act = () => resolve(server.kill9());
          const watched = proxy.watchNext(DECIDING, { ...cut, act });
          await expect(decide(question, kind)).rejects.toThrow();
          await killed;
          expect(watched.wasCut).toBe(true);
          server = await startServer();
          await expectOnce(kind, question, whole, cut);
        }
      }
    },
    IS_LONG ? 3_600_000 : 120_000,
  );
});
