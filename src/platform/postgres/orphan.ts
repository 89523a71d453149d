import { constants } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Binaries } from "./binaries.ts";
import { EmbeddedPostgresError } from "./errors.ts";
import { addressOf, clusterIn, removeTemporarySocketDir } from "./layout.ts";
import { type Account, run } from "./programs.ts";
import { identityArgument } from "./settings.ts";

/**
 * Clears what a killed owner left: its PostgreSQL, still running, is stopped; a `postmaster.pid` of
 * a dead one no longer stands in the way. Call it only while owning the data directory.
 *
 * @returns the process id of the orphan that was stopped, if there was one
 * @throws EmbeddedPostgresError `E-DB-START` if the orphan cannot be stopped
 */
export async function clearOrphan(
  dataDir: string,
  binaries: Binaries,
  account: Account | undefined,
): Promise<number | undefined> {
  const cluster = clusterIn(dataDir);
  const pidFile = join(cluster, "postmaster.pid");
  const lines = (await readFile(pidFile, "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  const ours = (await commandLine(pid)).endsWith(identityArgument(dataDir));
  if (ours) {
    await stop(cluster, pid, binaries, account);
  } else {
    // The number may meanwhile name any process, and PostgreSQL would refuse to start beside it. It
    // passes over its own parent, us, and still finds leftovers by the shared memory in line 7.
    await writeFile(pidFile, [String(process.pid), ...lines.slice(1)].join("\n"), {
      // We may be root in a folder of somebody else, so a planted link must not lead us away.
      flag: constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW,
    });
  }
  await removeTemporarySocketDir(lines[4] ?? "");
  return ours ? pid : undefined;
}

async function stop(
  cluster: string,
  pid: number,
  binaries: Binaries,
  account: Account | undefined,
): Promise<void> {
  const { pgdata, cwd } = await addressOf(cluster, account);
  let said = "";
  // Immediate is as safe as a power cut: the next start replays the log.
  for (const mode of ["fast", "immediate"]) {
    const args = ["stop", "-D", pgdata, "-m", mode, "-w", "-t", "30"];
    const { exitCode, output } = await run(binaries.pgCtl, args, { account, cwd });
    if (exitCode === 0) return;
    said = output;
  }
  throw new EmbeddedPostgresError(
    "E-DB-START",
    `PostgreSQL (process ${pid}) still runs in ${cluster} since AwoooP was killed, and could not be stopped: ${said}. Stop that process, then start again.`,
  );
}

/** The command line of a process; empty when it is gone, or a zombie. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === "linux") {
    const args = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return args.replace(/\0+$/, "");
  }
  const args = ["-ww", "-o", "args=", "-p", String(pid)];
  return (await run("ps", args, { account: undefined, cwd: "/" })).output;
}
