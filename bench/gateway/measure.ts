import { type Connection, openConnection } from "../api/client.ts";
import { type Contestant, residentMib } from "./sides.ts";

/** What was measured of one contestant at one number of connections. */
export interface Measured {
  /** Milliseconds of each answer. */
  latencies: number[];
  /** Answers per second, round by round. */
  rates: number[];
  /** The most memory seen, in MiB. */
  rssMib: number;
}

export interface Effort {
  rounds: number;
  /** How long a contestant is kept busy in a round, in milliseconds. */
  busyMs: number;
  /** How long it is kept busy before that, unmeasured: the machine's caches still belong to the one before it. */
  leadInMs: number;
}

/**
 * Keeps each contestant busy for a while, unmeasured: what is compiled while a program runs is compiled only once it has
 * been called thousands of times, and all of them are to be measured as they run from then on.
 */
export async function warmUp(
  contestants: readonly Contestant[],
  connections: number,
  ms: number,
): Promise<void> {
  for (const contestant of contestants) await busy(contestant, connections, ms);
}

/**
 * Keeps each contestant busy in turn, with as many callers as there are connections, each waiting for its answer before
 * it asks again. The order changes from round to round, so that a slow moment hits all of them.
 *
 * @throws Error when one answers with anything but a result
 */
export async function measure(
  contestants: readonly Contestant[],
  connections: number,
  effort: Effort,
): Promise<Map<string, Measured>> {
  const found = new Map<string, Measured>();
  for (const contestant of contestants) {
    found.set(contestant.name, { latencies: [], rates: [], rssMib: 0 });
  }
  for (let round = 0; round < effort.rounds; round++) {
    const first = round % contestants.length;
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      await busy(contestant, connections, effort.leadInMs);
      const { latencies, rate } = await busy(contestant, connections, effort.busyMs);
      const measured = found.get(contestant.name);
      if (!measured) continue;
      measured.latencies.push(...latencies);
      measured.rates.push(rate);
      if (contestant.pid !== undefined)
        measured.rssMib = Math.max(measured.rssMib, residentMib(contestant.pid));
    }
  }
  return found;
}

async function busy(contestant: Contestant, connections: number, ms: number) {
  const open = await Promise.all(
    Array.from({ length: connections }, () => openConnection(contestant.origin)),
  );
  const latencies: number[] = [];
  const start = performance.now();
  await Promise.all(
    open.map(async (connection) => {
      while (performance.now() - start < ms) latencies.push(await ask(contestant, connection));
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  for (const connection of open) connection.close();
  return { latencies, rate: latencies.length / seconds };
}

async function ask(contestant: Contestant, connection: Connection): Promise<number> {
  const request = contestant.next();
  const start = performance.now();
  const answer = await connection.ask(request);
  if (!contestant.isGood(answer)) {
    throw new Error(`${contestant.name} answered ${answer.status}: ${answer.body.slice(0, 500)}`);
  }
  return performance.now() - start;
}
