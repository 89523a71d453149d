import { createGroupCommit, type GroupCommit } from "../platform/database/group-commit.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { later, onItsWay } from "../platform/database/pipelining.ts";
import type { Logger } from "../platform/log.ts";
import type { RunEffects } from "../runs/index.ts";
import type { DeliveryAnswer } from "./contract.ts";
import { type Keyed, keyed } from "./correlation.ts";
import type { ChannelRef } from "./event-queries.ts";
import { foldIntoCases } from "./fold.ts";
import type { Hook } from "./hook-facts.ts";
import type { IncomingEvent } from "./incoming.ts";
import { type Delivery, ingest } from "./ingest.ts";

/** The most events in one transaction, unless a single delivery has more. */
const MOST_EVENTS = 1_000;
/** A database that can't be reached is tried this long, in milliseconds; senders wait no longer, and come again. */
const PATIENCE_MS = 2_000;

/** Takes deliveries in: those of one channel that come together, in one transaction. */
export interface Intake {
  /** Resolves once everything in the delivery is stored. */
  take(channel: ChannelRef, hook: Hook, events: readonly IncomingEvent[]): Promise<DeliveryAnswer>;
}

interface Waiting {
  group: GroupCommit<readonly Keyed[], DeliveryAnswer>;
  count: number;
}

interface IntakeDeps {
  db: Database;
  effects: RunEffects;
  log: Logger;
}

export function createIntake(deps: IntakeDeps): Intake {
  const groups = new Map<string, Waiting>();
  const taken = createTaken();
  return {
    async take(channel, hook, events) {
      // One that came while the contract changed is told apart: each is taken in by the rule it came under.
      const name = `${channel.projectId} ${hook.revisionId}`;
      const waiting = groups.get(name) ?? { group: groupOf(deps, taken, channel, hook), count: 0 };
      groups.set(name, waiting);
      waiting.count += 1;
      try {
        return await waiting.group.add(keyed(events, hook.inbound.correlate));
      } finally {
        waiting.count -= 1;
        if (waiting.count === 0) groups.delete(name);
      }
    },
  };
}

function groupOf(
  deps: IntakeDeps,
  taken: Taken,
  channel: ChannelRef,
  { inbound }: Hook,
): Waiting["group"] {
  const { type: channelType, correlate: rule } = inbound;
  return createGroupCommit({
    log: deps.log,
    patienceMs: PATIENCE_MS,
    most: { weight: MOST_EVENTS, of: (events) => events.length },
    // What may have been committed before is known by its ids, and folded into itself.
    async commit(deliveries) {
      const events = deliveries.flat();
      const all = await store(deps, taken, { channel: { ...channel, channelType }, rule, events });
      let from = 0;
      return deliveries.map(({ length }) => {
        from += length;
        return { events: all.slice(from - length, from) };
      });
    },
  });
}

/** Cases that have had a run when this process looked: which way is worth trying first, and no more than that. */
interface Taken {
  /** Whether each of the events belongs to one of them, and none comes twice. */
  hasAll(delivery: Delivery): boolean;
  note(delivery: Delivery, entries: DeliveryAnswer["events"]): void;
}

const MOST_TAKEN = 10_000;

function createTaken(): Taken {
  const names = new Set<string>();
  const nameOf = ({ channel }: Delivery, key: string) =>
    `${channel.projectId} ${channel.channelId} ${key}`;
  return {
    hasAll: (delivery) =>
      delivery.events.every(({ key }) => key !== undefined && names.has(nameOf(delivery, key))) &&
      new Set(delivery.events.map(({ event }) => event.providerEventId)).size ===
        delivery.events.length,
    note(delivery, entries) {
      if (names.size >= MOST_TAKEN) names.clear();
      for (const [at, { key }] of delivery.events.entries()) {
        if (key === undefined) continue;
        if (entries[at]?.run_id) names.add(nameOf(delivery, key));
        else names.delete(nameOf(delivery, key));
      }
    },
  };
}

async function store(
  { db, effects }: IntakeDeps,
  taken: Taken,
  delivery: Delivery,
): Promise<DeliveryAnswer["events"]> {
  const { rule } = delivery;
  const { projectId } = delivery.channel;
  if (rule && taken.hasAll(delivery)) {
    const folded = await committed(db, projectId, async (tx) => {
      const written = later(foldIntoCases(tx, { ...delivery, rule }));
      await onItsWay();
      return { written };
    });
    if (folded) return folded;
  }
  const entries = await committed(db, projectId, (tx) => ingest(tx, effects, delivery));
  taken.note(delivery, entries);
  return entries;
}

/** Commits what has been sent in the same piece; what failed, the statement knows better than the commit. */
async function committed<T>(
  db: Database,
  projectId: string,
  send: (tx: Tx) => Promise<{ written: Promise<T> }>,
): Promise<T> {
  let sent: { written: Promise<T> } | undefined;
  const work = async (tx: Tx) => {
    sent = await send(tx);
    return sent;
  };
  try {
    return await (
      await db.transaction({ role: "app", projects: [projectId] }, work, { isSent: true })
    ).written;
  } catch (error) {
    await sent?.written;
    throw error;
  }
}
