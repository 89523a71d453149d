import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { Registry } from "prom-client";
import { createHttp } from "../../src/http/index.ts";
import {
  createIdentity,
  createKeys,
  ensureAdminKey,
  identityRoutes,
  memberRoutes,
} from "../../src/identity/index.ts";
import { listenToChanges } from "../../src/platform/database/changes.ts";
import { openDatabase } from "../../src/platform/database/index.ts";
import { createCursors } from "../../src/platform/http/index.ts";
import { createLog } from "../../src/platform/log.ts";
import { createSealer } from "../../src/platform/sealing.ts";
import { secretRoutes } from "../../src/secrets/index.ts";
import { createTenants, type Deactivated, tenantRoutes } from "../../src/tenants/index.ts";
import { AnswerCheck } from "./openapi.ts";

/** What a test may arrange otherwise. */
export interface TestHttpOptions {
  publicUrl?: string;
  pingMs?: number;
  webRoot?: string;
  ready?: () => Promise<boolean>;
  onDeactivated?: Deactivated[];
  hooks?: Hono;
}

type Json = Record<string, unknown>;

/** Sends JSON under a key; without one, as a stranger. Every answer is held against the API's description. */
async function openSend(url: string) {
  const description = await fetch(`${url}/api/v1/openapi.json`);
  const check = new AnswerCheck(await description.json());
  return async (method: string, path: string, key?: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const contentType = response.headers.get("content-type") ?? "";
    const { status } = response;
    check.assert({ method, path, status, contentType, body: await response.clone().text() });
    return response;
  };
}

type Send = Awaited<ReturnType<typeof openSend>>;

async function makeWith(send: Send, path: string, key: string, body: Json): Promise<Json> {
  const response = await send("POST", `/api/v1${path}`, key, body);
  if (response.status !== 201) throw new Error(`POST ${path}: ${await response.text()}`);
  return (await response.json()) as Json;
}

/** The foundation of the API on a real port: identity, tenants and secrets, with the key of a platform admin. */
export async function startTestHttp(databaseUrl: string, options: TestHttpOptions = {}) {
  const log = createLog("silent");
  const db = openDatabase({ url: databaseUrl, log, max: 5 });
  const changes = await listenToChanges({ url: databaseUrl, log });
  const sealer = createSealer(["a secret key of the tests, long enough"]);
  const cursors = createCursors(sealer.derive("cursors"));
  const site = { host: "127.0.0.1", publicUrl: options.publicUrl ?? "http://127.0.0.1" };
  const identity = createIdentity({ db, site, log });
  const keys = createKeys({ db, cursors, forget: identity.forgetKey });
  const tenants = createTenants({ db, cursors, onDeactivated: options.onDeactivated ?? [] });
  const adminKey = `awp_tests_${"a".repeat(43)}`;
  await ensureAdminKey(db, adminKey);
  const http = createHttp({
    config: { ...site, port: 0 },
    identity,
    changes,
    routers: [
      identityRoutes({ identity, keys }),
      memberRoutes({ db, cursors }),
      tenantRoutes({ tenants }),
      secretRoutes({ db, sealer, cursors }),
    ],
    mcp: {
      fetch: async (request) => new Response(`mcp ${(await request.text()).length}`),
      answerPlainly: async () => undefined,
    },
    hooks: options.hooks ?? new Hono().post("/:project_id/:channel_id", (c) => c.text("hooked")),
    metrics: new Registry(),
    ready: options.ready ?? (async () => true),
    log,
    webRoot: options.webRoot ?? fileURLToPath(new URL("no-such-folder", import.meta.url)),
    ...(options.pingMs === undefined ? {} : { pingMs: options.pingMs }),
  });
  const listening = await http.listen();
  const url = `http://127.0.0.1:${listening.port}`;

  const send = await openSend(url);
  const made = (path: string, key: string, body: Json) => makeWith(send, path, key, body);
  return {
    url,
    db,
    sealer,
    identity,
    adminKey,
    send,
    /** Makes a project. */
    project: (projectId: string, more: Json = {}) =>
      made("/tenants", adminKey, { project_id: projectId, display_name: projectId, ...more }),
    /** Makes a key and answers its text. */
    async key(body: Json, by: string = adminKey): Promise<{ key: string; key_id: string }> {
      const answer = await made("/keys", by, { name: String(body.role), ...body });
      return { key: String(answer.key), key_id: String(answer.key_id) };
    },
    async close() {
      await listening.close();
      await changes.close();
      await db.close();
    },
  };
}

/** A running API of a test. */
export type TestHttp = Awaited<ReturnType<typeof startTestHttp>>;
