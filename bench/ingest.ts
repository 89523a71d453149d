/**
 * What it costs to take an alert in: deduplicated, correlated, triggers asked, committed; beside a bare indexed insert over
 * HTTP: `npm run bench:ingest [-- --quick]`. See docs/performance.md.
 */
import { openPostgres } from "./api/postgres.ts";
import { machineOf } from "./api/report.ts";
import { type Effort, type Measured, measure, warmUp } from "./gateway/measure.ts";
import { startBareInsert, startHooks } from "./ingest/sides.ts";
import { percentile, rounded } from "./percentile.ts";

const CONNECTIONS = [1, 16];
const FULL: Effort = { rounds: 8, busyMs: 2_000, leadInMs: 300 };
const QUICK: Effort = { rounds: 4, busyMs: 800, leadInMs: 200 };
const WARM_UP = { full: 6_000, quick: 1_500 };

const closers: (() => unknown)[] = [];

async function cleanUp(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

function summary({ latencies, rates, rssMib }: Measured) {
  return {
    alerts_per_second: rounded(percentile(rates, 0.5), 0),
    p50_ms: rounded(percentile(latencies, 0.5)),
    p95_ms: rounded(percentile(latencies, 0.95)),
    p99_ms: rounded(percentile(latencies, 0.99)),
    rss_mib: rounded(rssMib, 0),
  };
}

async function run(effort: Effort, warmUpMs: number): Promise<void> {
  const postgres = await openPostgres();
  closers.push(() => postgres.close());
  const bare = await startBareInsert(closers, await postgres.makeDatabase());
  const ours = await startHooks(closers, await postgres.makeDatabase());
  await warmUp([bare, ours], Math.max(...CONNECTIONS), warmUpMs);
  const ratios: Record<string, number> = {};
  const figures: Record<string, object> = {};
  for (const connections of CONNECTIONS) {
    const sides = await measure([bare, ours], connections, effort);
    const of = Object.fromEntries([...sides].map(([name, side]) => [name, summary(side)]));
    figures[connections] = of;
    const [floor, mine] = [of[bare.name]?.p95_ms, of[ours.name]?.p95_ms];
    ratios[`ingest_p95_${connections}`] = rounded((mine ?? Number.NaN) / (floor ?? Number.NaN));
    process.stdout.write(`${connections} connection${connections === 1 ? "" : "s"}\n`);
    console.table(of);
  }
  const worst = Math.max(...Object.values(ratios));
  const line = {
    bench: "ingest",
    ratios: { ingest_p95: worst, ...ratios },
    figures,
    machine: machineOf(postgres.version),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => cleanUp().finally(() => process.exit(1)));
}
try {
  const isQuick = process.argv.includes("--quick");
  await run(isQuick ? QUICK : FULL, isQuick ? WARM_UP.quick : WARM_UP.full);
} finally {
  await cleanUp();
}
process.exit();
