import { percentile, rounded } from "../percentile.ts";
import { RAW, type Sample } from "./sides.ts";

/** What was measured, by the side's name; the job engine by itself comes first. */
export type Measurements = Map<string, Sample[]>;

function summary(samples: readonly Sample[]) {
  const of = (figure: keyof Sample) => {
    const values = samples.map((sample) => sample[figure]);
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((p) => rounded(percentile(values, p)));
    return { p50_ms: p50, p95_ms: p95, p99_ms: p99 };
  };
  return {
    from_answer: of("fromAnswer"),
    from_request: of("fromRequest"),
    samples: samples.length,
  };
}

export function figuresOf(measurements: Measurements) {
  return Object.fromEntries(
    [...measurements].map(([name, samples]) => [name, summary(samples)] as const),
  );
}

/** The median of a row, divided by that of the job engine by itself. */
export function ratioOf(measurements: Measurements, row: string, of: keyof Sample): number {
  const median = (name: string) =>
    percentile(
      (measurements.get(name) ?? []).map((sample) => sample[of]),
      0.5,
    );
  return rounded(median(row) / median(RAW));
}

/** The table for people. */
export function tableOf(measurements: Measurements): string {
  const head = ["side", "from", "p50 ms", "p95 ms", "p99 ms"];
  const rows = Object.entries(figuresOf(measurements)).flatMap(([name, figures]) =>
    (["from_answer", "from_request"] as const).map((from, at) => [
      at === 0 ? name : "",
      from === "from_answer" ? "its answer" : "its request",
      ...Object.values(figures[from]).map((ms) => (ms ?? Number.NaN).toFixed(2)),
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

/** By row: the median, the 95th percentile and the longest. */
export function spreadOf(found: ReadonlyMap<string, readonly number[]>) {
  return Object.fromEntries(
    [...found].map(([row, moments]) => [
      row,
      {
        p50_ms: rounded(percentile([...moments], 0.5)),
        p95_ms: rounded(percentile([...moments], 0.95)),
        max_ms: rounded(Math.max(...moments)),
        samples: moments.length,
      },
    ]),
  );
}

/** The table for people of what was measured `from` a moment on. */
export function spreadTable(from: string, found: ReadonlyMap<string, readonly number[]>): string {
  const width = Math.max(...[from, ...found.keys()].map((row) => row.length));
  const line = (row: string, cells: readonly string[]) =>
    [row.padEnd(width), ...cells.map((cell) => cell.padStart(8))].join("  ");
  return [
    line(from, ["p50 ms", "p95 ms", "max ms"]),
    ...Object.entries(spreadOf(found)).map(([row, { p50_ms, p95_ms, max_ms }]) =>
      line(
        row,
        [p50_ms, p95_ms, max_ms].map((ms) => ms.toFixed(2)),
      ),
    ),
  ].join("\n");
}
