import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import pg from "pg";
import { type Awooop, startAwooop } from "../../test/support/awooop.ts";
import { fireAlert, good } from "../../test/support/e2e-tenant.ts";

type Close = () => unknown;

/** A tool server by hand that notes when each call comes in, by the text it is about. */
export interface Tool {
  origin: string;
  /** When the call about this text came in, on this process's clock. */
  arrival(text: string): Promise<number>;
}

interface Message {
  id?: number | string;
  method: string;
  params?: { protocolVersion?: string; arguments?: { text?: string } };
}

const WIPE = {
  name: "wipe",
  description: "Wipes what it is told.",
  inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
};

export async function serveTool(closers: Close[]): Promise<Tool> {
  const waiting = new Map<string, (at: number) => void>();
  const resultOf = ({ method, params }: Message): object => {
    if (method === "tools/list") return { tools: [WIPE] };
    if (method === "tools/call") return { content: [{ type: "text", text: "wiped" }] };
    const protocolVersion = params?.protocolVersion ?? "2025-11-25";
    const serverInfo = { name: "bench", version: "1.0.0" };
    return { protocolVersion, capabilities: { tools: {} }, serverInfo };
  };
  const server = createServer(async (request, response) => {
    if (request.method !== "POST") return void response.writeHead(405).end();
    const message = (await json(request)) as Message;
    if (message.method === "tools/call")
      waiting.get(message.params?.arguments?.text ?? "")?.(performance.now());
    if (message.id === undefined) return void response.writeHead(202).end();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, result: resultOf(message) }));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    arrival: (text) => new Promise((resolve) => waiting.set(text, resolve)),
  };
}

export const PROJECT = "bench";
const TOKEN = "token-of-bench";
export const TOOLS = [{ server: "tool", tool: "wipe", effect: "write", approval: "always" }];

const CONTRACTS = (origin: string) => [
  {
    contract_family: "tool_server",
    contract_id: "tool",
    body: { transport: "http", url: `${origin}/mcp` },
  },
  {
    contract_family: "channel",
    contract_id: "alerts",
    body: { type: "alertmanager", auth: { scheme: "bearer", secret: "secret:ALERTS_TOKEN" } },
  },
  {
    contract_family: "agent",
    contract_id: "janitor",
    body: {
      ...{ display_name: "Janitor", driver: "worker", triggers: [{ channel: "alerts" }] },
      tools: TOOLS,
      runbook: {
        steps: [
          {
            key: "wipe",
            call: {
              ...{ server: "tool", tool: "wipe" },
              args: { text: { $cel: "trigger.labels.alertname" } },
            },
          },
        ],
      },
    },
  },
  {
    contract_family: "agent",
    contract_id: "caller",
    body: { display_name: "Caller", driver: "client", tools: TOOLS },
  },
];

/** AwoooP with an agent of each kind, whose only tool asks a person. */
export interface Ground {
  server: Awooop;
  /** The client agent's key; its calls are held as long as may be. */
  key: string;
  /** Starts a worker's run about a text. */
  startRun(text: string): Promise<void>;
  /** When a worker last took the run up, on this process's clock: the database, on the same machine, has written it down. */
  takenUp(runId: string): Promise<number>;
  /** The open questions by their texts. */
  questions(): Promise<Map<string, { run_id: string; approval_id: string }>>;
}

export async function openGround(
  closers: Close[],
  databaseUrl: string,
  tool: Tool,
): Promise<Ground> {
  const looking = new pg.Client({ connectionString: databaseUrl });
  await looking.connect();
  closers.push(() => looking.end());
  const env = { AWOOOP_ALLOW_HOSTS: "127.0.0.1" };
  const server = await startAwooop({ databaseUrl, env });
  closers.push(() => server.stop());
  const project = { project_id: PROJECT, display_name: "Bench", migration_mode: "active" };
  await good(server.api("/tenants", { body: project }));
  const secret = { project_id: PROJECT, value: TOKEN };
  await good(server.api("/secrets/ALERTS_TOKEN", { method: "PUT", body: secret }));
  const documents = CONTRACTS(tool.origin);
  await good(server.api("/contracts/apply", { body: { project_id: PROJECT, documents } }));
  const agent = { role: "agent", project_ids: [PROJECT], agent_id: "caller", hold_seconds: 50 };
  const { key } = await good(server.api("/keys", { body: { name: "bench", ...agent } }));
  const tenant = { projectId: PROJECT, token: TOKEN };
  return {
    server,
    key,
    async startRun(text) {
      const { run_id } = await fireAlert(server, tenant, text);
      if (run_id === null) throw new Error("The alert started no run.");
    },
    async takenUp(runId) {
      const { rows } = await looking.query(
        `select extract(epoch from max(at)) * 1000 as at from awooop.run_transitions
         where project_id = $1 and run_id = $2 and event = 'claim'`,
        [PROJECT, runId],
      );
      return Number(rows[0].at) - performance.timeOrigin;
    },
    async questions() {
      const { approvals } = await good(server.api(`/approvals?project_id=${PROJECT}&limit=200`));
      return new Map(
        approvals.map((each: { arguments: { text: string }; run_id: string }) => [
          each.arguments.text,
          each,
        ]),
      );
    },
  };
}
