import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What a process uses, as the kernel counts it. */
export interface ProcessFigures {
  memoryMb: number;
  sockets: number;
  children: number;
}

/** Reads them from `/proc`. */
export function figuresOf(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const kib = Number(/^VmRSS:\s*(\d+) kB/m.exec(status)?.[1] ?? 0);
  const folder = `/proc/${pid}/fd`;
  const sockets = readdirSync(folder).filter((fd) =>
    linkOf(`${folder}/${fd}`).startsWith("socket:"),
  );
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1")
    .split(" ")
    .filter(Boolean);
  return { memoryMb: Math.round(kib / 1024), sockets: sockets.length, children: children.length };
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed in the meantime.
    return "";
  }
}
