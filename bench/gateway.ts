/**
 * What the gateway costs a call: the same echo tool asked directly, through a bare proxy, through one that writes a durable
 * row for each call, through npm's mcp-proxy, and through AwoooP with all its gates: `npm run bench:gateway [-- --quick]`.
 * See docs/performance.md.
 */

import { openPostgres } from "./api/postgres.ts";
import { machineOf } from "./api/report.ts";
import { type Effort, measure, warmUp } from "./gateway/measure.ts";
import { figuresOf, type Measurements, ratiosOf, tableOf } from "./gateway/report.ts";
import {
  type Contestant,
  callOf,
  isEcho,
  startChild,
  startGateway,
  startMcpProxy,
} from "./gateway/sides.ts";

const CONNECTIONS = [1, 16, 64];
const FULL: Effort = { rounds: 4, busyMs: 2_000, leadInMs: 300 };
const QUICK: Effort = { rounds: 2, busyMs: 700, leadInMs: 200 };
const WARM_UP = { full: 12_000, quick: 1_500 };

const closers: (() => unknown)[] = [];

async function cleanUp(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

async function openContestants(databaseUrl: string): Promise<Contestant[]> {
  const echo = await startChild(closers, "echo.ts");
  const bare = await startChild(closers, "bare-proxy.ts", [echo.origin]);
  const durable = await startChild(closers, "bare-proxy.ts", [echo.origin, databaseUrl]);
  const twice = await startChild(closers, "bare-proxy.ts", [echo.origin, databaseUrl, "twice"]);
  const peer = await startMcpProxy(closers);
  const { server, key } = await startGateway(closers, databaseUrl, echo.origin);
  const read = () => callOf("echo");
  const headers = { authorization: `Bearer ${key}` };
  const contestants: Omit<Contestant, "isGood">[] = [
    { name: "direct", origin: echo.origin, pid: undefined, next: read },
    { name: "bare proxy", origin: bare.origin, pid: bare.child.pid, next: read },
    { name: "bare proxy + insert", origin: durable.origin, pid: durable.child.pid, next: read },
    { name: "bare proxy + both", origin: twice.origin, pid: twice.child.pid, next: read },
    { name: "mcp-proxy", ...peer, next: read },
    {
      name: "awooop read",
      origin: server.url,
      pid: server.pid,
      next: () => callOf("echo", headers),
    },
    {
      name: "awooop write",
      origin: server.url,
      pid: server.pid,
      next: () => callOf("echo_write", headers),
    },
  ];
  return contestants.map((contestant) => ({ ...contestant, isGood: isEcho }));
}

async function run(effort: Effort, warmUpMs: number): Promise<void> {
  const postgres = await openPostgres();
  closers.push(() => postgres.close());
  const contestants = await openContestants(await postgres.makeDatabase());
  await warmUp(contestants, Math.max(...CONNECTIONS), warmUpMs);
  process.stderr.write("warmed up\n");
  const measurements: Measurements = new Map();
  for (const connections of CONNECTIONS) {
    measurements.set(connections, await measure(contestants, connections, effort));
    process.stderr.write(`measured ${connections} connections\n`);
  }
  process.stdout.write(`${tableOf(measurements)}\n`);
  const line = {
    bench: "gateway",
    ratios: ratiosOf(measurements),
    figures: figuresOf(measurements),
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
} catch (error) {
  process.stderr.write(`Could not measure: ${(error as Error).stack}\n`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
