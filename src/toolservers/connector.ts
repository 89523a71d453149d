import { tmpdir } from "node:os";
import { AppError } from "../platform/errors.ts";
import type { Logger } from "../platform/log.ts";
import { type Connection, connectHttp, connectStdio } from "./connection.ts";
import { parseConfigValue, type ToolServerBody, toolServerBody } from "./contract.ts";
import type { GuardedConnections } from "./guardedfetch.ts";
import type { MemoryWatch } from "./memorywatch.ts";
import { UpstreamFailure } from "./outcome.ts";
import { CONNECT_SECONDS, IDLE_SECONDS } from "./settings.ts";
import { createStderrLog } from "./stderrlog.ts";
import type { ServerNotification } from "./unsolicited.ts";

/** One tool server as one revision of its contract describes it. */
export interface ToolServerRef {
  projectId: string;
  /** The contract's id: the server's name within the project. */
  serverId: string;
  revisionId: string;
  bodyHash: string;
  body: unknown;
}

export interface ConnectorOptions {
  /** @throws AppError E-SECRET-MISSING when the project has no such secret */
  resolveSecret(projectId: string, name: string): Promise<string>;
  /** Whether programs on this machine may be started. */
  allowStdio: boolean;
  log: Logger;
  connections: GuardedConnections;
  memory: MemoryWatch;
  /** The longest message a program may write. */
  maxMessageBytes: number;
  /** Is told what a tool server says to all who use it. */
  onNotification(ref: ToolServerRef, notification: ServerNotification): void;
}

/**
 * Reads the body of a tool server's contract.
 *
 * @throws UpstreamFailure E-CONTRACT-INVALID
 */
export function readBody(ref: ToolServerRef): ToolServerBody {
  const found = toolServerBody.safeParse(ref.body);
  if (found.success) return found.data;
  const words = `The contract of tool server ${ref.serverId} is not valid: ${found.error.issues[0]?.message}.`;
  throw new UpstreamFailure("E-CONTRACT-INVALID", words);
}

async function resolveValues(
  ref: ToolServerRef,
  values: Record<string, string>,
  options: ConnectorOptions,
): Promise<{ values: Record<string, string>; secrets: string[] }> {
  const resolved: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [key, text] of Object.entries(values)) {
    const value = parseConfigValue(text);
    if (value.kind === "literal") {
      resolved[key] = value.value;
      continue;
    }
    try {
      const secret = await options.resolveSecret(ref.projectId, value.name);
      secrets.push(secret);
      resolved[key] = value.prefix + secret;
    } catch (error) {
      if (error instanceof AppError && error.code === "E-SECRET-MISSING") {
        throw new UpstreamFailure("E-SECRET-MISSING", error.message, { cause: error });
      }
      options.log.error({ err: error, secret: value.name }, "a secret could not be read");
      const words = `The secret ${value.name} of tool server ${ref.serverId} could not be read.`;
      throw new UpstreamFailure("E-UPSTREAM-CONNECT", words, { cause: error });
    }
  }
  return { values: resolved, secrets };
}

/**
 * Connects to a tool server as its contract says, with its secrets put in.
 *
 * @param start.legacy the server is known to speak the 2025 protocol only
 * @param start.abandon ends the attempt, and the program it started, at once and for ever
 * @throws UpstreamFailure or an error of the SDK
 */
export async function connect(
  ref: ToolServerRef,
  options: ConnectorOptions,
  start: { legacy: boolean; abandon: AbortSignal },
): Promise<Connection> {
  const body = readBody(ref);
  const timeoutMs = body.timeout_seconds * 1000;
  const onNotification = (said: ServerNotification) => options.onNotification(ref, said);
  if (body.transport === "http") {
    const { values } = await resolveValues(ref, body.headers, options);
    return connectHttp({
      url: new URL(body.url),
      headers: values,
      guarded: options.connections.within({
        connectMs: (body.connect_timeout_seconds ?? CONNECT_SECONDS) * 1000,
        idleMs: (body.idle_timeout_seconds ?? IDLE_SECONDS) * 1000,
      }),
      onNotification,
      timeoutMs,
      abandon: start.abandon,
    });
  }
  if (!options.allowStdio) {
    const words = "Tool servers that are programs on this machine are off here; use one over HTTP.";
    throw new UpstreamFailure("E-STDIO-OFF", words);
  }
  const { values, secrets } = await resolveValues(ref, body.env, options);
  const log = options.log.child({ project: ref.projectId, server: ref.serverId });
  return connectStdio({
    program: {
      command: body.command,
      args: body.args,
      env: values,
      cwd: body.cwd ?? tmpdir(),
      limits: body.limits ?? {},
    },
    memory: options.memory,
    maxMessageBytes: options.maxMessageBytes,
    onStderr: createStderrLog(log, secrets),
    onNotification,
    timeoutMs,
    ...start,
  });
}
