import { Hono } from "hono";
import { z } from "zod";
import {
  agentBodySchema,
  contractRouters,
  createContracts,
  type Families,
} from "../../src/contracts/index.ts";
import { createArgumentChecker, policiesOf } from "../../src/gates/index.ts";
import type { ApiEnv, Caller } from "../../src/identity/index.ts";
import { type Database, openDatabase } from "../../src/platform/database/index.ts";
import { fieldError } from "../../src/platform/errors.ts";
import { createCursors, problemResponse } from "../../src/platform/http/index.ts";
import { createLog } from "../../src/platform/log.ts";
import { pinnedTools, syncPins, toolSchemas } from "../../src/toolservers/index.ts";
import { createTestDatabase } from "./database.ts";

const families: Families = {
  agent: {
    schema: agentBodySchema,
    check: (body) =>
      (body as { display_name: string }).display_name === "Nobody"
        ? [fieldError("display_name", "other", { said: "is nobody" })]
        : [],
  },
  tool_server: {
    schema: z.object({ transport: z.enum(["stdio", "http"]), url: z.string().optional() }).loose(),
  },
  channel: { schema: z.object({ type: z.string() }).loose() },
  policy: {
    schema: z.object({ cedar: z.string() }).loose(),
    compared: (body) => policiesOf((body as { cedar: string }).cedar),
  },
};

export const caller = (over: Partial<Caller>): Caller => ({
  keyId: "k1",
  actor: { kind: "key", id: "Ada" },
  role: "admin",
  projects: ["acme"],
  agentId: null,
  holdSeconds: 4,
  mayActForOthers: false,
  surface: "api",
  ...over,
});
export const ada = caller({});
export const eve = caller({ keyId: "k2", actor: { kind: "key", id: "Eve" }, projects: ["evil"] });
export const root = caller({ keyId: "k0", actor: { kind: "key", id: "root" }, projects: "all" });

export const server = (
  id: string,
  body: object = { transport: "http", url: "https://tools.example" },
) => ({
  contract_family: "tool_server",
  contract_id: id,
  body,
});
export const channel = (id: string, body: object = { type: "webhook" }) => ({
  contract_family: "channel",
  contract_id: id,
  body,
});
export const agent = (id: string, body: object = {}) => ({
  contract_family: "agent",
  contract_id: id,
  body: { display_name: id, driver: "client", ...body },
});

type Relist = Parameters<typeof createContracts>[0]["relist"];

/** A fresh database with the projects acme, evil, busy and careful (which asks for a second person), and the contracts API on it. */
export async function openBench() {
  const { url, drop } = await createTestDatabase();
  const db = openDatabase({ url, log: createLog("silent") });
  await db.transaction({ role: "platform" }, async (tx) => {
    for (const id of ["acme", "evil", "busy", "careful"]) {
      await tx
        .insertInto("projects")
        .values({
          project_id: id,
          display_name: id,
          migration_mode: "active",
          separate_approver: id === "careful",
        })
        .execute();
    }
  });
  const offered = new Map<string, string[]>();
  const pin = (project: string, serverId: string, names: readonly string[]) =>
    db.transaction({ role: "platform" }, (tx) =>
      syncPins(
        tx,
        project,
        serverId,
        names.map((name) => ({ name, inputSchema: { type: "object" } })),
      ),
    );
  const relist: Relist = async (servers) => {
    for (const { project_id, server_id } of servers) {
      await pin(project_id, server_id, offered.get(`${project_id}/${server_id}`) ?? []);
    }
  };
  return {
    db,
    url,
    api: (as: Caller, allowStdio = true) => createApi(db, relist, as, allowStdio),
    /** What tool servers list when they are asked anew: `acme/kit`. */
    offered,
    /** All revisions of a contract, oldest first. */
    revisions: (project: string, id: string) =>
      db.transaction({ role: "platform" }, (tx) =>
        tx
          .selectFrom("contract_revisions")
          .selectAll()
          .where("project_id", "=", project)
          .where("contract_id", "=", id)
          .orderBy("version_major")
          .orderBy("version_minor")
          .execute(),
      ),
    /** Notes that a tool server has listed these tools. */
    list: (project: string, serverId: string, ...names: string[]) => pin(project, serverId, names),
    async close() {
      await db.close();
      await drop();
    },
  };
}
export type Bench = Awaited<ReturnType<typeof openBench>>;

/** The contracts API as the caller sees it, over real requests. */
function createApi(db: Database, relist: Relist, as: Caller, allowStdio: boolean) {
  const app = new Hono<ApiEnv>();
  app.onError((error) => problemResponse(error));
  app.use(async (c, next) => {
    c.set("caller", as);
    c.set("language", c.req.header("accept-language") === "zh-TW" ? "zh-TW" : "en");
    await next();
  });
  const { schemaProblem } = createArgumentChecker();
  const contracts = createContracts({
    onRetired: async () => undefined,
    db,
    families,
    schemaProblem,
    pinnedTools,
    toolSchemas,
    relist,
    allowStdio,
  });
  const cursors = createCursors(new Uint8Array(32));
  for (const routes of contractRouters({ db, contracts, cursors })) app.route("/", routes);
  const read = async (response: Response) => ({
    status: response.status,
    // biome-ignore lint/suspicious/noExplicitAny: an answer of any shape, asserted below
    body: (await response.json()) as any,
  });
  const post = async (path: string, body: object = {}, language = "en") =>
    read(
      await app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json", "accept-language": language },
        body: JSON.stringify(body),
      }),
    );
  return {
    get: async (path: string) => read(await app.request(path)),
    post,
    apply: (documents: unknown[], more: object = {}) =>
      post("/contracts/apply", { documents, ...more }),
  };
}
