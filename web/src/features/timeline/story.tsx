import { type RefObject, useId, useState } from "react";
import type { RunDetail } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Sheet } from "../../ui/dialog.tsx";
import { Segment } from "../../ui/marks.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { Details } from "./details.tsx";
import { type Entry, SHOWN, type Shown } from "./entries.ts";
import type { Span } from "./spans.ts";
import { StoryLine } from "./story-line.tsx";
import { useStory } from "./use-story.ts";
import { Waterfall } from "./waterfall.tsx";

const TOLD = ["story", "waterfall"] as const;
type Told = (typeof TOLD)[number];

/** The part of a long timeline that is not loaded yet; the newest part always is. */
export interface Earlier {
  load: () => void;
  loading: boolean;
}

/** The run told line by line, and what stands behind the line one has chosen. */
export function StoryWithDetails(props: {
  detail: RunDetail;
  entries: Entry[];
  earlier: Earlier | null;
  /** Where the time went. */
  spans: readonly Span[];
}) {
  const { t } = useWords();
  const wide = useWide();
  const story = useStory(props.detail, props.entries, wide);
  const { current } = story;
  const details = current && (
    <Details
      entry={current}
      detail={props.detail}
      raw={story.raw}
      onRaw={story.toggleRaw}
      onClose={story.close}
    />
  );
  return (
    <div className={`split ${current ? "" : "is-closed"}`}>
      <Story
        {...story}
        detail={props.detail}
        earlier={props.earlier}
        spans={props.spans}
        live={props.detail.run.completed_at === null}
      />
      {wide && details && (
        <aside aria-label={t("details.title")}>
          <div className="panel">{details}</div>
        </aside>
      )}
      {!wide && details && (
        <Sheet title={t("details.title")} onClose={story.close}>
          {details}
        </Sheet>
      )}
    </div>
  );
}

function Story(props: {
  lines: Entry[];
  detail: RunDetail;
  current: Entry | undefined;
  shown: Shown;
  show: (shown: Shown) => void;
  list: RefObject<HTMLOListElement | null>;
  earlier: Earlier | null;
  spans: readonly Span[];
  live: boolean;
}) {
  const { t, number } = useWords();
  const title = useId();
  const [told, setTold] = useState<Told>("story");
  const { lines } = props;
  return (
    <section aria-labelledby={title}>
      <div className="sec">
        <h2 id={title}>{t("story.title")}</h2>
        <span className="text-xs text-ink-3 num">
          {t("story.entries", { count: lines.length, number: number(lines.length) })}
        </span>
        <span className="flex-1" />
        <Segment<Told>
          label={t("waterfall.told")}
          value={told}
          onChange={setTold}
          options={TOLD.map((value) => ({ value, label: t(`waterfall.as.${value}`) }))}
        />
        <Segment<Shown>
          className="max-sm:hidden"
          label={t("story.show")}
          value={props.shown}
          onChange={props.show}
          options={SHOWN.map((value) => ({ value, label: t(`story.shown.${value}`) }))}
        />
      </div>
      {props.earlier && (
        <div className="py-2">
          <Button size="small" onClick={props.earlier.load}>
            {props.earlier.loading ? t("common.loading") : t("story.earlier")}
          </Button>
        </div>
      )}
      {told === "waterfall" ? (
        <Waterfall entries={lines} spans={props.spans} current={props.current} list={props.list} />
      ) : (
        <Lines {...props} />
      )}
    </section>
  );
}

function Lines(props: {
  lines: Entry[];
  detail: RunDetail;
  current: Entry | undefined;
  list: RefObject<HTMLOListElement | null>;
  live: boolean;
}) {
  const { lines } = props;
  return (
    <ol className="story" ref={props.list}>
      {lines.map((entry, i) => (
        <li key={entry.id}>
          <StoryLine
            entry={entry}
            detail={props.detail}
            previous={lines[i - 1]?.ts ?? null}
            current={entry.id === props.current?.id}
            live={props.live}
          />
        </li>
      ))}
    </ol>
  );
}
