import { useNow } from "../../app/clock.ts";
import { useWords } from "../../app/words.ts";
import { Figure } from "../../ui/figure.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Pip } from "../../ui/pips.tsx";
import type { Overview } from "./queries.ts";
import { type Spend, shareOf } from "./wrong.ts";

const GATES = [1, 2, 3, 4, 5] as const;

/** What each gate stopped, and what it stopped most. */
export function GateBars(props: { overview: Overview }) {
  const { t, number, duration } = useWords();
  const { stops, questions, window } = props.overview;
  const time = t(`overview.time.${window}`);
  const rows = GATES.map((gate) => {
    const stop = stops.find((each) => each.gate === gate);
    return { gate, calls: stop?.calls ?? 0, stop };
  });
  const most = Math.max(1, ...rows.map(({ calls }) => calls));
  const total = rows.reduce((sum, { calls }) => sum + calls, 0);
  const answered = questions.median_answer_seconds;
  return (
    <Figure
      title={t("overview.stops", { time })}
      says={t("overview.stops_say", { count: total, number: number(total), time })}
      head={[t("overview.gate"), t("overview.calls"), t("overview.most")]}
      rows={rows.map(({ gate, calls, stop }) => [
        `${gate} ${t(`gates.names.${gate}`)}`,
        number(calls),
        stop ? `${stop.most.tool_name} ${number(stop.most_calls)}` : "",
      ])}
    >
      {rows.map(({ gate, calls, stop }) => (
        <div key={gate} className="gbar">
          <Pip mark={calls > 0 ? "block" : "pass"} />
          <span className="cut">
            {gate} {t(`gates.names.${gate}`)}
          </span>
          <span className="bar-room">
            <i className="bar-of" style={{ width: `${(calls / most) * 60}%` }} />
            {stop && (
              <span className="cut text-xs text-ink-3" title={stop.most.tool_name}>
                {t("overview.most_of", {
                  tool: stop.most.tool_name,
                  number: number(stop.most_calls),
                })}
              </span>
            )}
          </span>
          <span className="n num strong">{number(calls)}</span>
        </div>
      ))}
      <p className="text-xs text-ink-2 pt-1">
        {t("overview.answers", {
          approved: number(questions.approved),
          rejected: number(questions.rejected + questions.changes_requested),
          expired: number(questions.expired),
        })}{" "}
        {answered !== null && t("overview.median_answer", { wait: duration(answered * 1000) })}
      </p>
    </Figure>
  );
}

/** This month's money of each project, against its limit and against how much of the month is over. */
export function SpendBars(props: { overview: Overview }) {
  const { t, language, money, moneyLimit } = useWords();
  const { spend } = props.overview;
  const now = useNow();
  const gone = shareOfMonth(now);
  const month = new Intl.DateTimeFormat(language, { month: "long", timeZone: "UTC" });
  const limitOf = ({ limit_usd }: Spend) =>
    limit_usd === null ? t("overview.no_limit") : moneyLimit(limit_usd);
  return (
    <Figure
      title={t("overview.spend", { month: month.format(new Date(now)) })}
      says={t("overview.spend_say", { count: spend.total })}
      legend={t("overview.spend_line")}
      head={[t("overview.project"), t("overview.spent"), t("overview.limit")]}
      rows={spend.items.map((item) => [item.display_name, money(item.spent_usd), limitOf(item)])}
    >
      {spend.items.map((item) => (
        <SpendBar key={item.project_id} spend={item} gone={gone} limit={limitOf(item)} />
      ))}
    </Figure>
  );
}

function SpendBar(props: { spend: Spend; gone: number; limit: string }) {
  const { t, number, money } = useWords();
  const { spend, gone } = props;
  const share = shareOf(spend);
  const isHot = share !== undefined && share >= 0.9;
  return (
    <div className={`spend ${isHot ? "hot" : ""}`}>
      <span className="cut" title={spend.display_name}>
        {spend.display_name}
      </span>
      <span className="track">
        {share !== undefined && (
          <>
            <i style={{ width: `${Math.min(1, share) * 100}%` }} />
            <u style={{ left: `${gone * 100}%` }} />
          </>
        )}
      </span>
      <span className="pct num">
        {isHot && <Glyph name="alert" className="sm" />}
        {share === undefined ? "–" : `${number(Math.floor(share * 100))} %`}
      </span>
      <span className="n num">
        <b>{money(spend.spent_usd)}</b>{" "}
        <span className="text-ink-3">
          {share === undefined ? props.limit : t("overview.of_limit", { limit: props.limit })}
        </span>
      </span>
    </div>
  );
}

/** How much of the month (UTC) is over, from 0 to 1. */
function shareOfMonth(ms: number): number {
  const now = new Date(ms);
  const from = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1);
  const until = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  return (ms - from) / (until - from);
}
