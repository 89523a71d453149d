import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNow } from "../../app/clock.ts";
import { joined } from "../../app/format.ts";
import { approvalsQuery } from "../../app/queries.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Segment } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useOpened } from "../../ui/use-opened.ts";
import { channelPagesQuery } from "../channels/queries.ts";
import { GateBars, SpendBars } from "./bars.tsx";
import { LatencyChart, RunsChart } from "./figures.tsx";
import { Needs } from "./needs.tsx";
import "./overview.css";
import { type Overview, overviewQuery } from "./queries.ts";
import { useWindow, WINDOWS, type Window } from "./window.ts";
import { countWrong, type Wrong, wrongsOf } from "./wrong.ts";
import { WrongList } from "./wrong-list.tsx";

export function OverviewPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.overview"));
  const [window, choose] = useWindow();
  const project = useProject();
  const overview = useQuery(overviewQuery(project, window));
  const { isPending: isAsking } = useQuery(approvalsQuery(project));
  const channels = useInfiniteQuery(channelPagesQuery(project));
  const areThere = overview.data !== undefined && !isAsking && !channels.isPending;
  const isOpen = useOpened(project ?? "", areThere) && overview.data !== undefined;
  return (
    <div className="page overview">
      {!isOpen && <h1 className="sr-only">{t("nav.pages.overview")}</h1>}
      {!isOpen && !overview.isError && <Bones rows={12} label={t("common.loading")} />}
      {overview.isError && !overview.data && (
        <ProblemNote error={overview.error} onRetry={() => overview.refetch()} />
      )}
      {isOpen && <Loaded overview={overview.data} window={window} onWindow={choose} />}
    </div>
  );
}

function Loaded(props: {
  overview: Overview;
  /** What is asked for; what is shown may be of another one for a moment. */
  window: Window;
  onWindow: (window: Window) => void;
}) {
  const { t } = useWords();
  const { overview } = props;
  const channels = useInfiniteQuery(channelPagesQuery(useProject())).data;
  const wrongs = wrongsOf(overview, channels?.pages.flatMap((page) => page.channels) ?? []);
  return (
    <>
      <Opening overview={overview} wrongs={wrongs} />
      <div className="cols">
        <Needs />
        <WrongList wrongs={wrongs} />
      </div>
      <div className="line justify-end mt-4">
        <Segment<Window>
          label={t("overview.how_far")}
          value={props.window}
          onChange={props.onWindow}
          options={WINDOWS.map((value) => ({ value, label: t(`overview.window.${value}`) }))}
        />
      </div>
      <div className="charts">
        <RunsChart overview={overview} />
        <GateBars overview={overview} />
        <SpendBars overview={overview} />
        <LatencyChart overview={overview} />
      </div>
    </>
  );
}

/** Sentences before numbers: whether anything waits for one, and whether anything is wrong. */
function Opening(props: { overview: Overview; wrongs: readonly Wrong[] }) {
  const { t, duration, number } = useWords();
  const now = useNow();
  const approvals = useQuery(approvalsQuery(useProject())).data;
  const { overview } = props;
  const waiting = approvals?.total ?? 0;
  const oldest = approvals?.items[0];
  const minutes = oldest ? Math.floor((now - Date.parse(oldest.asked_at)) / 60_000) : 0;
  const wrong = countWrong(overview, props.wrongs);
  const total = overview.runs.reduce((sum, { at: _, ...part }) => sum + sumOf(part), 0);
  const { running, pending, waiting_approval } = overview.working;
  const waits =
    minutes > 0
      ? t("overview.waits_since", {
          count: waiting,
          ago: duration(minutes * 60_000).replace(/\s00\s\S+$/, ""),
        })
      : t("overview.waits", { count: waiting });
  return (
    <>
      <h1 className="sentence">
        {joined([
          waiting === 0 ? t("overview.waits_none") : waits,
          wrong === 0 ? t("overview.wrong_none") : t("overview.wrong", { count: wrong }),
        ])}
      </h1>
      <p className="text-ink-2">
        {joined([
          running === 0
            ? t("overview.working_none")
            : t("overview.working", { count: running, number: number(running) }),
          pending > 0 ? t("overview.pending", { count: pending, number: number(pending) }) : "",
          waiting_approval > 0
            ? t("overview.waiting", { count: waiting_approval, number: number(waiting_approval) })
            : "",
          t("overview.of_time", {
            count: total,
            number: number(total),
            time: t(`overview.time.${overview.window}`),
          }),
          overview.is_complete ? "" : t("overview.not_all"),
        ])}
      </p>
    </>
  );
}

const sumOf = (counts: Record<string, number>) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);
