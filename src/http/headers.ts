import type { MiddlewareHandler } from "hono";
import type { RequestIdVariables } from "hono/request-id";

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

/** The headers of every answer: its request's id, and what keeps browsers from mixing our pages with anybody else's. */
export function commonHeaders(options: {
  https: boolean;
}): MiddlewareHandler<{ Variables: RequestIdVariables }> {
  const headers = headersOf(options);
  return async (c, next) => {
    await next();
    c.res.headers.set("x-request-id", c.get("requestId"));
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  };
}
