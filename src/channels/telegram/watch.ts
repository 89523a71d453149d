import type { Changes } from "../../platform/database/changes.ts";
import type { Logger } from "../../platform/log.ts";
import { type ReceivingChannel, readReceivingChannels } from "./channels.ts";
import { fetchUpdates } from "./poll.ts";
import { askForPosts } from "./register.ts";
import { type Round, type TendDeps, tend } from "./tend.ts";

/** What no change told of is noticed after this time, in milliseconds. */
const LOOK_MS = 60_000;
const AGAIN_MS = 1_000;

export interface WatchDeps extends TendDeps {
  changes: Changes;
}

/**
 * Looks after every Telegram channel that takes messages in: fetches its updates, or has Telegram post them. A changed contract
 * or secret counts from when it is committed.
 *
 * @returns ends it all, and gives the channels to other processes
 */
export function watchTelegram(deps: WatchDeps): { stop(): Promise<void> } {
  const watched = createWatched(deps);
  /** How often secrets of a project have changed. */
  const secrets = new Map<string, number>();
  const looks = createLooks(deps.log, async (projects) => {
    const channels = await readReceivingChannels(deps.db, projects);
    await watched.settle(
      new Map(
        channels.map((of) => {
          const { projectId, channelId } = of.channel;
          const key = `${of.revisionId} ${secrets.get(projectId) ?? 0}`;
          return [`${projectId} ${channelId}`, { key, of }];
        }),
      ),
      projects,
    );
  });
  const leave = deps.changes.subscribe((change) => {
    if (change === undefined) return looks.look();
    const { kind, project_id: projectId } = change;
    if (kind === "secret") secrets.set(projectId, (secrets.get(projectId) ?? 0) + 1);
    if (kind === "contract" || kind === "secret") looks.look(projectId);
  });
  looks.look();
  return {
    async stop() {
      leave();
      await looks.stop();
      await watched.settle(new Map(), undefined);
    },
  };
}

/** Looks one after the other; what is asked for meanwhile is one look. */
function createLooks(
  log: Logger,
  read: (projects: readonly string[] | undefined) => Promise<void>,
) {
  const due = new Set<string | undefined>();
  let turn = Promise.resolve();
  let again: NodeJS.Timeout | undefined;
  let hasStopped = false;
  const look = (projectId?: string) => {
    due.add(projectId);
    turn = turn.then(now);
  };
  const now = async () => {
    const asked = [...due];
    due.clear();
    if (asked.length === 0 || hasStopped) return;
    try {
      await read(asked.includes(undefined) ? undefined : asked.flatMap((of) => of ?? []));
    } catch (error) {
      log.warn({ err: error }, "Telegram channels can't be read; it is tried again");
      clearTimeout(again);
      again = setTimeout(look, AGAIN_MS);
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    look,
    async stop() {
      hasStopped = true;
      clearInterval(timer);
      clearTimeout(again);
      await turn;
    },
  };
}

interface Wanted {
  /** What it is looked after by: another revision or another secret begins anew. */
  key: string;
  of: ReceivingChannel;
}

function createWatched(deps: TendDeps) {
  const watched = new Map<string, { key: string; projectId: string; stop(): Promise<void> }>();
  return {
    /** Looks after these, and no longer after others of the same projects. */
    async settle(wanted: ReadonlyMap<string, Wanted>, projects: readonly string[] | undefined) {
      const gone = [...watched].filter(
        ([name, { projectId, key }]) =>
          (projects === undefined || projects.includes(projectId)) && wanted.get(name)?.key !== key,
      );
      for (const [name] of gone) watched.delete(name);
      await Promise.all(gone.map(([, { stop }]) => stop()));
      for (const [name, { key, of }] of wanted) {
        if (!watched.has(name))
          watched.set(name, { key, projectId: of.channel.projectId, stop: startTending(deps, of) });
      }
    },
  };
}

const poll =
  (deps: TendDeps): Round =>
  async (tended, nextUpdateId, signal) => {
    await fetchUpdates(deps, tended, nextUpdateId, signal);
    return false;
  };

const register =
  (deps: TendDeps): Round =>
  async (tended, _, signal) => {
    await askForPosts(deps, tended, signal);
    return true;
  };

/** @returns ends it; resolves when what is at hand is done */
function startTending(deps: TendDeps, { channel, body }: ReceivingChannel): () => Promise<void> {
  const stopping = new AbortController();
  const round = body.receive?.by === "polling" ? poll(deps) : register(deps);
  const tended = tend(deps, channel, body, { round, signal: stopping.signal }).catch((error) =>
    deps.log.error({ ...channel, err: error }, "a Telegram channel is not looked after any more"),
  );
  return () => {
    stopping.abort();
    return tended;
  };
}
