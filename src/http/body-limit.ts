import type { HttpBindings } from "@hono/node-server";
import type { Context, MiddlewareHandler } from "hono";
import { AppError } from "../platform/errors.ts";

const MOST_BYTES = 1024 * 1024;
/** What is read and thrown away of a refused body, so that its sender gets to read the answer. */
const MOST_DISCARDED_BYTES = 16 * MOST_BYTES;

/**
 * Refuses bodies over 1 MiB. One that says its length is refused unread; one that doesn't is read up to the limit.
 *
 * (Hono's own limit opens the web stream of the body it refuses. The server then can't drain the request and cuts the
 * connection half a second later, in the middle of whatever the client has sent on it by then.)
 *
 * @throws AppError E-BODY-SIZE
 */
export const limitBody: MiddlewareHandler = async (c, next) => {
  if (c.req.header("transfer-encoding") !== undefined) await readWithin(c);
  else if (Number(c.req.header("content-length") ?? 0) > MOST_BYTES) refuse();
  await next();
};

function refuse(): never {
  throw new AppError("E-BODY-SIZE", "A request's body may have at most 1 MiB.");
}

async function readWithin(c: Context): Promise<void> {
  const { incoming, outgoing } = c.env as HttpBindings;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size <= MOST_BYTES) chunks.push(chunk);
    else if (size > MOST_DISCARDED_BYTES) {
      outgoing.shouldKeepAlive = false;
      break;
    }
  }
  if (size > MOST_BYTES) refuse();
  const { method, headers, url, signal } = c.req.raw;
  c.req.raw = new Request(url, { method, headers, signal, body: Buffer.concat(chunks) });
}
