import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, requireProject, requireRole, scopeOf } from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, type Cursors, newApi, openPage, problems } from "../platform/http/index.ts";
import { readCallFigures } from "./callfigures.ts";
import { cleanDefinition } from "./clean.ts";
import { toolServerBody } from "./contract.ts";
import {
  type ToolServerDetail,
  toolServerDetail,
  toolServerParams,
  toolServerQuery,
  toolServersAnswer,
  toolServersQuery,
} from "./page-contract.ts";
import { listPins, type ToolPin } from "./queries.ts";
import { listServers, readAgents, readProcesses, readServer, type ServerPlace } from "./servers.ts";
import { settingsOf } from "./settings.ts";

const DEFAULT_LIMIT = 50;
const MOST_WORDS = 500;
const position: z.ZodType<ServerPlace> = z.tuple([z.string(), z.string(), z.uuid()]);

const list = createRoute({
  method: "get",
  path: "/tool-servers",
  tags: ["tool servers"],
  summary: "List registered tool servers and how they are, by id",
  request: { query: toolServersQuery },
  responses: {
    200: answers("A page of tool servers", toolServersAnswer),
    ...problems(401, 403, 422),
  },
});

const one = createRoute({
  method: "get",
  path: "/tool-servers/{server_id}",
  tags: ["tool servers"],
  summary:
    "Read one tool server: its health, its tools, who may call them, and the calls of the last 24 hours",
  request: { params: toolServerParams, query: toolServerQuery },
  responses: {
    200: answers("The tool server", toolServerDetail),
    ...problems(401, 403, 404, 422),
  },
});

/** `GET /tool-servers` and `GET /tool-servers/{server_id}`. */
export function toolServerRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>()
    .openapi(list, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "viewer");
      const { project_id: projectId, cursor, limit = DEFAULT_LIMIT } = c.req.valid("query");
      const binding = ["tool-servers", projectId ?? null, caller.keyId];
      const { place, cut } = openPage(deps.cursors, { binding, cursor, limit, position });
      const { rows, total } = await deps.db.transaction(
        scopeOf(caller),
        (tx) => listServers(tx, caller, projectId, place),
        { snapshot: true },
      );
      const { rows: tool_servers, ...more } = cut(rows, (row) => [
        row.server_id,
        row.project_id,
        row.revision_id,
      ]);
      return c.json(
        { tool_servers, total: total.count, total_is_exact: total.isExact, ...more },
        200,
      );
    })
    .openapi(one, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "viewer");
      const { server_id: serverId } = c.req.valid("param");
      const { project_id: projectId } = c.req.valid("query");
      requireProject(caller, projectId);
      const found = await deps.db.transaction(
        scopeOf(caller),
        (tx) => readDetail(tx, projectId, serverId),
        { snapshot: true },
      );
      return c.json(found, 200);
    });
}

/** @throws AppError E-NOT-FOUND */
async function readDetail(tx: Tx, projectId: string, serverId: string): Promise<ToolServerDetail> {
  const found = await readServer(tx, projectId, serverId);
  if (!found) {
    const words = `The project "${projectId}" has no active tool server "${serverId}".`;
    throw new AppError("E-NOT-FOUND", words);
  }
  const pins = await listPins(tx, projectId, serverId);
  return {
    ...found.server,
    settings: settingsOf(toolServerBody.parse(found.body)),
    processes: await readProcesses(tx, projectId, serverId),
    pins: pins.map(shownPin),
    agents: await readAgents(tx, projectId, serverId),
    calls: await readCallFigures(tx, projectId, serverId),
  };
}

function shownPin(pin: ToolPin): ToolServerDetail["pins"][number] {
  const { description } = cleanDefinition(pin.definition).definition;
  return {
    name: pin.toolName,
    description: description === undefined ? null : description.slice(0, MOST_WORDS).toWellFormed(),
    pin_hash: pin.pinHash,
    pinned_at: pin.pinnedAt,
    seen_at: pin.seenAt,
    changed: pin.changed && { hash: pin.changed.hash, at: pin.changed.at },
    absent_since: pin.absentSince,
    flags: pin.flags,
  };
}
