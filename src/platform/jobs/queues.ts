/** A job whose worker was killed is tried again by another after this time, and not only when it expires. */
const HEARTBEAT_SECONDS = 10;

/**
 * The queues of the job engine. Jobs are wake-ups that carry ids; the rows they name hold the truth, so a lost job is
 * sent again by a sweeper and a doubled one finds nothing to do.
 */
export const QUEUES = {
  /** Go on with a run: `{project_id, run_id}`. */
  "run.execute": {
    policy: "short",
    retryLimit: 0,
    expireInSeconds: 3600,
    deleteAfterSeconds: 3600,
  },
  /** Go on with an action on many runs: `{project_id, bulk_id}`. */
  "runs.bulk": {
    policy: "short",
    retryLimit: 0,
    expireInSeconds: 3600,
    deleteAfterSeconds: 3600,
  },
  /** A run reached a final state: `{project_id, run_id}`. */
  "run.ended": {
    policy: "standard",
    retryLimit: 5,
    retryBackoff: true,
    retryDelay: 1,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deleteAfterSeconds: 3600,
  },
  /** A question was opened, or is about other arguments by now, and still open: `{project_id, run_id, approval_id}`. */
  "approval.opened": {
    policy: "standard",
    retryLimit: 5,
    retryBackoff: true,
    retryDelay: 1,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deleteAfterSeconds: 3600,
  },
  /** A question is open no more, and messages asked it: `{project_id, approval_id}`. */
  "approval.closed": {
    policy: "standard",
    retryLimit: 5,
    retryBackoff: true,
    retryDelay: 1,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deleteAfterSeconds: 3600,
  },
  /** Nobody has decided about a question for so long: `{project_id, run_id, approval_id, step}`. */
  "approval.reminder": {
    policy: "standard",
    retryLimit: 5,
    retryBackoff: true,
    retryDelay: 1,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deleteAfterSeconds: 3600,
  },
  /** Void the questions that nobody can answer any more: `{project_id}` and what they are about. */
  "approvals.void": {
    policy: "standard",
    retryLimit: 20,
    retryBackoff: true,
    retryDelay: 1,
    retryDelayMax: 30,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    deleteAfterSeconds: 3600,
  },
  /**
   * Try to deliver one outbound message: `{project_id, message_id}`. A try that fails has its next one by a job of its own;
   * the engine repeats only what could not be looked at.
   */
  "message.deliver": {
    policy: "standard",
    retryLimit: 8,
    retryBackoff: true,
    retryDelay: 1,
    retryDelayMax: 30,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    expireInSeconds: 60,
    deleteAfterSeconds: 3600,
  },
} as const;

/** The name of a queue. */
export type QueueName = keyof typeof QUEUES;

/** What the jobs of a queue carry: ids only. */
export interface JobData {
  "run.execute": { project_id: string; run_id: string };
  "runs.bulk": { project_id: string; bulk_id: string };
  "run.ended": { project_id: string; run_id: string };
  "approval.opened": { project_id: string; run_id: string; approval_id: string };
  "approval.closed": { project_id: string; approval_id: string };
  /** `step` counts from 0. */
  "approval.reminder": { project_id: string; run_id: string; approval_id: string; step: number };
  "approvals.void": { project_id: string } & (
    | { revision_id: string }
    | { server: string; tool: string }
  );
  "message.deliver": { project_id: string; message_id: string };
}
