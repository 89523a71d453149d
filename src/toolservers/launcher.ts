import { existsSync } from "node:fs";
import { posix } from "node:path";
import type { ProgramLimits } from "./contract.ts";
import { UpstreamFailure } from "./outcome.ts";

/** How to start a program. */
export interface Program {
  command: string;
  args: readonly string[];
  /** The whole environment: nothing of ours is passed on. */
  env: Readonly<Record<string, string>>;
  cwd: string;
  limits: ProgramLimits;
}

/** What a program may use up where its contract does not say otherwise, in MiB. */
export const DEFAULT_MEMORY_MB = 1024;
/** Runtimes set address space aside that they never use; the kernel's limit has to leave room for that. */
const RESERVED_MB = 1024;

const SHELL = "/bin/sh";
const hasShell = process.platform !== "win32" && existsSync(SHELL);

/**
 * Sets the limits, then becomes the program: `$1` KiB of data, `$2` seconds of processor time, `$3` open files; `-` is no
 * limit. Before that it leaves a guard behind, which does nothing but read from descriptor 3. The other end is ours alone
 * and nothing is ever written to it: when it closes, this process is gone, however it went, and the guard ends the group.
 */
const SCRIPT = `( (trap '' TERM INT HUP; exec </dev/null >/dev/null 2>&1; read -r _ <&3; kill -s KILL -- "-$$") & )
exec 3<&-
ulimit -c 0
[ "$1" = - ] || ulimit -d "$1"
[ "$2" = - ] || ulimit -t "$2"
[ "$3" = - ] || ulimit -n "$3"
shift 3
unset PWD OLDPWD SHLVL
exec "$@"`;

/** What is to be started so that a program runs within its limits, and ends when we do. */
export interface Launch {
  command: string;
  args: string[];
  /** Whether descriptor 3 has to be a pipe to us. */
  isGuarded: boolean;
}

/**
 * @throws UpstreamFailure E-UPSTREAM-CONNECT when there is no such program
 */
export function launchOf(program: Program): Launch {
  if (!hasShell) return { command: program.command, args: [...program.args], isGuarded: false };
  const { limits } = program;
  const memory = ((limits.memory_mb ?? DEFAULT_MEMORY_MB) + RESERVED_MB) * 1024;
  const values = [memory, limits.cpu_seconds ?? "-", limits.open_files ?? "-"].map(String);
  const path = findProgram(program);
  return {
    command: SHELL,
    args: ["-c", SCRIPT, "awooop", ...values, path, ...program.args],
    isGuarded: true,
  };
}

function findProgram({ command, env, cwd }: Program): string {
  const folders = command.includes("/") ? [""] : (env.PATH ?? "").split(":");
  const path = folders
    .map((folder) => posix.join(folder, command))
    .find((candidate) => existsSync(candidate));
  if (path !== undefined && existsSync(cwd)) return path;
  throw new UpstreamFailure(
    "E-UPSTREAM-CONNECT",
    "The tool server's program could not be started: the program or its folder does not exist.",
  );
}

export type HeldLimit = "memory_mb" | "cpu_seconds" | "open_files";

/** Which of the limits this system holds a program to. */
export function limitsHeldHere(): HeldLimit[] {
  if (!hasShell) return [];
  // Other kernels know the limit on data and do not hold it; nor do they show a process group's memory under /proc.
  return process.platform === "linux"
    ? ["memory_mb", "cpu_seconds", "open_files"]
    : ["cpu_seconds", "open_files"];
}
