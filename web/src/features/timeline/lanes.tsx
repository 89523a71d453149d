import { Fragment } from "react";
import type { Call, RunDetail } from "../../app/api.ts";
import { wallTime } from "../../app/format.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { Pip } from "../../ui/pips.tsx";
import { marksOf } from "../gates/verdicts.ts";
import { axisLabels } from "./axis.ts";
import { callTime } from "./call-time.ts";
import type { Entry } from "./entries.ts";
import { labelWidth, type Piece, type Placed, packRows, positionOf, type Span } from "./spans.ts";
import { spanInWords } from "./wait-words.ts";

// Around a label: its padding, and a glyph or pip before it.
const LABEL_PX = 26;
const ROW_PX = 19;
const MOST_ROWS = 6;
// Of a long run the newest; more could not be told apart.
const MOST_DRAWN = 300;
const percent = (x: number) => `${x * 100}%`;

interface LanesProps {
  spans: Span[];
  pieces: Piece[];
  detail: RunDetail;
  entries: Entry[];
  /** How wide the lanes are drawn, in pixels. */
  width: number;
}

const shareOf = (label: string, width: number): number =>
  width === 0 ? 0 : (labelWidth(label) + LABEL_PX) / width;

/** Messages, calls and people in time. The story below says the same in words. */
export function Lanes(props: LanesProps) {
  const { t } = useWords();
  return (
    <>
      {props.entries.some((entry) => entry.type === "inbound" || entry.type === "outbound") && (
        <>
          <span className="name" aria-hidden="true">
            {t("ribbon.messages")}
          </span>
          <Messages {...props} />
        </>
      )}
      {props.detail.mcp_calls.length > 0 && (
        <>
          <span className="name" aria-hidden="true">
            {t("ribbon.calls")}
          </span>
          <Calls {...props} />
        </>
      )}
      {props.spans.some((span) => span.who === "person") && (
        <>
          <span className="name" aria-hidden="true">
            {t("ribbon.person")}
          </span>
          <People {...props} />
        </>
      )}
      <span />
      <Axis pieces={props.pieces} width={props.width} />
    </>
  );
}

function Messages(props: LanesProps) {
  const messages = props.entries
    .filter((e) => e.type === "inbound" || e.type === "outbound")
    .slice(-MOST_DRAWN);
  const placed = packRows(
    messages.map((item) => {
      const x = positionOf(props.pieces, Date.parse(item.ts));
      return { item, x0: x, x1: x, label: shareOf(item.item.title, props.width) };
    }),
  );
  return (
    <div className="lane" aria-hidden="true" style={{ height: heightOf(placed) }}>
      {placed
        .filter(({ row }) => row < MOST_ROWS)
        .map(({ item, x0, row, labelLeft }) => (
          <span
            key={item.id}
            className={`word ${labelLeft ? "is-left" : ""}`}
            style={{ left: percent(x0), marginTop: row * ROW_PX, paddingLeft: 0 }}
          >
            <Glyph name={item.type === "inbound" ? "inbound" : "outbound"} />
            {item.item.title}
          </span>
        ))}
    </div>
  );
}

interface Bar {
  call: Call;
  from: number;
  until: number;
  label: string;
}

/** The machine's part of a call; what a person took before it is in the lane below. */
function barOf(call: Call, now: number, inWords: (ms: number) => string): Bar {
  const { from, until } = callTime(call, now);
  const sent = call.upstream_ms;
  const label = sent === null ? call.tool_name : `${call.tool_name} ${inWords(sent)}`;
  return { call, from, until, label };
}

function Calls(props: LanesProps) {
  const { duration } = useWords();
  const now = props.spans.at(-1)?.until ?? 0;
  const placed = packRows(
    props.detail.mcp_calls.slice(-MOST_DRAWN).map((call) => {
      const item = barOf(call, now, duration);
      const x0 = positionOf(props.pieces, item.from);
      const x1 = Math.max(x0 + 0.002, positionOf(props.pieces, item.until));
      return { item, x0, x1, label: shareOf(item.label, props.width) };
    }),
  );
  return (
    <div className="lane" aria-hidden="true" style={{ height: heightOf(placed) }}>
      {placed
        .filter(({ row }) => row < MOST_ROWS)
        .map((bar) => (
          <CallBar key={bar.item.call.call_id} {...bar} />
        ))}
    </div>
  );
}

function CallBar({ item, x0, x1, row, labelLeft }: Placed<Bar>) {
  const { call } = item;
  const told = marksOf(call.verdicts).find((mark) => mark !== "pass" && mark !== "off");
  const failed = call.result_status === "error" || call.result_status === "unknown";
  const tone = failed
    ? "is-failed"
    : call.result_status === "simulated"
      ? "is-shadow"
      : call.effect === "write"
        ? "is-write"
        : "";
  return (
    <>
      <i
        className={`span ${tone}`}
        style={{ left: percent(x0), width: percent(x1 - x0), marginTop: row * ROW_PX }}
      />
      <span
        className={`word ${labelLeft ? "is-left" : ""}`}
        style={{ left: percent(labelLeft ? x0 : x1), marginTop: row * ROW_PX }}
      >
        {told && <Pip mark={told} />}
        {item.label}
      </span>
    </>
  );
}

const heightOf = (placed: readonly { row: number }[]): number =>
  ROW_PX * Math.min(MOST_ROWS, Math.max(1, ...placed.map(({ row }) => row + 1)));

function People(props: LanesProps) {
  const { t, duration } = useWords();
  const placed = packRows(
    props.spans
      .filter((span) => span.who === "person")
      .map((span) => {
        const text = span.open
          ? t("ribbon.no_answer")
          : spanInWords(span, props.entries, { t, duration });
        const x0 = positionOf(props.pieces, span.from);
        const x1 = positionOf(props.pieces, span.until);
        return { item: { span, text }, x0, x1, label: shareOf(text, props.width) };
      }),
  );
  return (
    <div className="lane" aria-hidden="true" style={{ height: heightOf(placed) }}>
      {placed
        .filter(({ row }) => row < MOST_ROWS)
        .map(({ item, x0, x1, row, labelLeft }) => (
          <Fragment key={item.span.from}>
            <i
              className="of-person"
              style={{ left: percent(x0), width: percent(x1 - x0), marginTop: row * ROW_PX }}
            />
            <span
              className={`word text-you-text ${labelLeft ? "is-left" : ""}`}
              style={{ left: percent(labelLeft ? x0 : x1), marginTop: row * ROW_PX }}
            >
              {item.text}
            </span>
          </Fragment>
        ))}
    </div>
  );
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
