import type { HttpBindings } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { newId } from "../platform/ids.ts";

const POLICY = [
  "default-src 'self'",
  "style-src 'self'",
  "script-src 'self'",
  "font-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "object-src 'none'",
].join("; ");

const HEADERS: Record<string, string> = {
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** What keeps browsers from mixing our pages with anybody else's. */
export function headersOf({ https }: { https: boolean }): Record<string, string> {
  return https ? { ...HEADERS, "strict-transport-security": "max-age=31536000" } : HEADERS;
}

/** What a request may bring as its id. */
const REQUEST_ID = /^[\w=-]{1,64}$/;

/** A request's id: the one it brings, or a new one. */
export function requestIdOf(given: unknown): string {
  return typeof given === "string" && REQUEST_ID.test(given) ? given : newId();
}

export interface RequestIdVariables {
  requestId: string;
}

/**
 * The headers of every answer: its request's id, and what keeps browsers from mixing our pages with anybody else's. They are set
 * where the answer goes out, for on the answer itself each of them would cost as much as reading a small body.
 */
export function commonHeaders(options: {
  https: boolean;
}): MiddlewareHandler<{ Variables: RequestIdVariables; Bindings: HttpBindings }> {
  const headers = new Map(Object.entries(headersOf(options)));
  return async (c, next) => {
    const { outgoing } = c.env;
    outgoing.setHeaders(headers);
    const id = requestIdOf(c.req.header("x-request-id"));
    c.set("requestId", id);
    outgoing.setHeader("x-request-id", id);
    await next();
  };
}
