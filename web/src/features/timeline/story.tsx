import { useId, useMemo, useState } from "react";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Sheet } from "../../ui/dialog.tsx";
import { Segment } from "../../ui/marks.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { Details } from "./details.tsx";
import { type Entry, SHOWN, type Shown } from "./entries.ts";
import { Lines } from "./lines.tsx";
import type { Span } from "./spans.ts";
import { StoryLine } from "./story-line.tsx";
import { useStory } from "./use-story.ts";
import type { Timeline } from "./use-timeline.ts";
import { Waterfall } from "./waterfall.tsx";

const TOLD = ["story", "waterfall"] as const;
type Told = (typeof TOLD)[number];

/** The run told line by line, and what stands behind the line one has chosen. */
export function StoryWithDetails(props: {
  timeline: Timeline;
  entries: Entry[];
  /** Where the time went. */
  spans: readonly Span[];
}) {
  const { t } = useWords();
  const wide = useWide();
  const { detail } = props.timeline;
  const story = useStory(detail, props.entries, wide);
  const { current } = story;
  const details = current && (
    <Details
      entry={current}
      detail={detail}
      raw={story.raw}
      onRaw={story.toggleRaw}
      onClose={story.close}
    />
  );
  return (
    <div className={`split ${current ? "" : "is-closed"}`}>
      <Story story={story} timeline={props.timeline} spans={props.spans} />
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
  story: ReturnType<typeof useStory>;
  timeline: Timeline;
  spans: readonly Span[];
}) {
  const { t, number } = useWords();
  const title = useId();
  const [told, setTold] = useState<Told>("story");
  const { story, timeline } = props;
  const { lines } = story;
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
          value={story.shown}
          onChange={story.show}
          options={SHOWN.map((value) => ({ value, label: t(`story.shown.${value}`) }))}
        />
      </div>
      {timeline.isMissing && (
        <p role="status" className="note my-2">
          {t("story.no_such_entry")}
        </p>
      )}
      <Ends timeline={timeline} />
      {told === "waterfall" ? (
        <Waterfall story={story} spans={props.spans} timeline={timeline} />
      ) : (
        <StoryLines story={story} timeline={timeline} />
      )}
    </section>
  );
}

/** The ways to what is not loaded of a long timeline. */
function Ends({ timeline }: { timeline: Timeline }) {
  const { t } = useWords();
  const { earlier, openAt, opened } = timeline;
  if (!openAt || (opened.start === "news" && !earlier)) return null;
  return (
    <div className="line py-2">
      {earlier && (
        <Button size="small" onClick={earlier.load}>
          {earlier.isLoading ? t("common.loading") : t("story.earlier")}
        </Button>
      )}
      {opened.start !== "beginning" && (
        <Button size="small" onClick={() => openAt("beginning")}>
          {t("story.from_beginning")}
        </Button>
      )}
      {opened.start !== "news" && (
        <Button size="small" onClick={() => openAt("news")}>
          {t("story.to_news")}
        </Button>
      )}
    </div>
  );
}

/** As many lines as one likes: only those around where one reads are in the document. */
function StoryLines(props: { story: ReturnType<typeof useStory>; timeline: Timeline }) {
  const { story, timeline } = props;
  const { lines } = story;
  const isLive = timeline.detail.run.completed_at === null;
  return (
    <Lines
      className="story"
      ids={useMemo(() => lines.map(({ id }) => id), [lines])}
      story={story}
      timeline={timeline}
    >
      {(at) => {
        const entry = lines[at];
        return (
          entry && (
            <StoryLine
              entry={entry}
              detail={timeline.detail}
              previous={lines[at - 1]?.ts ?? null}
              current={entry.id === story.current?.id}
              live={isLive}
            />
          )
        );
      }}
    </Lines>
  );
}
