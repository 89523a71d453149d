import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY } from "./support/awooop.ts";
import type { E2eTenant } from "./support/e2e-tenant.ts";
import {
  type Described,
  fittingWish,
  hostileWish,
  type Sent,
  sentOf,
  type Wish,
} from "./support/fuzz/requests.ts";
import type { Received } from "./support/fuzz/wire.ts";
import { openWorld, type World } from "./support/fuzz/world.ts";

/**
 * Every operation of the served OpenAPI document is asked things that fit it, almost fit it and do not fit it, by every
 * kind of key: no answer is a 500, and each is one that the document describes.
 */

/** Requests of each sort for each operation; AWOOOP_FUZZ_RUNS makes it longer, AWOOOP_FUZZ_SEED another one. */
const RUNS = Number(process.env.AWOOOP_FUZZ_RUNS ?? 60);
const SEED = Number(process.env.AWOOOP_FUZZ_SEED ?? 20_261_122);
const MOST_MS = 60_000 + RUNS * 2_000;

const world: World = await openWorld();
const named = world.operations.map(
  (described) => [`${described.method.toUpperCase()} ${described.path}`, described] as const,
);
/** The operations that succeeded. */
const succeeded = new Set<string>();

afterAll(() => world.close());

interface Asked {
  wish: Wish;
  /** Whose key. */
  by: "platform" | "admin" | "operator" | "viewer" | "agent";
  at: number;
  /** The tenant's own things, or anybody's. */
  own: boolean;
}

const asked = (wish: fc.Arbitrary<Wish>): fc.Arbitrary<Asked> =>
  fc.record({
    wish,
    // More often with the keys that some operations are for alone.
    by: fc.constantFrom("platform", "platform", "admin", "operator", "viewer", "agent", "agent"),
    at: fc.nat(1_000),
    own: fc.oneof(
      { weight: 4, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
  });

function held(sent: Sent, received: Received): void {
  const { status, contentType, body } = received;
  const { method, path } = sent;
  const what = () =>
    `${method} ${path.slice(0, 2_000)} ${JSON.stringify(sent.headers)} ${sent.body?.toString("latin1").slice(0, 2_000)}\n→ ${status} ${body.slice(0, 1_000)}\n${world.server.output().slice(-3_000)}`;
  if (status >= 500) throw new Error(what());
  // A segment of dots leads to another address (WHATWG URL), which is described or not.
  const { pathname } = new URL(path, world.server.url);
  try {
    world.check.assert({ method, path: pathname, status, contentType, body });
  } catch (error) {
    throw new Error(`${(error as Error).message.slice(0, 2_000)}\n${what()}`);
  }
}

function send(described: Described, name: string, tenant: E2eTenant) {
  return async ({ wish, by, at, own }: Asked): Promise<void> => {
    const filled = world.known.fill(wish, own ? tenant.projectId : undefined, at);
    const sent = sentOf(world.base, described, filled);
    const key = by === "platform" ? ADMIN_KEY : tenant.keys[by];
    const received = await world.wire.send(sent, key);
    held(sent, received);
    if (received.status >= 300) return;
    succeeded.add(name);
    if (/\bjson\b/.test(received.contentType)) world.known.learn(JSON.parse(received.body));
  };
}

describe.each(named)("%s", (name, described) => {
  const tenant = world.tenantFor(described);
  beforeAll(() => world.supply(described, tenant));

  test.each([
    ["what fits", fittingWish],
    ["what does not", hostileWish],
  ])(
    "answers %s as described",
    async (_, wishes) => {
      const property = fc.asyncProperty(asked(wishes(described)), send(described, name, tenant));
      await fc.assert(property, { numRuns: RUNS, seed: SEED, endOnFailure: true });
    },
    MOST_MS,
  );
});

test("each operation succeeded at least once, so that much of the above was understood", () => {
  const silent = named.map(([name]) => name).filter((name) => !succeeded.has(name));
  expect(silent).toEqual([]);
});
