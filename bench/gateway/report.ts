import { percentile, rounded } from "../percentile.ts";
import type { Measured } from "./measure.ts";

/** What was measured at each number of connections, by the contestant's name. */
export type Measurements = Map<number, Map<string, Measured>>;

function summary({ latencies, rates, rssMib }: Measured) {
  return {
    calls_per_second: rounded(percentile(rates, 0.5), 0),
    p50_ms: rounded(percentile(latencies, 0.5), 3),
    p99_ms: rounded(percentile(latencies, 0.99), 3),
    rss_mib: rounded(rssMib, 0),
    calls: latencies.length,
  };
}

type Summary = ReturnType<typeof summary>;

/** The figures of every contestant, by connections. */
export function figuresOf(measurements: Measurements): Record<string, Record<string, Summary>> {
  return Object.fromEntries(
    [...measurements].map(([connections, sides]) => [
      String(connections),
      Object.fromEntries([...sides].map(([name, measured]) => [name, summary(measured)])),
    ]),
  );
}

/** The ratios, by the names they are asked for; of rates more is better, of times and memory less. */
export function ratiosOf(measurements: Measurements) {
  const figures = figuresOf(measurements);
  const of = (connections: number, name: string, figure: keyof Summary) =>
    figures[String(connections)]?.[name]?.[figure] ?? Number.NaN;
  const both = (base: string, connections: number, figure: keyof Summary) => {
    const quotient = (side: string) =>
      rounded(of(connections, side, figure) / of(connections, base, figure));
    return { read: quotient("awooop read"), write: quotient("awooop write") };
  };
  const peer = (figure: keyof Summary) =>
    rounded(of(64, "awooop read", figure) / of(64, "mcp-proxy", figure));
  return {
    proxy_rps_64: both("bare proxy", 64, "calls_per_second"),
    durable_rps_64: both("bare proxy + insert", 64, "calls_per_second"),
    durable_p50_1: both("bare proxy + insert", 1, "p50_ms"),
    twice_rps_64: { write: both("bare proxy + both", 64, "calls_per_second").write },
    twice_p50_1: { write: both("bare proxy + both", 1, "p50_ms").write },
    mcp_proxy_rps_64: peer("calls_per_second"),
    mcp_proxy_p99_64: peer("p99_ms"),
    mcp_proxy_rss: peer("rss_mib"),
  };
}

/** The table for people. */
export function tableOf(measurements: Measurements): string {
  const head = ["connections", "side", "calls/s", "p50 ms", "p99 ms", "RSS MiB"];
  const rows = Object.entries(figuresOf(measurements)).flatMap(([connections, sides]) =>
    Object.entries(sides).map(([name, figures], at) => [
      at === 0 ? connections : "",
      name,
      String(figures.calls_per_second),
      figures.p50_ms.toFixed(2),
      figures.p99_ms.toFixed(2),
      figures.rss_mib === 0 ? "" : String(figures.rss_mib),
    ]),
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [head, ...rows].map(line).join("\n");
}
