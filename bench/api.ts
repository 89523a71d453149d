/**
 * How fast the operator's questions are answered, and whether that depends on how much else is in the tables:
 * `npm run bench:api [-- --quick]`. See docs/performance.md.
 */
import { fork } from "node:child_process";
import { type Awooop, startAwooop } from "../test/support/awooop.ts";
import type { FloorOrder } from "./api/floor.ts";
import { type Effort, measure, type Side } from "./api/measure.ts";
import { openPostgres } from "./api/postgres.ts";
import { ASKED, type Asking, prepare, QUESTIONS } from "./api/questions.ts";
import { figuresOf, type Measurements, machineOf, ratiosOf, tableOf } from "./api/report.ts";
import type { Size } from "./api/seed.ts";

interface Plan {
  projects: number;
  /** Runs of the project that is asked about, and runs in all of the small databases. */
  own: number;
  questions: number;
  effort: Effort;
  /** When all should be over, in milliseconds from the start; on a slow machine less is measured. */
  endMs: number;
}

const FULL: Plan = {
  projects: 100,
  own: 10_000,
  questions: 6_000,
  effort: { warmUp: 100, rounds: 40, requests: 50, mostMs: 120_000, turns: 8, busyMs: 1_000 },
  endMs: Number.POSITIVE_INFINITY,
};
const QUICK: Plan = {
  projects: 25,
  own: 1_000,
  questions: 1_000,
  effort: { warmUp: 20, rounds: 15, requests: 20, mostMs: 800, turns: 2, busyMs: 250 },
  endMs: 50_000,
};

const closers: (() => Promise<unknown> | unknown)[] = [];

async function cleanUp(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

function say(words: string): void {
  process.stderr.write(`${words}\n`);
}

/** A database with a server on it. */
interface Stand {
  databaseUrl: string;
  server: Awooop;
  asking: Asking;
}

async function openStand(
  postgres: Awaited<ReturnType<typeof openPostgres>>,
  size: Size,
): Promise<Stand> {
  const start = performance.now();
  const databaseUrl = await postgres.makeDatabase(size);
  const seconds = Math.round((performance.now() - start) / 1_000);
  say(`made a database with ${size.runs} runs in ${seconds} s`);
  const server = await startAwooop({ databaseUrl, env: { AWOOOP_ROLES: "api" } });
  closers.push(() => server.stop());
  return { databaseUrl, server, asking: await prepare(server, size) };
}

async function startFloor(order: FloorOrder): Promise<string> {
  const child = fork(new URL("api/floor.ts", import.meta.url));
  closers.push(() => child.kill());
  child.send(order);
  const answer = await new Promise<{ port?: number; failed?: string }>((resolve, reject) => {
    child.once("message", resolve as (message: unknown) => void);
    child.once("exit", (code) => reject(new Error(`The floor ended with ${code}.`)));
  });
  if (answer.port === undefined) throw new Error(`The floor did not start: ${answer.failed}`);
  return `http://127.0.0.1:${answer.port}`;
}

async function run(plan: Plan): Promise<void> {
  // Of use to the loading of the data alone, which vacuums and analyzes at its end.
  const postgres = await openPostgres({ max_wal_size: "8GB", autovacuum_naptime: "1h" });
  closers.push(() => postgres.close());
  const { projects, own, questions, effort } = plan;
  const base = { projects, own, questions };
  const [large, small, spread] = await Promise.all([
    openStand(postgres, { ...base, runs: projects * own, askedOnly: false }),
    openStand(postgres, { ...base, runs: own, askedOnly: true }),
    openStand(postgres, { ...base, questions: 0, runs: own, askedOnly: false }),
  ]);
  const floored = ["list", "detail"] as const;
  const floor = await startFloor({
    databaseUrl: large.databaseUrl,
    project: ASKED,
    paths: floored.flatMap((name) => large.asking.paths(name)),
  });
  const measurements: Measurements = new Map();
  /** What can be spent on the next question, when as much is to be left for each of the others. */
  const affordable = () =>
    within(effort, (plan.endMs - performance.now()) / (QUESTIONS.length + 2 - measurements.size));
  for (const name of QUESTIONS) {
    const sides: Side[] = [
      { name: "large", origin: large.server.url, next: large.asking.of(name) },
      { name: "small", origin: small.server.url, next: small.asking.of(name) },
      ...(floored.some((one) => one === name)
        ? [{ name: "floor", origin: floor, next: large.asking.of(name) }]
        : []),
    ];
    measurements.set(name, await measure(sides, affordable()));
    say(`measured ${name}`);
  }
  measurements.set("all_projects", await measure(allProjects(large, spread), affordable()));
  measurements.set(
    "decide",
    await measure(deciding(large, small), decideEffort(questions, affordable())),
  );
  report(measurements, postgres.version);
}

const SIDES = 3;
const LEAST_BUSY_MS = 50;

/** Shortens what is measured to the time there is. */
function within(effort: Effort, ms: number): Effort {
  const { mostMs, turns, busyMs } = effort;
  const share = Math.min(1, Math.max(0, ms) / (mostMs + SIDES * turns * busyMs));
  return { ...effort, mostMs: mostMs * share, busyMs: Math.max(LEAST_BUSY_MS, busyMs * share) };
}

function allProjects(large: Stand, spread: Stand): Side[] {
  return [
    { name: "large", origin: large.server.url, next: large.asking.allProjects() },
    { name: "small", origin: spread.server.url, next: spread.asking.allProjects() },
  ];
}

function deciding(large: Stand, small: Stand): Side[] {
  return Object.entries({ large, small }).map(([name, { server, asking }]) => {
    const requests = asking.decisions.values();
    const next = () => {
      const { value } = requests.next();
      if (!value) throw new Error("All questions are decided.");
      return value;
    };
    return { name, origin: server.url, next };
  });
}

/** A decision can be made only once, so there are as many as there are questions. */
function decideEffort(questions: number, effort: Effort): Effort {
  const rounds = 10;
  const requests = Math.floor((questions / 3 - effort.warmUp) / rounds);
  return { ...effort, rounds, requests, turns: 2, busyMs: Math.min(effort.busyMs, 250) };
}

function report(measurements: Measurements, postgres: string): void {
  process.stdout.write(`${tableOf(measurements)}\n`);
  const { ratios, spreads } = ratiosOf(measurements);
  const line = {
    bench: "api",
    ratios,
    figures: { ...figuresOf(measurements), growth_p95_spread: spreads },
    machine: machineOf(postgres),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => cleanUp().finally(() => process.exit(1)));
}
try {
  await run(process.argv.includes("--quick") ? QUICK : FULL);
} catch (error) {
  say(`Could not measure: ${(error as Error).stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
