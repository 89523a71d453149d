import { pino } from "pino";
import { AppError } from "../../../src/platform/errors.ts";
import {
  createToolServerPool,
  type ToolServerPool,
  type ToolServerPoolOptions,
  type ToolServerRef,
} from "../../../src/toolservers/index.ts";

/** A pool with the given secrets, and everything it logged. */
export function openPool(
  options: Partial<ToolServerPoolOptions> & { secrets?: Record<string, string> } = {},
): ToolServerPool & { logged: string[] } {
  const logged: string[] = [];
  const log = pino({ level: "debug" }, { write: (line) => void logged.push(line) });
  const { secrets = {}, ...rest } = options;
  const pool = createToolServerPool({
    resolveSecret: async (_projectId, name) => {
      const secret = secrets[name];
      if (secret === undefined)
        throw new AppError("E-SECRET-MISSING", `There is no secret ${name}.`);
      return secret;
    },
    allowHosts: ["127.0.0.1"],
    allowStdio: true,
    log,
    ...rest,
  });
  return Object.assign(pool, { logged });
}

/** A tool server's contract body as the pool is handed it. */
export function serverRef(body: unknown, serverId = "shop"): ToolServerRef {
  const bodyHash = JSON.stringify(body);
  return {
    projectId: "acme",
    serverId,
    revisionId: "11111111-1111-7111-8111-111111111111",
    bodyHash,
    body,
  };
}

/** The contract body of a fixture program of this folder. */
export function programBody(file: string, ...args: string[]): Record<string, unknown> {
  return {
    transport: "stdio",
    command: process.execPath,
    args: [new URL(file, import.meta.url).pathname, ...args],
    timeout_seconds: 20,
  };
}
