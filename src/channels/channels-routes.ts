import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { z } from "zod";
import { type ApiEnv, requireProject, requireRole, scopeOf } from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { answers, type Cursors, newApi, openPage, problems } from "../platform/http/index.ts";
import { type ChannelPlace, listChannels, readChannel } from "./channel-queries.ts";
import {
  channelDetail,
  channelParams,
  channelQuery,
  channelsAnswer,
  channelsQuery,
} from "./channels-contract.ts";

const PER_PAGE = 50;
const position: z.ZodType<ChannelPlace> = z.tuple([z.string(), z.string(), z.uuid()]);

const list = createRoute({
  method: "get",
  path: "/channels",
  tags: ["channels"],
  summary: "List a project's channels and how they are, by id",
  request: { query: channelsQuery },
  responses: { 200: answers("A page of channels", channelsAnswer), ...problems(401, 403, 422) },
});

const one = createRoute({
  method: "get",
  path: "/channels/{channel_id}",
  tags: ["channels"],
  summary: "Read one channel: its health, and what came in and went out in the last 24 hours",
  request: { params: channelParams, query: channelQuery },
  responses: { 200: answers("The channel", channelDetail), ...problems(401, 403, 404, 422) },
});

/** `GET /channels` and `GET /channels/{channel_id}`. */
export function channelPageRoutes(deps: { db: Database; cursors: Cursors }): OpenAPIHono<ApiEnv> {
  return newApi<ApiEnv>()
    .openapi(list, async (c) => {
      const { caller, language } = c.var;
      requireRole(caller, "viewer");
      const { project_id: projectId, cursor, limit = PER_PAGE } = c.req.valid("query");
      const binding = ["channels", projectId, caller.keyId];
      const { place, cut } = openPage(deps.cursors, { binding, cursor, limit, position });
      const { rows, total } = await deps.db.transaction(
        scopeOf(caller),
        (tx) => listChannels(tx, caller, { projectId, language, place }),
        { snapshot: true },
      );
      const { rows: channels, ...more } = cut(rows, (row) => [
        row.channel_id,
        row.project_id,
        row.revision_id,
      ]);
      return c.json({ channels, total: total.count, total_is_exact: total.isExact, ...more }, 200);
    })
    .openapi(one, async (c) => {
      const { caller, language } = c.var;
      requireRole(caller, "viewer");
      const { channel_id: channelId } = c.req.valid("param");
      const { project_id: projectId } = c.req.valid("query");
      requireProject(caller, projectId);
      const found = await deps.db.transaction(
        scopeOf(caller),
        (tx) => readChannel(tx, { projectId, channelId, language }),
        { snapshot: true },
      );
      if (!found) {
        const words = `The project "${projectId}" has no active channel "${channelId}".`;
        throw new AppError("E-NOT-FOUND", words);
      }
      return c.json(found, 200);
    });
}
