import type { Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/log.ts";
import { heartbeat } from "../runs/index.ts";

const HEARTBEAT_MS = 5_000;

/** Who holds a run: everything written for it names the fence. */
export interface Hold {
  projectId: string;
  runId: string;
  fence: number;
  workerId: string;
}

export interface Lease {
  /** Aborts when the lease is lost or the job's own signal does. */
  signal: AbortSignal;
  end(): void;
}

/** Keeps a claimed run's lease alive until ended; a heartbeat that fails for now is left to the next one. */
export function keepLease(
  deps: { db: Database; log: Logger },
  hold: Hold,
  jobSignal: AbortSignal,
): Lease {
  const lost = new AbortController();
  const beat = async () => {
    const isMine = await deps.db.transaction({ role: "app", projects: [hold.projectId] }, (tx) =>
      heartbeat(tx, hold),
    );
    if (!isMine) lost.abort();
  };
  const timer = setInterval(() => {
    beat().catch((error: unknown) =>
      deps.log.warn({ err: error, run_id: hold.runId }, "a heartbeat failed"),
    );
  }, HEARTBEAT_MS);
  return {
    signal: AbortSignal.any([jobSignal, lost.signal]),
    end: () => clearInterval(timer),
  };
}
