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
import { Figure, KeyOf } from "../../ui/figure.tsx";
import type { Overview } from "./queries.ts";
import { HOURS } from "./window.ts";

const TEXT = { fill: "var(--ink-3)", fontSize: 11 } as const;
const AXIS = { tick: TEXT, tickLine: false, axisLine: false } as const;
/** As wide as `1.05K` and its distance from the chart; each line has its number. */
const VALUES = { ...AXIS, allowDecimals: false, width: 40, interval: 0 } as const;

/** What is stacked, from below; pending counts as working, and what a person or the clock ended is one. */
const STACK = [
  { key: "completed", fill: "var(--machine-2)", mark: "k-completed" },
  { key: "ended", fill: "var(--hair-2)", mark: "k-ended" },
  { key: "working", fill: "var(--ink)", mark: "k-working" },
  { key: "waiting", fill: "url(#hatch)", mark: "k-waiting" },
  { key: "failed", fill: "url(#stripe)", mark: "k-failed" },
] as const;

function partsOf(overview: Overview) {
  return overview.runs.map((part) => ({
    at: part.at,
    completed: part.completed,
    ended: part.cancelled,
    working: part.running + part.pending,
    waiting: part.waiting_approval,
    failed: part.failed + part.timed_out,
  }));
}

/** `07:00`, in the zone of the reader, with the day where there are several. */
function useClock({ window }: Overview) {
  const { language } = useWords();
  const format = new Intl.DateTimeFormat(language, {
    ...(HOURS[window] > 24 ? { month: "numeric", day: "numeric" } : {}),
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  return (iso: string) => format.format(new Date(iso));
}

export function RunsChart(props: { overview: Overview }) {
  const { t, number, shortNumber } = useWords();
  const clock = useClock(props.overview);
  const parts = partsOf(props.overview);
  const sum = (key: (typeof STACK)[number]["key"]) =>
    parts.reduce((all, part) => all + part[key], 0);
  const time = t(`overview.time.${props.overview.window}`);
  const says = t("overview.runs_say", {
    time,
    completed: number(sum("completed")),
    ended: number(sum("ended")),
    working: number(sum("working")),
    waiting: number(sum("waiting")),
    failed: number(sum("failed")),
  });
  return (
    <Figure
      title={t("overview.runs_chart", { time })}
      says={says}
      legend={STACK.map(({ key, mark }) => (
        <KeyOf key={key} mark={mark}>
          {t(`overview.stack.${key}`)}
        </KeyOf>
      ))}
      head={[t("overview.from"), ...STACK.map(({ key }) => t(`overview.stack.${key}`))]}
      rows={parts.map((part) => [clock(part.at), ...STACK.map(({ key }) => number(part[key]))])}
    >
      <ResponsiveContainer width="100%" height={184}>
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
    </Figure>
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

const LINES = [
  { key: "p95_ms", stroke: "var(--machine-2)", dash: "4 2", mark: "k-p95" },
  { key: "p50_ms", stroke: "var(--ink)", dash: "", mark: "k-p50" },
] as const;

export function LatencyChart(props: { overview: Overview }) {
  const { t, number } = useWords();
  const clock = useClock(props.overview);
  const { latency } = props.overview;
  const last = latency.at(-1);
  const says = last
    ? t("overview.latency_say", { p50: number(last.p50_ms), p95: number(last.p95_ms) })
    : t("overview.latency_none", { time: t(`overview.time.${props.overview.window}`) });
  const own = (ms: number | undefined) => (ms === undefined ? "–" : number(ms));
  return (
    <Figure
      title={t("overview.latency")}
      says={says}
      legend={LINES.map(({ key, mark }) => (
        <KeyOf key={key} mark={mark}>
          {t(`overview.lines.${key}`)}
        </KeyOf>
      ))}
      head={[
        t("overview.from"),
        t("overview.lines.p50_ms"),
        t("overview.lines.p95_ms"),
        t("overview.own_p50"),
        t("overview.own_p95"),
        t("overview.sampled"),
      ]}
      rows={latency.map((part) => [
        clock(part.at),
        number(part.p50_ms),
        number(part.p95_ms),
        number(part.own_p50_ms),
        number(part.own_p95_ms),
        number(part.sampled_calls),
      ])}
    >
      {last ? <Lines overview={props.overview} /> : <p className="py-3 text-ink-2">{says}</p>}
      {last && (
        <p className="text-xs text-ink-2">
          {t("overview.own_say", { p50: own(last.own_p50_ms), p95: own(last.own_p95_ms) })}
        </p>
      )}
    </Figure>
  );
}

function Lines(props: { overview: Overview }) {
  const { shortNumber } = useWords();
  const clock = useClock(props.overview);
  const { latency, runs } = props.overview;
  const parts = runs.map(({ at }) => ({ at, ...latency.find((part) => part.at === at) }));
  return (
    <ResponsiveContainer width="100%" height={140}>
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
