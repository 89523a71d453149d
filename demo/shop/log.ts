import { appendFile, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

export type Level = "INFO" | "WARN" | "ERROR";

/** A plain log file: `time level text`, one line for each entry, in the order of the calls. */
export class LogFile {
  readonly path: string;
  #written: Promise<void>;

  constructor(path: string) {
    this.path = path;
    this.#written = mkdir(dirname(path), { recursive: true }).then(() => undefined);
  }

  write(level: Level, text: string): Promise<void> {
    const line = `${new Date().toISOString()} ${level} ${text.replaceAll(/\s*\n\s*/g, " ")}\n`;
    this.#written = this.#written.then(() => appendFile(this.path, line));
    return this.#written;
  }
}
