import { useWords } from "../../app/words.ts";
import { ListTable } from "../../ui/lists.tsx";
import type { ChannelDetail } from "./queries.ts";

type Hour = ChannelDetail["hours"][number];

/** The last 24 hours, hour by hour: bars beside their numbers, so that nobody needs the bars. */
export function PerHour(props: { channel: ChannelDetail }) {
  const { t, number } = useWords();
  const { channel } = props;
  const isQuiet = channel.hours.every((hour) => allOf(hour) === 0);
  return (
    <section>
      <div className="sec mt-3">
        <h2>{t("channels.per_hour")}</h2>
      </div>
      {isQuiet ? (
        <p className="text-ink-2">{t("channels.quiet")}</p>
      ) : (
        <>
          <p className="text-ink-2">
            {channel.direction !== "out" &&
              t("channels.sum_in", {
                events: number(channel.events_24h),
                refused: number(channel.refused_24h),
              })}
            {channel.direction === "both" && t("contracts.and")}
            {channel.direction !== "in" &&
              t("channels.sum_out", {
                sent: number(channel.sent_24h),
                failed: number(channel.failed_24h),
              })}
          </p>
          <Hours channel={channel} />
        </>
      )}
    </section>
  );
}

const allOf = (hour: Hour) => hour.events + hour.refused + hour.sent + hour.failed;

function Hours(props: { channel: ChannelDetail }) {
  const { t, number, language } = useWords();
  const { direction } = props.channel;
  const [takesIn, sendsOut] = [direction !== "out", direction !== "in"];
  const all = props.channel.hours;
  const hours = all.slice(all.findIndex((hour) => allOf(hour) > 0)).toReversed();
  const most = Math.max(1, ...hours.map(allOf));
  const clock = new Intl.DateTimeFormat(language, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const part = (count: number) => ({ width: `${(count / most) * 100}%` });
  const heads = [
    { label: t("servers.hour") },
    { label: t("channels.bars"), isMinor: true },
    takesIn && { label: t("channels.of_events"), isNumber: true },
    takesIn && { label: t("channels.of_refused"), isNumber: true, isMinor: sendsOut },
    sendsOut && { label: t("channels.of_sent"), isNumber: true },
    sendsOut && { label: t("channels.given_up"), isNumber: true },
  ];
  return (
    <ListTable caption={t("channels.per_hour")} heads={heads} isWalked={false}>
      {hours.map((hour) => (
        <tr key={hour.hour}>
          <td>{clock.format(new Date(hour.hour))}</td>
          <td className="minor main">
            <span className="hour-bar">
              <i style={part(hour.events + hour.sent)} />
              <i className="is-blocked" style={part(hour.refused)} />
              <i className="is-wrong" style={part(hour.failed)} />
            </span>
          </td>
          {takesIn && <td className="n">{number(hour.events)}</td>}
          {takesIn && <td className={sendsOut ? "minor n" : "n"}>{number(hour.refused)}</td>}
          {sendsOut && <td className="n">{number(hour.sent)}</td>}
          {sendsOut && <td className="n">{number(hour.failed)}</td>}
        </tr>
      ))}
    </ListTable>
  );
}
