import { StringDecoder } from "node:string_decoder";
import type { Logger } from "../platform/log.ts";

const MAX_LINE = 2000;
const LINES_A_MINUTE = 120;

/**
 * Puts what a program writes on standard error into our log: line by line, lines cut at 2,000 characters, at most 120
 * a minute, and without the secrets that the program was given.
 *
 * @param log already names the project and the server
 */
export function createStderrLog(log: Logger, secrets: readonly string[]): (chunk: Buffer) => void {
  const decoder = new StringDecoder("utf8");
  const hidden = secrets.filter((secret) => secret.length > 0);
  let pending = "";
  let windowStart = 0;
  let lines = 0;

  function write(line: string): void {
    const now = Date.now();
    if (now - windowStart >= 60_000) {
      windowStart = now;
      lines = 0;
    }
    lines += 1;
    if (lines > LINES_A_MINUTE) return;
    if (lines === LINES_A_MINUTE) {
      log.warn("the tool server writes too much; its lines are dropped for a minute");
      return;
    }
    const clean = hidden.reduce((text, secret) => text.replaceAll(secret, "…"), line);
    log.info({ line: clean.slice(0, MAX_LINE) }, "tool server says");
  }

  return (chunk) => {
    const parts = (pending + decoder.write(chunk)).split("\n");
    pending = parts.pop() ?? "";
    for (const line of parts) if (line.trim() !== "") write(line);
    // A line that never ends must not fill the memory; secrets stay whole in what is kept.
    if (pending.length > 4 * MAX_LINE) {
      write(pending);
      pending = "";
    }
  };
}
