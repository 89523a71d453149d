import { spawn } from "node:child_process";

/** The operating system user that PostgreSQL runs as, when it cannot be our own. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** How to run one of PostgreSQL's programs: as whom, and from where. */
export interface RunAs {
  account: Account | undefined;
  cwd: string;
}

export interface Finished {
  /** The exit code; -1 when the program could not be started or was killed. */
  exitCode: number;
  /** Standard output and standard error together. */
  output: string;
}

const DEADLINE_MS = 120_000;

/** Settings like PGDATA or LD_LIBRARY_PATH of our own environment must not reach PostgreSQL. */
const ENVIRONMENT = { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };

/** Options for `spawn` that give a program its account, folder and a clean environment. */
export function spawnOptions({ account, cwd }: RunAs) {
  const identity = account === undefined ? {} : { uid: account.uid, gid: account.gid };
  return { ...identity, cwd, env: ENVIRONMENT };
}

/** Runs a program to its end and returns what it said; never throws for a failing program. */
export function run(file: string, args: readonly string[], runAs: RunAs): Promise<Finished> {
  return new Promise((resolve) => {
    let output = "";
    // Detached: a Ctrl-C in the terminal is for us to handle, not for initdb half way through.
    const child = spawn(file, args, {
      ...spawnOptions(runAs),
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: DEADLINE_MS,
    });
    const collect = (chunk: Buffer) => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", (error) => resolve({ exitCode: -1, output: `${output}${error.message}` }));
    child.on("close", (code) => resolve({ exitCode: code ?? -1, output: output.trim() }));
  });
}
