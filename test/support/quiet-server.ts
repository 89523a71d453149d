import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import { type Answer, type Awooop, startAwooop } from "./awooop.ts";
import { createTestDatabase } from "./database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  type E2eTenant,
  good,
  type Ledger,
  openLedger,
} from "./e2e-tenant.ts";
import { changedTables, digestTables } from "./table-digests.ts";
import { wipeAs } from "./two-tenants.ts";
import { waitFor } from "./wait.ts";

export const SIGNING_KEY = `whsec_${Buffer.from("a key that signs deliveries").toString("base64")}`;
const AT_REST_MS = 300;
const SOON_MS = 30_000;

/** A real server on which nothing happens by itself, so that whatever is written was written by the test. */
export interface QuietServer {
  server: Awooop;
  ledger: Ledger;
  acme: E2eTenant;
  /** A client run that waits for a person. */
  waiting: string;
  /** A client run that is over. */
  ended: string;
  /** Does something wrong; no table may have changed but those named. */
  leavingNoTrace<T>(work: () => Promise<T>, except?: readonly string[]): Promise<T>;
  close(): Promise<void>;
}

/** Opens the server with the tenant `acme`, which has a signed hook besides the usual one. */
export async function openQuietServer(): Promise<QuietServer> {
  const database = await createTestDatabase();
  const ledger = await openLedger();
  const server = await startAwooop({ databaseUrl: database.url });
  const acme = await addTenant(server, "acme", ledger);
  await addSignedHook(server);
  const { agent } = acme.keys;
  const open = async (): Promise<string> =>
    (await good(server.api("/runs", { key: agent, body: {} }))).run_id;
  const waiting = await open();
  await wipeAs(server, agent, "cache", waiting);
  const ended = await open();
  await good(server.api(`/runs/${ended}/complete`, { key: agent, body: {} }));
  await comeToRest(database.url);
  return {
    server,
    ledger,
    acme,
    waiting,
    ended,
    async leavingNoTrace(work, except = []) {
      const before = await digestTables(database.url);
      const answer = await work();
      const changed = changedTables(before, await digestTables(database.url));
      const known = [...except, ...NOTED_BY_ITSELF];
      expect(changed.filter((table) => !known.includes(table))).toEqual([]);
      return answer;
    },
    async close() {
      await server.stop();
      await database.drop();
      await ledger.remove();
    },
  };
}

async function addSignedHook(server: Awooop): Promise<void> {
  const value = { project_id: "acme", value: SIGNING_KEY };
  await good(server.api("/secrets/SIGNING_KEY", { method: "PUT", body: value }));
  await applyContracts(server, "acme", [
    contract("channel", "signed", {
      type: "alertmanager",
      auth: { scheme: "standard_webhooks", secret: "secret:SIGNING_KEY" },
    }),
  ]);
}

/** How tool servers are, and what channels take in and refuse, is written now and then, whatever is asked meanwhile. */
const NOTED_BY_ITSELF: readonly string[] = ["tool_server_health", "channel_hours"];

/** Waits until the jobs that the preparations set off have been worked on. */
async function comeToRest(databaseUrl: string): Promise<void> {
  await waitFor(
    async () => {
      const before = await digestTables(databaseUrl);
      await pause(AT_REST_MS);
      return changedTables(before, await digestTables(databaseUrl)).length === 0;
    },
    { timeoutMs: SOON_MS, what: "the server to come to rest" },
  );
}

/** Expects a problem document of RFC 9457 that says nothing about the inside. */
export function expectProblem(answer: Answer, wanted: { status: number; code: string }): void {
  const { status, body } = answer;
  expect({ status, code: body.code }, JSON.stringify(body)).toEqual(wanted);
  expect(body).toMatchObject({
    type: `urn:awooop:error:${wanted.code}`,
    status,
    title: expect.stringMatching(/^[A-Z]/),
    detail: expect.stringMatching(/.{10}/),
  });
  expect(JSON.stringify(body)).not.toMatch(/\bat \S+ \(|node_modules|syntax error|relation "/);
}
