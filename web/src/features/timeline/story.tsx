import { useNavigate, useSearch } from "@tanstack/react-router";
import { useId, useRef, useState } from "react";
import type { RunDetail } from "../../app/api.ts";
import { useKeys } from "../../app/keys.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Sheet } from "../../ui/dialog.tsx";
import { Segment } from "../../ui/marks.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { Details } from "./details.tsx";
import { type Entry, entriesShown, notableEntry, SHOWN, type Shown } from "./entries.ts";
import type { Earlier } from "./run-page.tsx";
import { StoryLine } from "./story-line.tsx";

const ROUTE = "/console/runs/$projectId/$runId";

/** The run told line by line, and what stands behind the line one has chosen. */
export function StoryWithDetails(props: {
  detail: RunDetail;
  entries: Entry[];
  earlier: Earlier | null;
}) {
  const { t, number } = useWords();
  const title = useId();
  const wide = useWide();
  const navigate = useNavigate({ from: "/runs/$projectId/$runId" });
  const chosen = useSearch({ from: ROUTE }).entry;
  const [closed, setClosed] = useState(false);
  const [raw, setRaw] = useState(false);
  const [shown, setShown] = useState<Shown>("all");
  const list = useRef<HTMLOListElement>(null);
  const lines = entriesShown(props.entries, shown);
  const named = props.entries.find((entry) => entry.id === chosen);
  const current =
    named ??
    (closed || !wide
      ? undefined
      : notableEntry(props.entries, props.detail.run.state === "waiting_approval"));
  const choose = (entry: string | undefined) =>
    navigate({ search: (old) => ({ ...old, entry }), replace: true, resetScroll: false });
  const close = () => {
    setClosed(true);
    void choose(undefined);
  };
  const walk = (by: 1 | -1) => {
    const stops = lines.filter((entry) => entry.type !== "wait");
    const at = stops.findIndex((entry) => entry.id === current?.id);
    const next = stops[at === -1 ? (by === 1 ? 0 : stops.length - 1) : at + by];
    if (!next) return;
    void choose(next.id);
    const link = list.current?.querySelector<HTMLElement>(`[data-entry="${CSS.escape(next.id)}"]`);
    link?.focus({ preventScroll: true });
    link?.scrollIntoView({ block: "nearest" });
  };
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    v: () => setRaw((on) => !on),
    Escape: close,
  });
  const details = current && (
    <Details
      entry={current}
      detail={props.detail}
      raw={raw}
      onRaw={() => setRaw((on) => !on)}
      onClose={close}
    />
  );
  return (
    <div className={`split ${current ? "" : "is-closed"}`}>
      <section aria-labelledby={title}>
        <div className="sec">
          <h2 id={title}>{t("story.title")}</h2>
          <span className="text-xs text-ink-3 num">
            {t("story.entries", { count: lines.length, number: number(lines.length) })}
          </span>
          <span className="flex-1" />
          <Segment<Shown>
            className="max-sm:hidden"
            label={t("story.show")}
            value={shown}
            onChange={setShown}
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
        <ol className="story" ref={list}>
          {lines.map((entry, i) => (
            <li key={entry.id}>
              <StoryLine
                entry={entry}
                previous={lines[i - 1]?.ts ?? null}
                current={entry.id === current?.id}
                live={props.detail.run.completed_at === null}
              />
            </li>
          ))}
        </ol>
      </section>
      {wide && details && (
        <aside aria-label={t("details.title")}>
          <div className="panel">{details}</div>
        </aside>
      )}
      {!wide && details && (
        <Sheet title={t("details.title")} onClose={close}>
          {details}
        </Sheet>
      )}
    </div>
  );
}
