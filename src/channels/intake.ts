import { createGroupCommit, type GroupCommit } from "../platform/database/group-commit.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import type { Logger } from "../platform/log.ts";
import type { RunEffects } from "../runs/index.ts";
import type { DeliveryAnswer } from "./contract.ts";
import type { ChannelRef } from "./event-queries.ts";
import type { Hook } from "./hook-facts.ts";
import type { IncomingEvent } from "./incoming.ts";
import { ingest } from "./ingest.ts";

/** The most events in one transaction, unless a single delivery has more. */
const MOST_EVENTS = 1_000;

/** Takes deliveries in: those of one channel that come together, in one transaction. */
export interface Intake {
  /** Resolves once everything in the delivery is stored. */
  take(channel: ChannelRef, hook: Hook, events: readonly IncomingEvent[]): Promise<DeliveryAnswer>;
}

interface Waiting {
  group: GroupCommit<readonly IncomingEvent[], DeliveryAnswer>;
  count: number;
}

interface IntakeDeps {
  db: Database;
  effects: RunEffects;
  log: Logger;
}

export function createIntake(deps: IntakeDeps): Intake {
  const groups = new Map<string, Waiting>();
  return {
    async take(channel, hook, events) {
      // One that came while the contract changed is told apart: each is taken in by the rule it came under.
      const name = `${channel.projectId} ${hook.revisionId}`;
      const waiting = groups.get(name) ?? { group: groupOf(deps, channel, hook), count: 0 };
      groups.set(name, waiting);
      waiting.count += 1;
      try {
        return await waiting.group.add(events);
      } finally {
        waiting.count -= 1;
        if (waiting.count === 0) groups.delete(name);
      }
    },
  };
}

function groupOf(deps: IntakeDeps, channel: ChannelRef, { inbound }: Hook): Waiting["group"] {
  const { type: channelType, correlate: rule } = inbound;
  return createGroupCommit({
    log: deps.log,
    most: { weight: MOST_EVENTS, of: (events) => events.length },
    // What may have been committed before is known by its ids, and folded into itself.
    async commit(deliveries) {
      const events = deliveries.flat();
      const all = await store(deps, { channel: { ...channel, channelType }, rule, events });
      let from = 0;
      return deliveries.map(({ length }) => {
        from += length;
        return { events: all.slice(from - length, from) };
      });
    },
  });
}

/** Commits what has been sent in the same piece; what failed, the statement knows better than the commit. */
async function store(
  { db, effects }: IntakeDeps,
  delivery: Parameters<typeof ingest>[2],
): Promise<DeliveryAnswer["events"]> {
  const scope = { role: "app", projects: [delivery.channel.projectId] } as const;
  let written: Promise<unknown> | undefined;
  const work = async (tx: Tx) => {
    const ingested = await ingest(tx, effects, delivery);
    written = ingested.written;
    return ingested.entries;
  };
  try {
    return await db.transaction(scope, work, { isSent: true });
  } catch (error) {
    await written;
    throw error;
  }
}
