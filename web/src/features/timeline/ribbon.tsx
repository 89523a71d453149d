import { useId, useRef, useState } from "react";
import type { RunDetail } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";
import { Segment } from "../../ui/marks.tsx";
import { useWidth } from "../../ui/use-width.ts";
import type { Entry } from "./entries.ts";
import { Lanes } from "./lanes.tsx";
import { piecesOf, positionOf, type Span, totalsOf } from "./spans.ts";
import { spanInWords } from "./wait-words.ts";

type Scale = "whole" | "fold";

// The column with the lanes' names, and the gap beside it.
const NAMES_PX = 70;
// A queue that can be seen in the ribbon is named beside it.
const IDLE_SHARE = 0.02;

/** Where the time went: the run to scale, then its messages, calls and people. */
export function RibbonView(props: { spans: Span[]; detail: RunDetail; entries: Entry[] }) {
  const { t, duration } = useWords();
  const { spans } = props;
  const title = useId();
  const totals = totalsOf(spans);
  const folding = piecesOf(spans, true).some((piece) => piece.folded);
  const [scale, setScale] = useState<Scale>("fold");
  const pieces = piecesOf(spans, scale === "fold");
  const lanes = useRef<HTMLDivElement>(null);
  const width = Math.max(0, useWidth(lanes) - NAMES_PX);
  return (
    <section className="ribbon" aria-labelledby={title}>
      <div className="sec">
        <h2 id={title} className="whitespace-nowrap">
          {t("ribbon.title")}
        </h2>
        <div className="read">
          <span>
            <i className="swatch of-machine" />
            {t("ribbon.machine")} <b>{duration(totals.machine, true)}</b>
          </span>
          <span>
            <i className="swatch of-person" />
            {t("ribbon.person")}{" "}
            <b>{totals.person > 0 ? duration(totals.person, true) : t("ribbon.none")}</b>
          </span>
          {totals.idle > totals.total * IDLE_SHARE && (
            <span>
              <i className="swatch of-idle" />
              {t("ribbon.queue")} <b>{duration(totals.idle, true)}</b>
            </span>
          )}
          <span className="text-ink-3">
            {t("ribbon.total", { took: duration(totals.total, true) })}
          </span>
        </div>
        <span className="flex-1" />
        {folding && (
          <Segment<Scale>
            label={t("ribbon.scale")}
            value={scale}
            onChange={setScale}
            options={[
              { value: "whole", label: t("ribbon.whole") },
              { value: "fold", label: t("ribbon.fold") },
            ]}
          />
        )}
      </div>
      <div className="lanes" ref={lanes}>
        <span className="name">{t("ribbon.whole")}</span>
        <Whole spans={spans} entries={props.entries} />
        <Lanes {...props} pieces={pieces} width={width} />
      </div>
    </section>
  );
}

function Whole(props: { spans: Span[]; entries: Entry[] }) {
  const { t, duration } = useWords();
  const { spans } = props;
  const pieces = piecesOf(spans, false);
  const totals = totalsOf(spans);
  const longest = spans
    .filter((span) => span.who === "person")
    .toSorted((a, b) => b.until - b.from - (a.until - a.from))[0];
  const text = longest && spanInWords(longest, props.entries, { t, duration });
  const share = longest && totals.total > 0 ? (longest.until - longest.from) / totals.total : 0;
  return (
    <div
      className="whole"
      role="img"
      aria-label={t("ribbon.in_words", {
        machine: duration(totals.machine, true),
        person: duration(totals.person, true),
      })}
    >
      {spans.map((span, i) => (
        <i
          key={span.from}
          className={`of-${span.who}`}
          style={{
            left: `${(pieces[i]?.x0 ?? 0) * 100}%`,
            width: `${((pieces[i]?.x1 ?? 0) - (pieces[i]?.x0 ?? 0)) * 100}%`,
          }}
        />
      ))}
      {longest && share > 0.5 && (
        <span style={{ left: `${positionOf(pieces, (longest.from + longest.until) / 2) * 100}%` }}>
          {text}
        </span>
      )}
    </div>
  );
}
