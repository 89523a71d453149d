import {
  type Attributes,
  createTraceState,
  DiagLogLevel,
  diag,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import type { Config } from "./config.ts";
import type { Logger } from "./log.ts";

/** W3C trace context, as MCP carries it in `_meta` and HTTP in headers. */
export interface TraceContext {
  traceparent: string;
  tracestate?: string;
}

/** A span to begin. Names and attributes say what was done and never with what: no arguments, no results. */
export interface NewSpan {
  name: string;
  kind: keyof typeof KINDS;
  /** What it is part of: a trace context, perhaps among other things; without one it begins a trace. */
  parent: Record<string, unknown> | undefined;
  attributes: Attributes;
}

/** Work that is under way. */
export interface OpenSpan {
  /** For whoever part of the work is handed on to. */
  readonly context: TraceContext;
  set(attributes: Attributes): void;
  /** @param errorType what kind of failure it was; left out when it was none */
  end(errorType?: string): void;
}

/** Tells a collector what is done and how long it takes (OpenTelemetry). Nothing here throws or waits. */
export interface Telemetry {
  begin(span: NewSpan): OpenSpan;
  /** Sends what has not been sent; gives up after two seconds. */
  close(): Promise<void>;
}

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };
const TRACE_PARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;
const EXPORT_MS = 5_000;
const CLOSE_MS = 2_000;
/** A collector that is away is worth one line a minute. */
const SAY_AGAIN_MS = 60_000;
/** What waits to be sent; more than this is let go. */
const MOST_WAITING = 8_192;
const LONGEST_VALUE = 256;

/** Opens the way to the collector; undefined where none is configured, so that nothing is spent on it. */
export function openTelemetry(config: Config["telemetry"], log: Logger): Telemetry | undefined {
  if (config === undefined) return undefined;
  const say = complainRarely(log);
  const exporter = new OTLPTraceExporter({
    url: `${config.endpoint}/v1/traces`,
    headers: config.headers,
    timeoutMillis: EXPORT_MS,
    concurrencyLimit: 4,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ "service.name": config.serviceName }),
    // Whoever began a trace has decided whether it is recorded.
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(config.ratio) }),
    spanLimits: { attributeValueLengthLimit: LONGEST_VALUE },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MOST_WAITING,
        scheduledDelayMillis: 1_000,
        exportTimeoutMillis: EXPORT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("awooop");
  return {
    begin({ name, kind, parent, attributes }) {
      const options = { kind: KINDS[kind], attributes };
      return opened(tracer.startSpan(name, options, contextOf(parent)));
    },
    async close() {
      const { promise: late, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(() => reject(new Error("no answer in time")), CLOSE_MS);
      await Promise.race([provider.shutdown(), late]).catch((error: Error) => say(error.message));
      clearTimeout(timer);
    },
  };
}

function opened(span: Span): OpenSpan {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const tracestate = traceState?.serialize();
  const traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  return {
    context: { traceparent, ...(tracestate ? { tracestate } : {}) },
    set: (attributes) => void span.setAttributes(attributes),
    end(errorType) {
      if (errorType !== undefined) {
        span.setAttribute("error.type", errorType);
        span.setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    },
  };
}

function contextOf(parent: Record<string, unknown> | undefined) {
  const found = TRACE_PARENT.exec(String(parent?.traceparent ?? ""));
  const [, traceId, spanId, flags] = found ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT;
  const { tracestate } = parent ?? {};
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(typeof tracestate === "string" ? { traceState: createTraceState(tracestate) } : {}),
  });
}

/** What the library has to complain of goes to our log, now and then. */
function complainRarely(log: Logger): (message: string) => void {
  let next = 0;
  const say = (message: string) => {
    if (performance.now() < next) return;
    next = performance.now() + SAY_AGAIN_MS;
    log.warn({ reason: message.slice(0, 500) }, "traces could not be sent to the collector");
  };
  const quiet = () => {};
  const logger = { error: say, warn: say, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return say;
}
