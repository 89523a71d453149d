import type { Changes } from "../platform/database/changes.ts";
import type { JobData } from "../platform/jobs/index.ts";
import type { Logger } from "../platform/log.ts";

type Run = JobData["run.execute"];

export interface SlotOptions {
  changes: Pick<Changes, "subscribe">;
  /** Goes on with a run, if it is free, until it is over or waits. */
  work: (run: Run) => Promise<void>;
  log: Logger;
}

/** The runs that this process works on, so many at once. */
export interface Slots {
  /**
   * Begins with a run as soon as there is room; resolves then, not at its end: a job is a wake-up, and what became of the run
   * stands in its row.
   */
  take(run: Run): Promise<void>;
  /** Hears of no further run; resolves when those at hand are over. */
  stop(): Promise<void>;
}

/**
 * Takes runs from the queue, and those that are announced to be free the moment they are: without the way through the
 * queue, whose job is what nothing is lost by. An announcement may be missed, and is let go where there is no room; a job
 * finds nothing to claim where the announcement was faster.
 */
export function openSlots({ changes, work, log }: SlotOptions, room: number): Slots {
  const underWay = new Set<Promise<void>>();
  let isStopped = false;
  const begin = (run: Run) => {
    const working: Promise<void> = work(run)
      .catch((error: unknown) => {
        log.error({ err: error, run_id: run.run_id }, "a run could not be worked on");
      })
      .finally(() => underWay.delete(working));
    underWay.add(working);
    return working;
  };
  const unsubscribe = changes.subscribe((change) => {
    if (change?.kind !== "wake" || underWay.size >= room) return;
    void begin({ project_id: change.project_id, run_id: change.id });
  });
  return {
    async take(run) {
      while (underWay.size >= room) await Promise.race(underWay);
      const working = begin(run);
      // It gives the run back at once, for others; nobody else would wait for that.
      if (isStopped) await working;
    },
    async stop() {
      isStopped = true;
      unsubscribe();
      await Promise.all(underWay);
    },
  };
}
