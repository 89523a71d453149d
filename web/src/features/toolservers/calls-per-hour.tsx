import { useWords } from "../../app/words.ts";
import { ListTable } from "../../ui/lists.tsx";
import { hoursOf } from "./hours.ts";
import type { ToolServerDetail } from "./queries.ts";

/** The last 24 hours, hour by hour: bars beside their numbers, so that nobody needs the bars. */
export function CallsPerHour(props: { calls: ToolServerDetail["calls"] }) {
  const { t, number } = useWords();
  const { calls } = props;
  const ms = (value: number | null) =>
    value === null ? "–" : t("duration.ms", { a: number(value) });
  return (
    <section>
      <div className="sec mt-3">
        <h2>{t("servers.calls")}</h2>
      </div>
      {calls.calls === 0 ? (
        <p className="text-ink-2">{t("servers.no_calls")}</p>
      ) : (
        <>
          <p className="text-ink-2">
            {t("servers.calls_sum", {
              calls: number(calls.calls),
              errors: number(calls.errors),
              blocked: number(calls.blocked),
            })}
            {t("contracts.and")}
            {t("servers.latency_sum", {
              p50: ms(calls.latency_p50_ms),
              p95: ms(calls.latency_p95_ms),
            })}
          </p>
          <Hours calls={calls} ms={ms} />
        </>
      )}
    </section>
  );
}

function Hours(props: { calls: ToolServerDetail["calls"]; ms: (value: number | null) => string }) {
  const { t, number, language } = useWords();
  const { ms } = props;
  const hours = hoursOf(props.calls).toReversed();
  const most = Math.max(1, ...hours.map(({ calls }) => calls));
  const clock = new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const part = (count: number) => ({ width: `${(count / most) * 100}%` });
  const heads = [
    { label: t("servers.hour") },
    { label: t("servers.bars"), isMinor: true },
    { label: t("servers.of_calls"), isNumber: true },
    { label: t("servers.of_errors"), isNumber: true },
    { label: t("servers.of_blocked"), isMinor: true, isNumber: true },
    { label: "p50", isMinor: true, isNumber: true },
    { label: "p95", isMinor: true, isNumber: true },
  ];
  return (
    <ListTable caption={t("servers.calls")} heads={heads}>
      {hours.map((hour) => (
        <tr key={hour.hour}>
          <td>{clock.format(new Date(hour.hour))}</td>
          <td className="minor main">
            <span className="hour-bar">
              <i style={part(hour.good)} />
              <i className="is-blocked" style={part(hour.blocked)} />
              <i className="is-wrong" style={part(hour.errors)} />
            </span>
          </td>
          <td className="n">{number(hour.calls)}</td>
          <td className="n">{number(hour.errors)}</td>
          <td className="minor n">{number(hour.blocked)}</td>
          <td className="minor n">{ms(hour.latency_p50_ms)}</td>
          <td className="minor n">{ms(hour.latency_p95_ms)}</td>
        </tr>
      ))}
    </ListTable>
  );
}
