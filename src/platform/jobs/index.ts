import { fromKysely, PgBoss } from "pg-boss";
import type { Tx } from "../database/index.ts";
import { newId } from "../ids.ts";
import type { Logger } from "../log.ts";
import { JOBS_ROLE } from "./install.ts";
import type { JobData, QueueName } from "./queues.ts";

export type { JobData, QueueName } from "./queues.ts";

/** What a worker is told of the job at hand. */
export interface JobInfo {
  /** 0 at the first try. */
  retryCount: number;
  /** How often the engine will try again at most. */
  retryLimit: number;
  /** Aborts when the job runs out of time or the worker shuts down. */
  signal: AbortSignal;
}

export interface Jobs {
  /**
   * Sends a job, or several, as part of the caller's transaction: it exists if and only if the transaction commits.
   *
   * @param options.unlessQueued sends nothing while a job sent with the same name is still in the queue, if the queue's
   *   policy is `short`
   * @param options.afterOthers lets those of the queue go first that are sent without it: for many at once, so that
   *   nobody else has to wait for all of them
   */
  send<Q extends QueueName>(
    tx: Tx,
    queue: Q,
    data: JobData[Q] | readonly JobData[Q][],
    options?: { delaySeconds?: number; unlessQueued?: string; afterOthers?: boolean },
  ): Promise<void>;
  /** Starts working on a queue. A handler that throws makes the engine try again by the queue's rules. */
  work<Q extends QueueName>(
    queue: Q,
    concurrency: number,
    handler: (data: JobData[Q], job: JobInfo) => Promise<void>,
  ): Promise<void>;
  /** Takes no further jobs; what is sent from now on is for other processes. Those at hand go on. */
  stopTaking(): Promise<void>;
  /** Waits for the jobs at hand (10 s at most), then closes the engine. */
  stop(): Promise<void>;
}

/**
 * Opens the job engine (pg-boss) on its own schema and role; the schema must have been installed by `migrate`.
 *
 * @param options.listenUrl a direct connection: LISTEN does not survive a transaction pooler
 */
export async function openJobs(options: { url: string; log: Logger }): Promise<Jobs> {
  const boss = new PgBoss({
    connectionString: options.url,
    options: JOBS_ROLE,
    application_name: "awooop-jobs",
    schema: "pgboss",
    migrate: false,
    createSchema: false,
    schedule: false,
    max: 6,
    useListenNotify: true,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
  });
  boss.on("error", (error) => options.log.warn({ err: error }, "job engine"));
  await boss.start();
  const queues = new Set<QueueName>();
  return {
    async send(tx, queue, data, more) {
      const startAfter = more?.delaySeconds === undefined ? {} : { startAfter: more.delaySeconds };
      const jobs = [data].flat().map((of) => ({
        data: of,
        // A `short` queue holds one job of each key, so a job that must be sent has a key of its own.
        singletonKey: more?.unlessQueued ?? newId(),
        priority: more?.afterOthers ? -1 : 0,
        ...startAfter,
      }));
      await boss.insert(queue, jobs, { db: fromKysely(tx) });
    },
    async work(queue, concurrency, handler) {
      queues.add(queue);
      for (let count = 0; count < concurrency; count++) await startWorker(boss, queue, handler);
    },
    async stopTaking() {
      await Promise.all([...queues].map((queue) => boss.offWork(queue, { wait: false })));
    },
    async stop() {
      await boss.stop({ graceful: true, timeout: 10_000 });
    },
  };
}

const WORKING = {
  pollingIntervalSeconds: 2,
  // A retry that has become due announces nothing, so it has to be looked for.
  notifyPollingIntervalSeconds: 5,
  includeMetadata: true,
} as const;

/** Starts one worker: it has a job at a time. */
async function startWorker<Q extends QueueName>(
  boss: PgBoss,
  queue: Q,
  handler: (data: JobData[Q], job: JobInfo) => Promise<void>,
): Promise<void> {
  const worker: { id?: string } = {};
  worker.id = await boss.work<JobData[Q], void, typeof WORKING>(queue, WORKING, async ([job]) => {
    if (!job) return;
    // Jobs that are sent together are announced once: after this one it looks for the next, and does not wait to be told.
    if (worker.id !== undefined) boss.notifyWorker(worker.id);
    const { data, retryCount, retryLimit, signal } = job;
    await handler(data, { retryCount, retryLimit, signal });
  });
}
