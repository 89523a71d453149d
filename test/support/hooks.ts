import { randomBytes } from "node:crypto";
import { Hono } from "hono";
import {
  type Chat,
  createChannelFigures,
  createDelivery,
  hookRoutes,
} from "../../src/channels/index.ts";
import { listenToChanges } from "../../src/platform/database/changes.ts";
import { problemResponse } from "../../src/platform/http/index.ts";
import { createLog } from "../../src/platform/log.ts";
import type { RunEffects } from "../../src/runs/index.ts";
import { seedProject } from "./fixtures.ts";
import { openWorkshop, type Workshop } from "./tenant.ts";

/** The secret of the hooks that show it as it is. */
export const TOKEN = "a-token-of-the-alertmanager";
/** The key of the hook that takes signed deliveries. */
export const SIGNING_KEY = `whsec_${randomBytes(24).toString("base64")}`;
/** What opens the hook `alerts`. */
export const bearer = { authorization: `Bearer ${TOKEN}` };

/** An alert as Alertmanager describes it. */
export function alert(given: object = {}) {
  return {
    status: "firing",
    labels: { alertname: "DiskAlmostFull", instance: "cache-1" },
    annotations: { summary: "The disk of cache-1\nis 93 % full" },
    startsAt: "2026-11-22T03:07:00.000Z",
    endsAt: "0001-01-01T00:00:00Z",
    generatorURL: "http://prometheus.example/graph",
    fingerprint: "f1",
    ...given,
  };
}

/** A webhook of Alertmanager, payload version 4. */
export function alertDelivery(...alerts: object[]) {
  return {
    version: "4",
    groupKey: "{}:{}",
    truncatedAlerts: 0,
    status: "firing",
    receiver: "awooop",
    groupLabels: {},
    commonLabels: { team: "shop" },
    commonAnnotations: {},
    externalURL: "http://alertmanager.example",
    alerts,
  };
}

const silence = async () => ({});
const SILENT: Chat = { pressed: silence, commanded: silence, texted: silence };

/** What waits to be sent, and a worker that sends it. */
function outboxOf(shop: Workshop) {
  const queued = () =>
    shop.platform((tx) =>
      tx
        .selectFrom("outbound_messages")
        .select(["project_id", "message_id", "content", "subject_kind"])
        .where("send_status", "=", "queued")
        .execute(),
    );
  return {
    queued,
    /** Sends all that is queued. */
    async deliver(): Promise<void> {
      const publicUrl = "https://console.example";
      const log = createLog("silent");
      const send = createDelivery({ ...shop, allowHosts: ["127.0.0.1"], publicUrl, log });
      const { signal } = new AbortController();
      for (const message of await queued()) await send(message, { signal });
    },
  };
}

/** The hooks on a database of their own; `chat` answers who asks something in a chat. */
export async function openHooks({ chat = SILENT }: { chat?: Chat } = {}) {
  const shop = await openWorkshop();
  const log = createLog("silent");
  const changes = await listenToChanges({ url: shop.url, log });
  const figures = createChannelFigures({ db: shop.db, log }, []);
  const routesWith = (effects: RunEffects) =>
    hookRoutes({ ...shop, chat, changes, effects, figures, log, allowHosts: ["127.0.0.1"] });
  function appWith(effects: RunEffects): Hono {
    const app = new Hono();
    app.route("/hooks", routesWith(effects));
    app.onError((error) => problemResponse(error));
    return app;
  }
  const effects = { send: shop.jobs.send };
  const app = appWith(effects);

  async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
    const response = await app.request(`/hooks/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    // biome-ignore lint/suspicious/noExplicitAny: answers of any shape
    return { status: response.status, body: (await response.json()) as any };
  }

  return {
    ...shop,
    ...outboxOf(shop),
    async close() {
      await figures.write();
      await changes.close();
      await shop.close();
    },
    app,
    appWith,
    /** To be mounted at /hooks by a whole server. */
    routes: routesWith(effects),
    /** Writes what has been counted until now. */
    writeFigures: figures.write,
    newProject: (given: object = {}) => newProject(shop, given),
    post,
    eventsOf: (project: string) =>
      shop.platform((tx) =>
        tx
          .selectFrom("channel_events")
          .selectAll()
          .where("project_id", "=", project)
          .orderBy("received_at")
          .execute(),
      ),
  };
}

let serial = 0;

/** A project of its own with both kinds of hook; the agents are the test's. */
async function newProject(shop: Workshop, given: object): Promise<string> {
  serial += 1;
  const project_id = `p${serial}`;
  await shop.platform((tx) => seedProject(tx, { project_id, ...given }));
  const put = (id: string, body: object) =>
    shop.contract({ project_id, id, family: "channel", body });
  const bearerAuth = { scheme: "bearer", secret: "secret:TOKEN" };
  const signedAuth = { scheme: "standard_webhooks", secret: "secret:KEY" };
  await put("alerts", { type: "alertmanager", auth: bearerAuth });
  await put("signed", { type: "alertmanager", auth: signedAuth });
  await put("console", { type: "console" });
  await shop.secret(project_id, "TOKEN", TOKEN);
  await shop.secret(project_id, "KEY", SIGNING_KEY);
  return project_id;
}
