import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Database, openDatabase, type Tx } from "../../src/platform/database/index.ts";
import { type Jobs, openJobs } from "../../src/platform/jobs/index.ts";
import { createLog } from "../../src/platform/log.ts";
import { createSealer, type Sealer } from "../../src/platform/sealing.ts";
import { putSecret } from "../../src/secrets/index.ts";
import { createTestDatabase } from "./database.ts";
import { seedActiveRevision } from "./fixtures.ts";

/** A fresh database with the job engine, as features that act need them. */
export interface Workshop {
  /** Of its database. */
  url: string;
  db: Database;
  jobs: Jobs;
  sealer: Sealer;
  /** As a platform operator: to arrange and to look. */
  platform<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Makes a contract's active revision, in place of an earlier one. */
  contract(given: {
    project_id: string;
    id: string;
    family: string;
    body: unknown;
  }): Promise<string>;
  secret(projectId: string, name: string, value: string): Promise<void>;
  close(): Promise<void>;
}

/** Opens a database of its own for a test file; close it in `afterAll`. */
export async function openWorkshop(): Promise<Workshop> {
  const testDatabase = await createTestDatabase();
  const log = createLog("silent");
  const db = openDatabase({ url: testDatabase.url, log });
  const jobs = await openJobs({ url: testDatabase.url, log });
  const sealer = createSealer([randomBytes(32).toString("hex")]);
  const platform: Workshop["platform"] = (work) => db.transaction({ role: "platform" }, work);
  return {
    url: testDatabase.url,
    db,
    jobs,
    sealer,
    platform,
    contract: ({ project_id, id, family, body }) =>
      platform(async (tx) => {
        const given = { project_id, contract_id: id, contract_family: family, body };
        return (await seedActiveRevision(tx, given)).revision_id;
      }),
    secret: (projectId, name, value) =>
      platform(async (tx) => {
        const actor = { kind: "key", id: "admin" } as const;
        await putSecret(tx, sealer, { projectId, name, value, actor });
      }),
    async close() {
      await jobs.stop();
      await db.close();
      await testDatabase.drop();
    },
  };
}

/** What a receiver got. */
export interface Received {
  headers: Record<string, string>;
  body: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Takes the next requests; 200 without a body unless changed. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** A real HTTP server on the loopback address that notes what it gets. */
export async function openReceiver(port = 0): Promise<Receiver> {
  const receiver: Receiver = {
    url: "",
    received: [],
    answer: (_, response) => response.end(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = request.headers as Record<string, string>;
      receiver.received.push({ headers, body: Buffer.concat(chunks).toString("utf8") });
      receiver.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return receiver;
}
