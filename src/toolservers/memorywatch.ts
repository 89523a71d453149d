import { readdir, readFile } from "node:fs/promises";

const EVERY_MS = 2000;

interface Watched {
  mostMb: number;
  onExceeded(usedMb: number): void;
}

/**
 * Adds up the memory of programs with all that they started, and tells when it is more than they may have. The kernel's
 * own limits count each process alone. Does nothing where there is no `/proc` to read it from.
 */
export class MemoryWatch {
  readonly #groups = new Map<number, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  /** Watches a process group; the answer ends that. */
  watch(group: number, watched: Watched): () => void {
    if (process.platform !== "linux") return () => undefined;
    this.#groups.set(group, watched);
    this.#timer ??= setInterval(() => void this.#look(), EVERY_MS).unref();
    return () => {
      this.#groups.delete(group);
      if (this.#groups.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const used = await memoryOfGroups(this.#groups);
      for (const [group, usedMb] of used) {
        const watched = this.#groups.get(group);
        if (watched && usedMb > watched.mostMb) watched.onExceeded(Math.round(usedMb));
      }
    } finally {
      this.#isLooking = false;
    }
  }
}

/** The resident memory of each of the process groups, in MiB. */
async function memoryOfGroups(groups: ReadonlyMap<number, unknown>): Promise<Map<number, number>> {
  const used = new Map<number, number>();
  const entries = await readdir("/proc").catch(() => []);
  for (const entry of entries) {
    if (!/^\d+$/.test(entry)) continue;
    // Processes come and go while we look.
    const status = await readFile(`/proc/${entry}/status`, "latin1").catch(() => "");
    const group = Number(/^NSpgid:\s*(\d+)/m.exec(status)?.[1]);
    if (!groups.has(group)) continue;
    const kib = Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0);
    used.set(group, (used.get(group) ?? 0) + kib / 1024);
  }
  return used;
}
