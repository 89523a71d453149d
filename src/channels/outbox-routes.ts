import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { sql } from "kysely";
import { z } from "zod";
import {
  type ApiEnv,
  answerOnce,
  type Caller,
  projectsTable,
  requireProject,
  requireRole,
  scopeOf,
} from "../identity/index.ts";
import { text } from "../platform/contract.ts";
import type { Database } from "../platform/database/index.ts";
import { type List, planForValues, readList } from "../platform/database/list.ts";
import {
  answers,
  type Cursors,
  newApi,
  openPage,
  problems,
  timeAndId,
} from "../platform/http/index.ts";
import type { Jobs } from "../platform/jobs/index.ts";
import { redact } from "../platform/redact.ts";
import {
  messageParams,
  type OutboxMessage,
  type OutboxQuery,
  outboxAnswer,
  outboxMessage,
  outboxQuery,
  resendBody,
} from "./outbox-contract.ts";
import { OUTBOX_COLUMNS, resendMessage } from "./resend.ts";

const PER_PAGE = 50;

const list = createRoute({
  method: "get",
  path: "/outbound-messages",
  tags: ["channels"],
  summary: "List what goes out on channels and what became of it, newest first",
  request: { query: outboxQuery },
  responses: { 200: answers("A page of messages", outboxAnswer), ...problems(401, 403, 422) },
});

const resend = createRoute({
  method: "post",
  path: "/outbound-messages/{message_id}/resend",
  tags: ["channels"],
  summary: "Have a message that was given up tried again, for as long as at first",
  request: {
    params: messageParams,
    headers: z.object({ "idempotency-key": text(1, 255).optional() }),
    body: { required: true, content: { "application/json": { schema: resendBody } } },
  },
  responses: {
    200: answers("The message, queued again", outboxMessage),
    ...problems(401, 403, 404, 409, 422),
  },
});

/** `GET /outbound-messages` and `POST /outbound-messages/{message_id}/resend`. */
export function outboxRoutes(deps: {
  db: Database;
  jobs: Pick<Jobs, "send">;
  cursors: Cursors;
}): OpenAPIHono<ApiEnv> {
  const { db, jobs, cursors } = deps;
  return newApi<ApiEnv>()
    .openapi(list, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "viewer");
      const { cursor, limit = PER_PAGE, ...filters } = c.req.valid("query");
      const binding = ["outbound-messages", filters, caller.keyId];
      const paging = openPage(cursors, { binding, cursor, limit, position: timeAndId });
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        async (tx) => {
          await planForValues(tx);
          return readList<OutboxMessage>(tx, messageList(caller, filters), paging.place);
        },
        { snapshot: true },
      );
      const { rows: messages, ...more } = paging.cut(rows, (row) => [
        row.queued_at,
        row.message_id,
      ]);
      const counted = { total: total.count, total_is_exact: total.isExact };
      return c.json({ messages: messages.map(shown), ...counted, ...more }, 200);
    })
    .openapi(resend, async (c) => {
      const { caller } = c.var;
      requireRole(caller, "operator");
      const { message_id: messageId } = c.req.valid("param");
      const { project_id: projectId } = c.req.valid("json");
      requireProject(caller, projectId);
      const { actor, keyId } = caller;
      const idempotencyKey = c.req.valid("header")["idempotency-key"];
      const request = ["outbound-messages.resend", projectId, messageId];
      const message = await db.transaction(scopeOf(caller), (tx) =>
        answerOnce(tx, { projectId, keyId, idempotencyKey, request }, () =>
          resendMessage(tx, jobs, { projectId, messageId, actor }),
        ),
      );
      return c.json(shown(message), 200);
    });
}

type Filters = Omit<OutboxQuery, "limit" | "cursor">;

const messageList = (caller: Caller, filters: Filters): List => ({
  table: "outbound_messages",
  projects: projectsTable(caller, filters.project_id),
  columns: OUTBOX_COLUMNS,
  from: sql`outbound_messages where project_id = p.project_id
    and ${filters.channel_id === undefined ? sql`true` : sql`channel_id = ${filters.channel_id}`}
    and ${filters.send_status === undefined ? sql`true` : sql`send_status = ${filters.send_status}`}`,
  by: { queued_at: sql`queued_at`, message_id: sql`message_id` },
  order: "desc",
});

function shown(message: OutboxMessage): OutboxMessage {
  return { ...message, content_preview: redact(message.content_preview) };
}
