import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { expect } from "vitest";
import { type Awooop, startAwooop } from "../awooop.ts";
import { createTestDatabase } from "../database.ts";
import { queryRows } from "../server.ts";
import { waitFor } from "../wait.ts";
import { agentKey, type Echoes, echoServer, seedAsking } from "./asking.ts";
import { listen } from "./http-server.ts";
import { ask, type RawAnswer } from "./modern.ts";

const GATEWAY_ONLY = { AWOOOP_ROLES: "gateway" };

/** Two gateways over one database, before a tool server whose one tool asks a person. */
export interface TaskWorld {
  /** The whole server. */
  readonly server: Awooop;
  /** A second gateway. */
  readonly other: Awooop;
  /** What the tool has done. */
  readonly echoes: Echoes;
  readonly key: string;
  at(where?: Awooop, as?: string): { url: string; key: string };
  /** Calls the tool about a text, and gives the id of the task that it is answered with. */
  start(text: string, as?: string): Promise<string>;
  get(taskId: string, where?: { url: string; key: string }): Promise<RawAnswer>;
  /** Waits until it is written down that the end of the call under a question has reached its client. */
  delivered(approvalId: string): Promise<void>;
  /** Kills the second gateway and starts it anew. */
  restartOther(): Promise<void>;
  close(): Promise<void>;
}

export const echo = (text: string) => ({ name: "echo", arguments: { text } });

export async function openTaskWorld(
  agents: Record<string, Record<string, unknown>>,
): Promise<TaskWorld> {
  const echoes: Echoes = { ran: [], held: new Map() };
  const database = await createTestDatabase();
  const upstream = await listen(toNodeHandler(createMcpHandler(() => echoServer(echoes))));
  const server = await startAwooop({ databaseUrl: database.url });
  const startOther = () => startAwooop({ databaseUrl: database.url, env: GATEWAY_ONLY });
  let other = await startOther();
  await seedAsking(server, upstream.url, { scout: {}, ...agents });
  const key = await agentKey(server, "scout");
  const at = (where = server, as = key) => ({ url: `${where.url}/mcp`, key: as });
  return {
    server,
    get other() {
      return other;
    },
    echoes,
    key,
    at,
    async start(text, as) {
      const { result } = await ask(at(server, as), "tools/call", echo(text));
      expect(result).toMatchObject({ resultType: "task", status: "working" });
      return result.taskId;
    },
    get: (taskId, where = at()) => ask(where, "tasks/get", { taskId }),
    async delivered(approvalId) {
      const noted = `select from awooop.task_outcomes where approval_id = '${approvalId}' and delivered_at is not null`;
      await waitFor(async () => (await queryRows(database.adminUrl, noted)).length === 1, {
        timeoutMs: 20_000,
        what: "the delivery to be noted",
      });
    },
    async restartOther() {
      await other.kill9();
      other = await startOther();
    },
    async close() {
      await other.stop();
      await server.stop();
      await upstream.close();
      await database.drop();
    },
  };
}
