import type { HttpBindings } from "@hono/node-server";
import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { streamSSE } from "hono/streaming";
import { z } from "zod";
import { type ApiEnv, type Caller, type Identity, sees } from "../identity/index.ts";
import { projectId } from "../platform/contract.ts";
import type { Change, Changes } from "../platform/database/changes.ts";
import { newApi, problems } from "../platform/http/index.ts";
import { createFeed, type Feed } from "./feed.ts";

const PING_MS = 15_000;

const events = createRoute({
  method: "get",
  path: "/events",
  tags: ["events"],
  summary: "What changes, as it changes: `hello`, `change`, `ping`",
  description:
    "`hello {now, missed?}` on connecting, and with `missed: true` when changes may have been missed; `change {project_id, kind, id}` says only what changed, so read it again under your own rights; `ping {now}` every 15 seconds. The stream ends when the key or session ends, or when the reader is too slow.",
  request: { query: z.object({ project_id: projectId.optional() }) },
  responses: {
    200: {
      description: "Server-sent events",
      content: { "text/event-stream": { schema: z.string() } },
    },
    ...problems(401, 403, 422),
  },
});

/** The event stream, and how to end all open ones when the server stops. */
export interface Events {
  routes: OpenAPIHono<ApiEnv>;
  close(): void;
}

/** @param options.pingMs how often a stream shows that it lives, and asks whether its key still does */
export function createEvents(options: {
  changes: Changes;
  identity: Identity;
  pingMs?: number | undefined;
}): Events {
  const open = new Set<Feed>();

  const feedFor = (caller: Caller, project: string | undefined, request: Request) => {
    const feed = createFeed();
    const isTheirs = (change: Change) =>
      change.kind !== "wake" &&
      sees(caller, change.project_id) &&
      (project === undefined || change.project_id === project);
    const unsubscribe = options.changes.subscribe((change) => {
      if (change === undefined) feed.hello({ missed: true });
      else if (isTheirs(change)) feed.change(change);
    });
    const ping = () => {
      options.identity.authenticate(request).then(
        () => feed.ping(),
        () => feed.close(),
      );
    };
    const timer = setInterval(ping, options.pingMs ?? PING_MS);
    feed.whenClosed(() => {
      clearInterval(timer);
      unsubscribe();
      open.delete(feed);
    });
    open.add(feed);
    feed.hello({});
    return feed;
  };

  const routes = newApi<ApiEnv>().openapi(events, (c) => {
    const feed = feedFor(c.get("caller"), c.req.valid("query").project_id, c.req.raw);
    c.header("x-accel-buffering", "no");
    // A reader that takes nothing would hold a plain end back for ever.
    feed.whenTooSlow(() => (c.env as HttpBindings).outgoing.destroy());
    return streamSSE(c, async (stream) => {
      stream.onAbort(() => feed.close());
      for await (const message of feed.messages()) await stream.writeSSE(message);
    });
  });

  return {
    routes,
    close() {
      for (const feed of open) feed.close();
    },
  };
}
