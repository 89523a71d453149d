import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { usePageTitle } from "../../app/title.ts";
import { useWords } from "../../app/words.ts";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useOpened } from "../../ui/use-opened.ts";
import { HealthMark, HealthNote } from "./health.tsx";
import { Messages, useMessages } from "./messages.tsx";
import { PerHour } from "./per-hour.tsx";
import { type ChannelDetail, channelQuery } from "./queries.ts";

/** One channel: how it is, what goes out on it, and what came and went in the last 24 hours. */
export function ChannelPage() {
  const { t } = useWords();
  const { projectId, channelId } = useParams({ from: "/console/channels/$projectId/$channelId" });
  const channel = useQuery(channelQuery(projectId, channelId));
  const sends = channel.data !== undefined && channel.data.direction !== "in";
  const messages = useMessages({ projectId, channelId, enabled: sends });
  const areThere = channel.data !== undefined && !(sends && messages.isPending);
  const found = useOpened(`${projectId}/${channelId}`, areThere) ? channel.data : undefined;
  usePageTitle(channelId);
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/channels">{t("nav.pages.channels")}</Link>
        <Glyph name="right" className="sm" />
        {projectId}
      </div>
      <div className="head mt-0.5 mb-3">
        <h1 className="min-w-0 wrap-anywhere">{channelId}</h1>
        {found && (
          <span className="pt-0.5">
            <HealthMark health={found.health} />
          </span>
        )}
      </div>
      {!found && !channel.isError && <Bones rows={10} label={t("common.loading")} />}
      {channel.isError && <ProblemNote error={channel.error} onRetry={() => channel.refetch()} />}
      {found && (
        <>
          <ChannelFacts channel={found} />
          <HealthNote channel={found} />
          {found.direction !== "in" && <Messages projectId={projectId} channelId={channelId} />}
          <PerHour channel={found} />
        </>
      )}
    </div>
  );
}

function ChannelFacts(props: { channel: ChannelDetail }) {
  const { t, number } = useWords();
  const { channel } = props;
  return (
    <Facts>
      <Fact name={t("channels.way")}>
        {channel.channel_type}
        {t("contracts.and")}
        {t(`channels.direction.${channel.direction}`)}
      </Fact>
      <Fact name={t("contracts.heads.contract")}>
        <Link to="/contracts/$revisionId" params={{ revisionId: channel.revision_id }}>
          {channel.channel_id} {channel.version}
        </Link>
      </Fact>
      {channel.direction !== "out" && <CameIn channel={channel} />}
      {channel.direction !== "in" && (
        <>
          <Fact name={t("channels.last_sent")}>
            <Moment at={channel.last_sent_at} />
          </Fact>
          <Fact name={t("channels.waiting")}>{number(channel.queued)}</Fact>
          <Fact name={t("channels.given_up")}>{number(channel.failed)}</Fact>
          <Latency latency={channel.latency} />
        </>
      )}
    </Facts>
  );
}

function CameIn(props: { channel: ChannelDetail }) {
  const { t } = useWords();
  const { channel } = props;
  return (
    <>
      {channel.hook_path !== null && (
        <Fact name={t("channels.address")}>
          <span className="mono wrap-anywhere">{channel.hook_path}</span>
        </Fact>
      )}
      <Fact name={t("channels.last_event")}>
        <Link to="/channel-events" search={{ type: channel.channel_type }}>
          <Moment at={channel.last_event_at} />
        </Link>
      </Fact>
    </>
  );
}

function Moment(props: { at: string | null }) {
  const { t, when } = useWords();
  if (props.at === null) return <>{t("channels.never")}</>;
  return <time dateTime={props.at}>{when(props.at, Date.now())}</time>;
}

/** From queued to taken, of what was sent in the last 24 hours. */
function Latency(props: { latency: ChannelDetail["latency"] }) {
  const { t, number } = useWords();
  const { p50_ms, p95_ms } = props.latency;
  if (p50_ms === null || p95_ms === null) return null;
  const ms = (value: number) => t("duration.ms", { a: number(value) });
  return (
    <Fact name={t("channels.latency")}>
      {t("servers.latency_sum", { p50: ms(p50_ms), p95: ms(p95_ms) })}
    </Fact>
  );
}
