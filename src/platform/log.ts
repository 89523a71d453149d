import { type Logger, pino } from "pino";

export type { Logger };

/** The process's log: JSON lines on standard error, so that standard output stays free for what a person asked for. */
export function createLog(level: string): Logger {
  return pino(
    {
      level,
      base: undefined,
      redact: { paths: ["*.authorization", "*.secret", "*.token"], censor: "…" },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
