import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { waitFor } from "./wait.ts";

/** A span as the collector was told of it, its attributes by name. */
export interface Told {
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  kind: "internal" | "server" | "client";
  failed: boolean;
  attributes: Record<string, unknown>;
}

interface WireSpan extends Omit<Told, "kind" | "failed" | "attributes"> {
  kind: number;
  status?: { code?: number };
  attributes?: Attribute[];
}
type Attribute = { key: string; value: Record<string, unknown> };
type Wire = { resourceSpans: { scopeSpans: { spans: WireSpan[] }[] }[] };

const KINDS = ["unset", "internal", "server", "client"] as const;
const ERROR = 2;

/** Takes traces over OTLP/HTTP as JSON, on any free port. */
export async function startCollector() {
  const bodies: string[] = [];
  const headers: Record<string, unknown>[] = [];
  const server = createServer(async (request, response) => {
    if (request.method !== "POST" || request.url !== "/v1/traces") {
      response.writeHead(404).end();
      return;
    }
    headers.push(request.headers);
    bodies.push(await text(request));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const spans = () => bodies.flatMap((body) => read(JSON.parse(body)));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers,
    spans,
    /** All that was sent, as it came. */
    raw: () => bodies.join("\n"),
    /** Waits for the spans of a trace until there are so many. */
    trace: (traceId: string, count: number) =>
      waitFor(
        () => {
          const found = spans().filter((span) => span.traceId === traceId);
          return found.length >= count ? found : undefined;
        },
        { timeoutMs: 30_000, what: `${count} spans of the trace ${traceId}` },
      ),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function read({ resourceSpans }: Wire): Told[] {
  return resourceSpans
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ spans }) => spans)
    .map(({ traceId, spanId, parentSpanId, name, kind, status, attributes = [] }) => ({
      traceId,
      spanId,
      parentSpanId,
      name,
      kind: KINDS[kind] as Told["kind"],
      failed: status?.code === ERROR,
      attributes: Object.fromEntries(
        attributes.map(({ key, value }) => [key, Object.values(value)[0]]),
      ),
    }));
}
