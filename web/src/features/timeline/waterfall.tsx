import { Link } from "@tanstack/react-router";
import { useMemo, useRef } from "react";
import { wallTime } from "../../app/format.ts";
import { useWords, type Words } from "../../app/words.ts";
import { useWidth } from "../../ui/use-width.ts";
import { answerName } from "../approvals/answers.ts";
import { axisLabels } from "./axis.ts";
import type { Entry } from "./entries.ts";
import { Lines } from "./lines.tsx";
import { type Piece, piecesOf, positionOf, type Span } from "./spans.ts";
import type { useStory } from "./use-story.ts";
import type { Timeline } from "./use-timeline.ts";
import "./waterfall.css";
import { type WaterfallRow, waterfallRows } from "./waterfall-rows.ts";

// The column with the rows' names, and the gap beside it.
const NAMES_PX = 216;
const percent = (x: number) => `${x * 100}%`;

/** The run in time: a row for each entry, tries of one call in one row, waits and gaps as long as they were or folded. */
export function Waterfall(props: {
  story: ReturnType<typeof useStory>;
  spans: readonly Span[];
  timeline: Timeline;
}) {
  const { t } = useWords();
  const frame = useRef<HTMLDivElement>(null);
  const width = Math.max(0, useWidth(frame) - NAMES_PX);
  const pieces = piecesOf(props.spans, true);
  const now = props.spans.at(-1)?.until ?? 0;
  const { story, timeline } = props;
  const rows = useMemo(() => waterfallRows(story.lines, now), [story.lines, now]);
  const ids = useMemo(() => rows.map(({ entry }) => entry.id), [rows]);
  return (
    <div className="waterfall" ref={frame}>
      <Axis pieces={pieces} width={width} />
      <Lines label={t("waterfall.title")} ids={ids} story={story} timeline={timeline}>
        {(at) => {
          const row = rows[at];
          return (
            row && <Row row={row} pieces={pieces} isCurrent={row.entry.id === story.current?.id} />
          );
        }}
      </Lines>
    </div>
  );
}

function Row(props: { row: WaterfallRow; pieces: readonly Piece[]; isCurrent: boolean }) {
  const words = useWords();
  const { entry, bars } = props.row;
  const took = bars.reduce((ms, bar) => ms + bar.until - bar.from, 0);
  return (
    <Link
      className="wf"
      to="."
      search={(old: object) => ({ ...old, entry: entry.id })}
      replace
      resetScroll={false}
      data-entry={entry.id}
      aria-current={props.isCurrent ? "true" : undefined}
      activeProps={{}}
    >
      <span className="name" title={nameOf(entry, words)}>
        <span className="said">{nameOf(entry, words)}</span>
        {bars.length > 1 && (
          <span className="tag">{words.t("story.tries", { count: bars.length })}</span>
        )}
      </span>
      <span className="track">
        {bars.map((bar) => {
          const x0 = positionOf(props.pieces, bar.from);
          const x1 = positionOf(props.pieces, bar.until);
          return (
            <i
              key={bar.id}
              className={`is-${bar.tone}`}
              style={{ left: percent(x0), width: percent(x1 - x0) }}
            />
          );
        })}
      </span>
      <span className="dur">{took > 0 ? words.duration(took) : ""}</span>
    </Link>
  );
}

function nameOf(entry: Entry, { t }: Words): string {
  if (entry.type === "call") return entry.item.metadata.tool_name;
  if (entry.type === "wait") return t("story.waiting");
  if (entry.type !== "decision") return entry.item.title;
  const { approver, decision } = entry.decision;
  const name = answerName(decision);
  return approver && name ? t(`answers.${name}`, { who: approver }) : entry.item.title;
}

function Axis(props: { pieces: Piece[]; width: number }) {
  const { t, duration } = useWords();
  const labels = axisLabels(props.pieces, props.width, {
    tick: ({ at, since }) => (since === 0 ? wallTime(at) : `+${duration(since).replace(".0", "")}`),
    fold: (ms) => [t("ribbon.folded", { wait: duration(ms) }), duration(ms)],
  });
  return (
    <div className="lane axis" aria-hidden="true">
      {labels.map(({ key, kind, x, text }) => (
        <span key={key} className={`is-${kind}`} style={{ left: percent(x) }}>
          {text}
        </span>
      ))}
    </div>
  );
}
