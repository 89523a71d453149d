import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { pino } from "pino";
import { createMcpEdge, type McpDeps } from "../../../src/mcp/index.ts";
import { AppError } from "../../../src/platform/errors.ts";
import { whenSent } from "../../../src/platform/http/index.ts";
import { createSealer } from "../../../src/platform/sealing.ts";
import type { Decisions, TestCaller } from "./decisions.ts";

export interface TestGateway {
  url: string;
  /** What the edge logged. */
  logged: string[];
  /** How many requests were answered on the short way. */
  plainly(): number;
  /** Ends what is held. */
  closeEdge(): Promise<void>;
  close(): Promise<void>;
}

function callerOf(header: string): TestCaller {
  const found = /^Bearer (\w+)\/([\d.]+)$/.exec(header);
  if (!found?.[1]) throw new AppError("E-AUTH", "Send a key as `Authorization: Bearer awp_…`.");
  return { keyId: found[1], holdSeconds: Number(found[2]) };
}

/** The gateway's edge on a free port. The bearer key says who calls: `KEY/HOLD_SECONDS`. */
export async function serveGateway(
  decisions: Decisions,
  more: Partial<McpDeps<TestCaller>> = {},
  options: { shortWay?: boolean } = {},
): Promise<TestGateway> {
  const { shortWay = true } = options;
  let plainly = 0;
  const logged: string[] = [];
  const edge = createMcpEdge<TestCaller>(
    {
      authenticate: async (request) => callerOf(request.headers.get("authorization") ?? ""),
      authenticateBearer: async (header) => callerOf(header),
      requireThawed: async () => {},
      agentTools: async () => [],
      toolSchema: async () => undefined,
      grants: async () => ({ resources: false, prompts: false }),
      resources: async () => [],
      resourceTemplates: async () => [],
      prompts: async () => [],
      watch: async () => () => undefined,
      hear: () => () => undefined,
      subscribe: async () => () => undefined,
      openRun: (caller, wish) => decisions.openRun(caller, wish),
      callTool: (call) => decisions.callTool(call),
      noteDelivered: () => undefined,
      waitForDecision: (caller, id, wait) => decisions.waitForDecision(caller, id, wait),
      // Those are tried with a database, in test/tasks.test.ts.
      tasks: { get: async () => undefined, withdraw: async () => false },
      sealer: createSealer(["a secret of enough length for this test"]),
      log: pino({ level: "info" }, { write: (line) => void logged.push(line) }),
      ...more,
    },
    { allowedOrigins: ["https://console.example"] },
  );
  const listener = getRequestListener((request, env) => edge.fetch(request, whenSent(env)));
  const server = createServer((request, response) => {
    if (!shortWay) return void listener(request, response);
    void edge.answerPlainly(request, response).then((status) => {
      if (status === undefined) void listener(request, response);
      else plainly += 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    logged,
    plainly: () => plainly,
    closeEdge: () => edge.close(),
    async close() {
      await edge.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** What tests ask of a client, of whichever SDK. */
export interface TestClient {
  listTools(): Promise<Record<string, unknown>[]>;
  callTool(
    name: string,
    args: Record<string, unknown>,
    more?: {
      meta?: Record<string, unknown>;
      signal?: AbortSignal;
      onprogress?: (message?: string) => void;
    },
  ): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

interface Connect {
  url: string;
  key: string;
  headers?: Record<string, string>;
  /** In place of the SDK's own way out. */
  fetch?: typeof fetch;
}

const headersOf = ({ key, headers }: Connect) => ({ authorization: `Bearer ${key}`, ...headers });
const wayOf = (to: Connect) => ({
  requestInit: { headers: headersOf(to) },
  ...(to.fetch ? { fetch: to.fetch } : {}),
});

/** An unmodified client of SDK v1. */
export async function connectV1(to: Connect): Promise<TestClient> {
  const client = new ClientV1({ name: "agent-v1", version: "1.0.0" });
  const transport = new TransportV1(new URL(to.url), wayOf(to));
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return {
    listTools: async () => (await client.listTools()).tools,
    callTool: (name, args, { meta, signal, onprogress } = {}) =>
      client.callTool({ name, arguments: args, ...(meta ? { _meta: meta } : {}) }, undefined, {
        ...(signal ? { signal } : {}),
        ...(onprogress ? { onprogress: ({ message }) => onprogress(message) } : {}),
      }),
    close: () => client.close(),
  };
}

/** An unmodified client of SDK v2: by default one of the 2025 era, with `auto` one of 2026-07-28. */
export async function connectV2(to: Connect, options: ClientOptions = {}): Promise<TestClient> {
  const client = new Client({ name: "agent-v2", version: "1.0.0" }, options);
  await client.connect(new StreamableHTTPClientTransport(new URL(to.url), wayOf(to)));
  return {
    listTools: async () => (await client.listTools()).tools,
    callTool: (name, args, { meta, signal, onprogress } = {}) =>
      client.callTool(
        { name, arguments: args, ...(meta ? { _meta: meta } : {}) },
        {
          ...(signal ? { signal } : {}),
          ...(onprogress ? { onprogress: ({ message }) => onprogress(message) } : {}),
        },
      ),
    close: () => client.close(),
  };
}

export const connectAuto = (to: Connect): Promise<TestClient> =>
  connectV2(to, { versionNegotiation: { mode: "auto" } });
