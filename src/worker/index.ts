import { expireQuestions, takeDueSteps } from "../approvals/index.ts";
import type { JobData, JobInfo, Jobs, QueueName } from "../platform/jobs/index.ts";
import type { Logger } from "../platform/log.ts";
import { forgetOldData } from "../retention/index.ts";
import { type Loop, startLoop } from "./loop.ts";
import { openSlots, type SlotOptions } from "./slots.ts";
import { type SweepDeps, sweep, sweepSlowly } from "./sweeps.ts";

const SWEEP_MS = 1_000;
const SLOW_SWEEP_MS = 15_000;
const RETENTION_MS = 300_000;

type OtherQueue = Exclude<QueueName, "run.execute">;

/** What is done with the jobs of each queue but that of runs. */
export type Handlers = { [Q in OtherQueue]: (data: JobData[Q], job: JobInfo) => Promise<void> };

/** How many runs this process works on at once. */
const RUNS = 8;
/** How many jobs of another queue. */
const CONCURRENCY: Record<OtherQueue, number> = {
  "runs.bulk": 2,
  "run.ended": 2,
  "approval.opened": 2,
  "approval.reminder": 2,
  "approvals.void": 2,
  "approval.closed": 2,
  // They mostly wait for providers, and a slow one must not keep the messages of others waiting.
  "message.deliver": 8,
};

/**
 * Starts working: a handler for each queue, and the sweeps that put right what nobody else would notice.
 *
 * @returns takes no further jobs and stops the sweeps; those at hand are ended by the job engine's own stop
 */
export async function startWorker(options: {
  jobs: Jobs;
  handlers: Handlers;
  runs: Pick<SlotOptions, "changes" | "work">;
  sweeps: SweepDeps;
  log: Logger;
}): Promise<{ stop(): Promise<void> }> {
  const { jobs, handlers, runs, sweeps, log } = options;
  const slots = openSlots({ ...runs, log }, RUNS);
  const on = <Q extends OtherQueue>(queue: Q) =>
    jobs.work(queue, CONCURRENCY[queue], handlers[queue]);
  await Promise.all([
    // One at a time: it only has to begin. All that look for jobs are woken by each, and would look at once.
    jobs.work("run.execute", 1, (run) => slots.take(run)),
    on("runs.bulk"),
    on("run.ended"),
    on("approval.opened"),
    on("approval.reminder"),
    on("approvals.void"),
    on("approval.closed"),
    on("message.deliver"),
  ]);
  const loops: Loop[] = [
    // By itself: whatever else takes long, nothing stays open past its time.
    startLoop({
      name: "expiry",
      pauseMs: SWEEP_MS,
      log,
      round: (signal) => expireQuestions(sweeps.db, sweeps.effects, signal),
    }),
    startLoop({
      name: "escalation",
      pauseMs: SWEEP_MS,
      log,
      round: (signal) => takeDueSteps(sweeps.db, sweeps.effects, signal),
    }),
    startLoop({ name: "sweep", pauseMs: SWEEP_MS, log, round: () => sweep(sweeps) }),
    startLoop({
      name: "slow sweep",
      pauseMs: SLOW_SWEEP_MS,
      log,
      round: () => sweepSlowly(sweeps),
    }),
    startLoop({
      name: "retention",
      pauseMs: RETENTION_MS,
      log,
      round: (signal) => forgetOldData(sweeps, signal),
    }),
  ];
  return {
    async stop() {
      await Promise.all([jobs.stopTaking(), slots.stop(), ...loops.map((loop) => loop.stop())]);
    },
  };
}
