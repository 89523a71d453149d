import {
  Bar,
  BarChart,
  CartesianGrid,
  Line,
  LineChart,
  ResponsiveContainer,
  XAxis,
  YAxis,
} from "recharts";
import { useWords } from "../../app/words.ts";
import { LATENCY_PX, LINES, partsOf, RUNS_PX, STACK, useClock } from "./chart-parts.ts";
import type { Overview } from "./queries.ts";

const TEXT = { fill: "var(--ink-3)", fontSize: 11 } as const;
const AXIS = { tick: TEXT, tickLine: false, axisLine: false } as const;
/** As wide as `1.05K` and its distance from the chart; each line has its number. */
const VALUES = { ...AXIS, allowDecimals: false, width: 40, interval: 0 } as const;

export function RunsBars(props: { overview: Overview }) {
  const { shortNumber } = useWords();
  const clock = useClock(props.overview);
  const parts = partsOf(props.overview);
  return (
    <ResponsiveContainer width="100%" height={RUNS_PX}>
      <BarChart
        data={parts}
        margin={{ top: 8, right: 0, bottom: 0, left: 0 }}
        barCategoryGap="14%"
        accessibilityLayer={false}
      >
        <Patterns />
        <CartesianGrid vertical={false} stroke="var(--hair)" />
        <XAxis
          dataKey="at"
          tickFormatter={clock}
          minTickGap={48}
          {...AXIS}
          axisLine={{ stroke: "var(--edge)" }}
        />
        <YAxis {...VALUES} tickFormatter={shortNumber} />
        {STACK.map(({ key, fill }) => (
          <Bar
            key={key}
            dataKey={key}
            stackId="runs"
            fill={fill}
            stroke={key === "ended" ? "var(--edge)" : "none"}
            strokeWidth={0.75}
            isAnimationActive={false}
          />
        ))}
      </BarChart>
    </ResponsiveContainer>
  );
}

/** Hatched is a person's time, striped is stopped: told apart also without colour. */
function Patterns() {
  return (
    <defs>
      <pattern
        id="hatch"
        width="5"
        height="5"
        patternUnits="userSpaceOnUse"
        patternTransform="rotate(45)"
      >
        <rect width="5" height="5" fill="var(--you-tint)" />
        <rect width="1.75" height="5" fill="var(--you-hatch)" />
      </pattern>
      <pattern id="stripe" width="4" height="4" patternUnits="userSpaceOnUse">
        <rect width="4" height="2.5" fill="var(--stop)" />
      </pattern>
    </defs>
  );
}

export function LatencyLines(props: { overview: Overview }) {
  const { shortNumber } = useWords();
  const clock = useClock(props.overview);
  const { latency, runs } = props.overview;
  const parts = runs.map(({ at }) => ({ at, ...latency.find((part) => part.at === at) }));
  return (
    <ResponsiveContainer width="100%" height={LATENCY_PX}>
      <LineChart
        data={parts}
        margin={{ top: 8, right: 4, bottom: 0, left: 0 }}
        accessibilityLayer={false}
      >
        <CartesianGrid vertical={false} stroke="var(--hair)" />
        <XAxis
          dataKey="at"
          tickFormatter={clock}
          minTickGap={48}
          {...AXIS}
          axisLine={{ stroke: "var(--edge)" }}
        />
        <YAxis {...VALUES} tickFormatter={shortNumber} />
        {LINES.map(({ key, stroke, dash }) => (
          <Line
            key={key}
            dataKey={key}
            stroke={stroke}
            strokeDasharray={dash}
            strokeWidth={1.75}
            dot={latency.length === 1}
            isAnimationActive={false}
          />
        ))}
      </LineChart>
    </ResponsiveContainer>
  );
}
