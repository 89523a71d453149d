import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { collectDefaultMetrics, Histogram, type Registry } from "prom-client";

export type Measures = Histogram<"method" | "route" | "status">;

/** Process metrics, and how long answers took by route; routes and not paths, so that no id becomes a label. */
export function createMeasures(registry: Registry): Measures {
  collectDefaultMetrics({ register: registry });
  return new Histogram({
    name: "http_request_duration_seconds",
    help: "Time until an answer's headers were ready, by method, route and status",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [registry],
  });
}

/** Measures what Hono answers. */
export function measureRequests(duration: Measures): MiddlewareHandler {
  return async (c, next) => {
    const start = performance.now();
    await next();
    duration.observe(
      { method: c.req.method, route: routePath(c), status: c.res.status },
      (performance.now() - start) / 1000,
    );
  };
}
