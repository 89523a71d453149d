import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { superuserOn, withClient } from "./connection.ts";
import { EmbeddedPostgresError, reasonOf } from "./errors.ts";
import { type RunAs, spawnOptions } from "./programs.ts";
import { type LogLevel, parseLogLine } from "./settings.ts";

export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

/** How the server process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface Postmaster {
  pid: number;
  /** Settles when the process has ended, for whatever reason. */
  exited: Promise<Exit>;
  /** Stops the process, harder and harder, and returns when it has ended. */
  stop(): Promise<void>;
}

/** Long enough to replay the log after a power cut. */
const START_DEADLINE_MS = 120_000;
/** How long leftovers of a killed server (its sessions notice, then end) may hold up a start. */
const LEFTOVERS_DEADLINE_MS = 5_000;
const POLL_MS = 20;

/** PostgreSQL's words for: sessions of an earlier server still use this cluster's memory. */
const LEFTOVERS = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/;

/**
 * Starts the server and returns once it answers queries; waits for leftovers of a killed one.
 *
 * @throws EmbeddedPostgresError `E-DB-START`; `E-DB-IN-USE` if a server that AwoooP did not start
 * runs in this cluster
 */
export async function startPostmaster(options: {
  program: string;
  args: readonly string[];
  runAs: RunAs;
  socketDir: string;
  dataDir: string;
  log: Log;
}): Promise<Postmaster> {
  const giveUpAt = Date.now() + LEFTOVERS_DEADLINE_MS;
  for (;;) {
    const attempt = launch(options);
    const failure = await ready(attempt, options.socketDir);
    if (failure === undefined && attempt.pid !== undefined) {
      return { pid: attempt.pid, exited: attempt.exited, stop: () => stop(attempt) };
    }
    await stop(attempt);
    const said = attempt.lastLines.join(" ") || failure;
    const leftovers = LEFTOVERS.test(said ?? "");
    if (!leftovers || Date.now() > giveUpAt) throw failed(options.dataDir, said, leftovers);
    await sleep(200);
  }
}

interface Launched {
  child: ChildProcess;
  pid: number | undefined;
  exited: Promise<Exit>;
  /** The end of its log, for an error message. */
  lastLines: string[];
}

function launch(options: {
  program: string;
  args: readonly string[];
  runAs: RunAs;
  log: Log;
}): Launched {
  // Detached: Ctrl-C in a terminal goes to the whole foreground group, and the server must outlive
  // it until its users have drained.
  const child = spawn(options.program, options.args, {
    ...spawnOptions(options.runAs),
    detached: true,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lastLines: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => {
    const { level, text } = parseLogLine(line);
    options.log(level, `postgres: ${text}`);
    lastLines.push(text);
    if (lastLines.length > 8) lastLines.shift();
  });
  const exited = new Promise<Exit>((resolve) => {
    child.on("exit", (code, signal) => resolve({ code, signal }));
    child.on("error", (error) => {
      lastLines.push(error.message);
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
  return { child, pid: child.pid, exited, lastLines };
}

/** Waits until the server answers; returns why it will not, or `undefined` when it does. */
async function ready(attempt: Launched, socketDir: string): Promise<string | undefined> {
  let ended = false;
  void attempt.exited.then(() => {
    ended = true;
  });
  const deadline = Date.now() + START_DEADLINE_MS;
  let reason = "";
  while (!ended && Date.now() < deadline) {
    try {
      await withClient(superuserOn(socketDir, "postgres"), (client) => client.query("select 1"));
      return undefined;
    } catch (error) {
      reason = reasonOf(error);
    }
    await Promise.race([sleep(POLL_MS), attempt.exited]);
  }
  if (!ended) return `it did not answer within ${START_DEADLINE_MS / 1000} s: ${reason}`;
  // Its last words may still be in the pipe.
  await Promise.race([new Promise((resolve) => attempt.child.once("close", resolve)), sleep(500)]);
  const { code, signal } = await attempt.exited;
  return `it ended with ${signal ?? `exit code ${code}`}`;
}

function failed(
  dataDir: string,
  said: string | undefined,
  leftovers: boolean,
): EmbeddedPostgresError {
  if (leftovers) {
    return new EmbeddedPostgresError(
      "E-DB-IN-USE",
      `A PostgreSQL server that this AwoooP did not start is using the data directory ${dataDir}. Stop it first. PostgreSQL says: ${said}`,
    );
  }
  return new EmbeddedPostgresError(
    "E-DB-START",
    `PostgreSQL did not start in ${dataDir}. It says: ${said}`,
  );
}

/**
 * SIGINT is what `pg_ctl stop -m fast` sends: sessions are cut, data is written. It needs no program
 * on disk, so it works also while an upgrade replaces them. SIGQUIT is an immediate stop, which the
 * next start recovers from.
 */
async function stop({ child, exited, pid }: Launched): Promise<void> {
  if (pid === undefined) return;
  const steps: [NodeJS.Signals, number][] = [
    ["SIGINT", 30_000],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5_000],
  ];
  for (const [signal, patienceMs] of steps) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const patience = new AbortController();
    await Promise.race([
      exited,
      sleep(patienceMs, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
  }
}
