import { lazy, Suspense } from "react";
import { useWords } from "../../app/words.ts";
import { Figure, KeyOf } from "../../ui/figure.tsx";
import { LATENCY_PX, LINES, partsOf, RUNS_PX, STACK, useClock } from "./chart-parts.ts";
import type { Overview } from "./queries.ts";

// The library that draws them is larger than all the rest of this page.
const Drawn = {
  Runs: lazy(() => import("./charts.tsx").then(({ RunsBars }) => ({ default: RunsBars }))),
  Latency: lazy(() =>
    import("./charts.tsx").then(({ LatencyLines }) => ({ default: LatencyLines })),
  ),
};

export function RunsChart(props: { overview: Overview }) {
  const { t, number } = useWords();
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
      <Suspense fallback={<div style={{ height: RUNS_PX }} />}>
        <Drawn.Runs overview={props.overview} />
      </Suspense>
    </Figure>
  );
}

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
      {last ? (
        <Suspense fallback={<div style={{ height: LATENCY_PX }} />}>
          <Drawn.Latency overview={props.overview} />
        </Suspense>
      ) : (
        <p className="py-3 text-ink-2">{says}</p>
      )}
      {last && (
        <p className="text-xs text-ink-2">
          {t("overview.own_say", { p50: own(last.own_p50_ms), p95: own(last.own_p95_ms) })}
        </p>
      )}
    </Figure>
  );
}
