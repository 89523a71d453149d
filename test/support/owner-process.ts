import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

interface OwnerEvent {
  event: "ready" | "failed" | "stopped";
  url?: string;
  code?: string;
  message?: string;
  said?: string;
}

export interface OwnerProcess {
  child: ChildProcess;
  /** The next line that it says; rejects if it ends without another one. */
  next(): Promise<OwnerEvent>;
  /** Sends a signal and waits until the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

const SCRIPT = fileURLToPath(new URL("embedded-owner.ts", import.meta.url));

/** Starts `embedded-owner.ts` in a process group of its own, as a terminal would. */
export function spawnOwner(
  dataDir: string,
  options: { uid?: number; gid?: number; node?: string; script?: string } = {},
): OwnerProcess {
  const { node = process.execPath, script = SCRIPT, ...identity } = options;
  const child = spawn(node, [script, dataDir], {
    ...identity,
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    async next() {
      const { done, value } = await lines.next();
      if (done === true) throw new Error("The owner process ended without saying more");
      return JSON.parse(value);
    },
    async end(signal) {
      child.kill(signal);
      await exited;
    },
  };
}
