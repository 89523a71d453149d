import type { MiddlewareHandler } from "hono";

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

/** The headers that keep browsers from mixing our pages with anybody else's, on every answer. */
export function securityHeaders(options: { https: boolean }): MiddlewareHandler {
  const headers = options.https
    ? { ...HEADERS, "strict-transport-security": "max-age=31536000" }
    : HEADERS;
  return async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  };
}
