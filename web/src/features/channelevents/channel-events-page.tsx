import { useInfiniteQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useSeveralProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Empty } from "../../ui/empty.tsx";
import { Filter } from "../../ui/filter.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ListHead, ListTable, Older } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useSettled } from "../../ui/use-settled.ts";
import { Cases } from "./cases.tsx";
import { type ChannelEvent, eventPagesQuery } from "./queries.ts";
import type { EventsSearch } from "./searches.ts";

const TYPES = ["alertmanager", "grafana", "webhook", "telegram", "slack", "email"] as const;

/** Everything that came in on a channel, newest first, with the run that it started. */
export function ChannelEventsPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.channel_events"));
  const search = useSearch({ from: "/console/channel-events" });
  const project = useProject();
  const pages = useInfiniteQuery(
    eventPagesQuery({
      project_id: project,
      channel_type: search.type,
      provider_prefix: search.prefix,
      case_id: search.case,
    }),
  );
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.events) ?? [];
  const isFiltered = Boolean(search.type ?? search.prefix ?? search.case);
  return (
    <div className="page">
      <ListHead title={t("nav.pages.channel_events")} total={first} />
      {(pages.isPending || isFiltered || rows.length > 0) && <Filters search={search} />}
      {project !== undefined && !isFiltered && <Cases projectId={project} />}
      {pages.isPending && <Bones head rows={10} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {first && rows.length === 0 && <Nothing isFiltered={isFiltered} />}
      {rows.length > 0 && <Rows rows={rows} />}
      <Older pages={pages} label={t("events.older")} />
    </div>
  );
}

const SETTLED_MS = 300;

function Filters(props: { search: EventsSearch }) {
  const { t } = useWords();
  const { type, prefix, case: ofCase } = props.search;
  const navigate = useNavigate({ from: "/channel-events" });
  const [typed, setTyped] = useState(prefix ?? "");
  const settled = useSettled(typed, SETTLED_MS);
  const set = (change: { [K in keyof EventsSearch]: EventsSearch[K] | "" }) =>
    navigate({
      search: (old) =>
        Object.fromEntries(
          Object.entries({ ...old, ...change }).filter(([, value]) => value !== ""),
        ) as typeof old,
      replace: true,
    });
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed and stands goes into the address
  useEffect(() => {
    if (settled !== (prefix ?? "")) void set({ prefix: settled });
  }, [settled]);
  return (
    // biome-ignore lint/a11y/useSemanticElements: nothing is submitted, so this is no form
    <div className="filters" role="group" aria-label={t("filter.label")}>
      <label className="search">
        <Glyph name="search" className="sm" />
        <span className="sr-only">{t("events.prefix")}</span>
        <input
          value={typed}
          placeholder={t("events.prefix")}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <Filter<string>
        name={t("events.channel_type")}
        any={t("contracts.any_family")}
        value={type}
        options={TYPES.map((value) => ({ value, label: value }))}
        onChange={(value) => set({ type: value })}
      />
      {ofCase !== undefined && (
        <Filter<string>
          name={t("events.case")}
          any={t("contracts.any_family")}
          value={ofCase}
          options={[{ value: ofCase, label: ofCase.slice(0, 13) }]}
          onChange={(value) => set({ case: value })}
        />
      )}
    </div>
  );
}

function Rows(props: { rows: ChannelEvent[] }) {
  const { t } = useWords();
  const severalProjects = useSeveralProjects();
  const heads = [
    { label: t("events.what") },
    { label: t("events.became") },
    { label: t("events.channel"), isMinor: true },
    severalProjects && { label: t("project.label"), isMinor: true },
    { label: t("events.received"), isMinor: true, isNumber: true },
  ];
  return (
    <ListTable caption={t("nav.pages.channel_events")} heads={heads}>
      {props.rows.map((event) => (
        <Row key={event.event_id} event={event} showProject={severalProjects} />
      ))}
    </ListTable>
  );
}

function Row(props: { event: ChannelEvent; showProject: boolean }) {
  const { t, when } = useWords();
  const { event } = props;
  const received = when(event.received_at, Date.now());
  return (
    <tr>
      <td className="wide">
        <span>{event.content_preview ?? t("events.empty")}</span>
        <span className="block text-xs text-ink-3">
          <code>{event.provider_event_id}</code> {event.channel_chat_id}
        </span>
        <span className="below">
          {event.channel_id} · {received}
        </span>
      </td>
      <td>
        <Became event={event} />
      </td>
      <td className="minor">
        {event.channel_id} <span className="text-ink-2">{event.channel_type}</span>
      </td>
      {props.showProject && <td className="minor">{event.project_id}</td>}
      <td className="minor n">
        <time dateTime={event.received_at}>{received}</time>
      </td>
    </tr>
  );
}

/** What came of an event: a run, a part of a case, a repeat, or nothing. */
function Became(props: { event: ChannelEvent }) {
  const { t } = useWords();
  const { event } = props;
  return (
    <span className="line">
      {event.run_id && (
        <Link
          className="what"
          to="/runs/$projectId/$runId"
          params={{ projectId: event.project_id, runId: event.run_id }}
        >
          {t("events.run")}
        </Link>
      )}
      {event.case_id && (
        <Link to="/channel-events" search={{ case: event.case_id }}>
          {t("events.case")}
        </Link>
      )}
      {event.is_duplicate && <Tag>{t("events.duplicate")}</Tag>}
      {!event.run_id && !event.case_id && !event.is_duplicate && (
        <span className="text-ink-3">{t("events.recorded")}</span>
      )}
    </span>
  );
}

function Nothing(props: { isFiltered: boolean }) {
  const { t } = useWords();
  if (!props.isFiltered) return <Empty title={t("events.nothing")} why={t("events.nothing_why")} />;
  return (
    <Empty title={t("events.no_match")} why={t("events.no_match_why")}>
      <Link className="btn" to="/channel-events" search={{}}>
        {t("runs.clear_filters")}
      </Link>
    </Empty>
  );
}
