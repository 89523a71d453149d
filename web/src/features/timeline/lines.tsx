import { type ReactNode, useEffect, useRef, useState } from "react";
import { useKeys } from "../../app/keys.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { entryOfStart } from "./queries.ts";
import { useLines } from "./use-lines.ts";
import type { useStory } from "./use-story.ts";
import type { Timeline } from "./use-timeline.ts";

// So many lines before the end of what is loaded the next page is fetched.
const AHEAD = 20;

interface LinesProps {
  /** The entries that the lines tell, in order. */
  ids: readonly string[];
  story: ReturnType<typeof useStory>;
  timeline: Timeline;
  className?: string;
  label?: string;
  /** The line at an index. */
  children: (at: number) => ReactNode;
}

/** A list of lines that grows at both ends without moving what one reads. */
export function Lines(props: LinesProps) {
  const { ids, story, timeline } = props;
  const list = useRef<HTMLOListElement>(null);
  const { drawn, below, measure, lastInView, goTo, bring, setFocused } = useLines(ids, list);
  const [first, last] = [ids[0], ids.at(-1)];
  const { later, opened } = timeline;
  useEffect(() => {
    if (later && !later.isLoading && lastInView >= ids.length - AHEAD) later.load();
  }, [later, lastInView, ids.length]);
  const isFilled = first !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only as it is opened anew, and once it is there
  useEffect(() => {
    const end = opened.start === "news" ? last : first;
    if (opened.times > 0 && end !== undefined && !entryOfStart(opened.start)) goTo(end);
  }, [opened, isFilled]);
  const { linked } = story;
  const isLinkedHere = linked !== undefined && ids.includes(linked);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only once it is there, and as it is opened anew
  useEffect(() => {
    if (isLinkedHere) bring(linked);
  }, [isLinkedHere, opened]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only as one walks on
  useEffect(() => {
    if (story.walked) goTo(story.walked.id);
  }, [story.walked]);
  return (
    <>
      <ol
        className={`lines ${props.className ?? ""}`}
        aria-label={props.label}
        ref={list}
        style={{ paddingBottom: below }}
        onFocus={(event) =>
          setFocused(event.target.closest<HTMLElement>("[data-entry]")?.dataset.entry)
        }
        onBlur={() => setFocused(undefined)}
      >
        {drawn.map(({ index, gap }) => (
          <li
            key={ids[index]}
            ref={measure}
            data-index={index}
            aria-setsize={later || timeline.earlier ? -1 : ids.length}
            aria-posinset={index + 1}
            style={{ marginTop: gap }}
          >
            {props.children(index)}
          </li>
        ))}
      </ol>
      <NewLines ids={ids} timeline={timeline} lastInView={lastInView} goTo={goTo} />
    </>
  );
}

/** What came below while one reads further up; it is gone to when one asks for it. */
function NewLines(props: {
  ids: readonly string[];
  timeline: Timeline;
  lastInView: number;
  goTo: (id: string) => void;
}) {
  const { t, number } = useWords();
  const { ids, timeline } = props;
  const last = ids.at(-1);
  const [seen, setSeen] = useState(last);
  const isAtEnd = props.lastInView >= ids.length - 1;
  const isOpenedAnew = seen !== undefined && !ids.includes(seen);
  useEffect(() => {
    if (isAtEnd || isOpenedAnew || seen === undefined) setSeen(last);
  }, [isAtEnd, isOpenedAnew, seen, last]);
  const since = seen === undefined ? -1 : ids.indexOf(seen);
  const here = since === -1 || isAtEnd || timeline.later ? 0 : ids.length - 1 - since;
  const count = timeline.apart || here;
  const show = () => {
    if (timeline.apart > 0) timeline.openAt?.("news");
    else if (last !== undefined) props.goTo(last);
  };
  // Tab leads there only through all that is above, and then it is gone.
  useKeys({ n: () => count > 0 && show() });
  return (
    <div className="new-lines" role="status">
      {count > 0 && (
        <Button size="small" onClick={show}>
          <Glyph name="down" className="sm" />
          {t("story.new", { count, number: number(count) })}
          <Kbd>N</Kbd>
        </Button>
      )}
    </div>
  );
}
