import { type Connection, openConnection, type Request } from "./client.ts";

/** One of those that are measured in turn. */
export interface Side {
  name: string;
  origin: string;
  /** The next thing to ask; goes round. */
  next: () => Request;
}

export interface Effort {
  /** Requests that are not counted, of each side. */
  warmUp: number;
  rounds: number;
  /** Requests of each side in a round, on one connection. */
  requests: number;
  /** After this time no further round is begun, in milliseconds. */
  mostMs: number;
  /** How often each side is kept busy on sixteen connections, and for how long, in milliseconds. */
  turns: number;
  busyMs: number;
}

/** What was measured of one side. */
export interface Measured {
  /** Milliseconds of each answer, round by round. */
  rounds: number[][];
  requestsPerSecond: number;
}

const CONNECTIONS = 16;
const LEAST_ROUNDS = 3;

/**
 * Measures the sides in turn: A B C, then B C A, so that a slow moment of the machine hits all of them.
 *
 * @throws Error when a side answers with anything but 200
 */
export async function measure(
  sides: readonly Side[],
  effort: Effort,
): Promise<Map<string, Measured>> {
  const latencies = await measureLatency(sides, effort);
  const rates = await measureRate(sides, effort);
  return new Map(
    sides.map(({ name }) => [
      name,
      { rounds: latencies.get(name) ?? [], requestsPerSecond: rates.get(name) ?? 0 },
    ]),
  );
}

function inTurn<T>(items: readonly T[], round: number): T[] {
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

async function measureLatency(
  sides: readonly Side[],
  { warmUp, rounds, requests, mostMs }: Effort,
): Promise<Map<string, number[][]>> {
  const found = new Map<string, number[][]>(sides.map(({ name }) => [name, []]));
  const connections = new Map<Side, Connection>();
  for (const side of sides) {
    const connection = await openConnection(side.origin);
    connections.set(side, connection);
    for (let n = 0; n < warmUp; n++) await good(connection, side);
  }
  const end = performance.now() + mostMs;
  for (let round = 0; round < rounds; round++) {
    if (round >= LEAST_ROUNDS && performance.now() > end) break;
    for (const side of inTurn(sides, round)) {
      const connection = connections.get(side);
      if (!connection) continue;
      const times: number[] = [];
      for (let n = 0; n < requests; n++) {
        const start = performance.now();
        await good(connection, side);
        times.push(performance.now() - start);
      }
      found.get(side.name)?.push(times);
    }
  }
  for (const connection of connections.values()) connection.close();
  return found;
}

async function measureRate(
  sides: readonly Side[],
  { turns, busyMs }: Effort,
): Promise<Map<string, number>> {
  const found = new Map<string, number>(sides.map(({ name }) => [name, 0]));
  for (let round = 0; round < turns; round++) {
    for (const side of inTurn(sides, round)) {
      found.set(side.name, (found.get(side.name) ?? 0) + (await rateOf(side, busyMs)) / turns);
    }
  }
  return found;
}

/** Requests answered per second, by closed loops on sixteen connections. */
async function rateOf(side: Side, busyMs: number): Promise<number> {
  const connections = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => openConnection(side.origin)),
  );
  // The first answer of each opens what is opened once.
  await Promise.all(connections.map((connection) => good(connection, side)));
  const start = performance.now();
  let answered = 0;
  await Promise.all(
    connections.map(async (connection) => {
      while (performance.now() - start < busyMs) {
        await good(connection, side);
        answered++;
      }
    }),
  );
  const seconds = (performance.now() - start) / 1_000;
  for (const connection of connections) connection.close();
  return answered / seconds;
}

async function good(connection: Connection, side: Side): Promise<void> {
  const request = side.next();
  const { status, body } = await connection.ask(request);
  if (status !== 200) {
    throw new Error(`${side.name} answered ${status} to ${request.path}: ${body.slice(0, 500)}`);
  }
}
