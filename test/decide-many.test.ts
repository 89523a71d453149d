import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { newKey } from "./support/e2e-tenant.ts";
import { openQuestions, type Questions, type Waiting } from "./support/questions.ts";

/** A thousand decisions about one question at once, over HTTP, by several people. */

/** `npm run soak` takes a thousand. */
const MANY = Number(process.env.AWOOOP_DECISIONS ?? 400);
const PEOPLE = 10;

let database: TestDatabase;
let server: Awooop;
let questions: Questions;
let people: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startAwooop({ databaseUrl: database.url, env: { AWOOOP_ROLES: "api" } });
  questions = await openQuestions(database.url);
  people = await Promise.all(
    Array.from({ length: PEOPLE }, (_, at) =>
      newKey(server, {
        role: "operator",
        name: `person-${at}`,
        project_ids: [questions.project],
      }),
    ),
  );
});

afterAll(async () => {
  await server?.stop();
  await questions?.close();
  await database?.drop();
});

const ARGUMENTS = { path: "/var/cache/shop/old" };
/** All four answers in turn. */
const BODIES = [
  { decision: "approve" },
  { decision: "reject" },
  { decision: "request_changes" },
  { decision: "edit", arguments: ARGUMENTS },
];

function decide({ runId }: Waiting, who: number, body: object, once?: string): Promise<Answer> {
  return server.api(`/approvals/${runId}/decide`, {
    key: people[who % PEOPLE] as string,
    body: { project_id: questions.project, ...body },
    headers: once === undefined ? {} : { "idempotency-key": once },
  });
}

const all = (work: (at: number) => Promise<Answer>) =>
  Promise.all(Array.from({ length: MANY }, (_, at) => work(at)));

describe("a thousand decisions about one question", () => {
  test("one counts; all others are told which, and nothing is written twice", async () => {
    const question = await questions.ask({ on_reject: "return", editor_counts: true });
    const answers = await all((at) =>
      decide(question, at, { ...BODIES[at % BODIES.length], reason: `by ${at}` }),
    );
    const won = answers.flatMap((answer, at) => (answer.status === 200 ? [at] : []));
    expect(won).toHaveLength(1);
    const [winner = 0] = won;
    const { decision } = BODIES[winner % BODIES.length] as { decision: string };
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(MANY - 1);
    const standing = {
      actor: `person-${winner % PEOPLE}`,
      decision,
      reason: `by ${winner}`,
      at: expect.any(String),
    };
    for (const { status, body } of refused) {
      expect(status).toBe(409);
      expect(body).toMatchObject({ code: "E-APPR-DECIDED", state: "running", standing });
    }
    expect(new Set(refused.map(({ body }) => body.standing.at)).size).toBe(1);
    expect(await questions.traces(question)).toMatchObject({
      run: { state: "running", step_count: 1 },
      decisions: [decision],
      steps: [[1, `operator_console.${decision}`]],
      events: ["resume"],
      jobs: ["run.execute"],
    });
    const { audits } = (await questions.traces(question)) as { audits: string[] };
    expect(audits.filter((action) => action.startsWith("run.approval."))).toEqual([
      `run.approval.${decision}`,
    ]);
  }, 120_000);

  test("where two are needed, exactly two count, of two different people", async () => {
    const question = await questions.ask({ quorum: 2 });
    const answers = await all((at) => decide(question, at, { decision: "approve" }));
    const counted = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(counted.map(({ new_state }) => new_state).sort()).toEqual([
      "running",
      "waiting_approval",
    ]);
    expect(counted.filter((body) => body.approval_token_jti !== null)).toHaveLength(1);
    for (const { status, body } of answers.filter((answer) => answer.status !== 200)) {
      expect([status, body.code]).toEqual([409, "E-APPR-DECIDED"]);
    }
    expect(await questions.traces(question)).toMatchObject({
      run: { state: "running", step_count: 2 },
      decisions: ["approve", "approve"],
      events: ["resume"],
      jobs: ["run.execute"],
    });
  }, 120_000);

  test("under one key decide once, and all get the same answer", async () => {
    const question = await questions.ask({ editor_counts: true });
    const body = { decision: "edit", arguments: ARGUMENTS };
    const answers = await all(() => decide(question, 0, body, "the same"));
    const [first] = answers;
    expect(first).toMatchObject({ status: 200, body: { decision: "edit", new_state: "running" } });
    for (const answer of answers) expect(answer).toEqual(first);
    expect(await questions.traces(question)).toMatchObject({
      decisions: ["edit"],
      events: ["resume"],
      answers: 1,
    });
  }, 120_000);
});
