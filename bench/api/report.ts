import { cpus, totalmem } from "node:os";
import { percentile, rounded } from "../percentile.ts";
import type { Measured } from "./measure.ts";

/** What was measured of one question, by the side's name. */
export type Measurements = Map<string, Map<string, Measured>>;

const PARTS = 5;

function summary({ rounds, requestsPerSecond }: Measured) {
  const all = rounds.flat();
  return {
    p50_ms: rounded(percentile(all, 0.5)),
    p95_ms: rounded(percentile(all, 0.95)),
    p99_ms: rounded(percentile(all, 0.99)),
    requests_per_second: rounded(requestsPerSecond, 0),
    samples: all.length,
  };
}

/** The quotient of two sides' p95. */
function p95Ratio(side: readonly number[][], base: readonly number[][]): number {
  return percentile(side.flat(), 0.95) / percentile(base.flat(), 0.95);
}

/** The lowest and highest of the quotients that each fifth of the rounds would have given alone. */
function spread(side: readonly number[][], base: readonly number[][]): [number, number] {
  const size = Math.max(1, Math.floor(side.length / PARTS));
  const quotients = Array.from({ length: Math.ceil(side.length / size) }, (_, part) =>
    p95Ratio(
      side.slice(part * size, (part + 1) * size),
      base.slice(part * size, (part + 1) * size),
    ),
  );
  return [rounded(Math.min(...quotients)), rounded(Math.max(...quotients))];
}

/** The ratios, by the names they are asked for. */
export function ratiosOf(measurements: Measurements) {
  const growth: Record<string, number> = {};
  const spreads: Record<string, [number, number]> = {};
  const floor: Record<string, number> = {};
  for (const [question, sides] of measurements) {
    const [large, small, bare] = ["large", "small", "floor"].map((name) => sides.get(name));
    if (large && small && question !== "decide" && question !== "detail_long") {
      growth[question] = rounded(p95Ratio(large.rounds, small.rounds));
      spreads[question] = spread(large.rounds, small.rounds);
    }
    if (large && bare) floor[question] = rounded(large.requestsPerSecond / bare.requestsPerSecond);
  }
  return { ratios: { growth_p95: growth, floor_rps: floor }, spreads };
}

/** The figures of every question and side. */
export function figuresOf(measurements: Measurements) {
  return Object.fromEntries(
    [...measurements].map(([question, sides]) => [
      question,
      Object.fromEntries([...sides].map(([name, measured]) => [name, summary(measured)])),
    ]),
  );
}

export function machineOf(postgres: string) {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    postgres,
  };
}

/** The table for people. */
export function tableOf(measurements: Measurements): string {
  const { ratios, spreads } = ratiosOf(measurements);
  const growth: Record<string, number> = ratios.growth_p95;
  const floor: Record<string, number> = ratios.floor_rps;
  const head = [
    "question",
    "side",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "req/s",
    "growth p95",
    "of floor",
  ];
  const rows = [...measurements].flatMap(([question, sides]) =>
    [...sides].map(([name, measured], at) => {
      const { p50_ms, p95_ms, p99_ms, requests_per_second } = summary(measured);
      const between = spreads[question]?.join("–") ?? "";
      return [
        at === 0 ? question : "",
        name,
        p50_ms.toFixed(2),
        p95_ms.toFixed(2),
        p99_ms.toFixed(2),
        requests_per_second === 0 ? "" : String(requests_per_second),
        at === 0 && growth[question] !== undefined
          ? `${growth[question].toFixed(2)} (${between})`
          : "",
        at === 0 && floor[question] !== undefined ? floor[question].toFixed(2) : "",
      ];
    }),
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) =>
          column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
