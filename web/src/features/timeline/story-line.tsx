import { Link } from "@tanstack/react-router";
import { memo, type ReactNode } from "react";
import type { RunDetail } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { sharedPrefix, wallTime } from "../../app/format.ts";
import { useWords } from "../../app/words.ts";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";
import { Tag } from "../../ui/marks.tsx";
import { answerName, lookOf } from "../approvals/answers.ts";
import { stopInWords, stoppedItem } from "../calls/stop-words.ts";
import { GatePips } from "../gates/gates.tsx";
import type { Entry } from "./entries.ts";
import { STATE_ENTRY_GLYPH } from "./state-entry.ts";
import { changeInWords } from "./why.ts";

interface LineProps {
  entry: Entry;
  detail: RunDetail;
  /** The time of the line above, whose repeated part is dimmed. */
  previous: string | null;
  current: boolean;
  live: boolean;
}

export const StoryLine = memo(function StoryLine(props: LineProps) {
  const { entry } = props;
  if (entry.type === "wait") return <WaitLine entry={entry} live={props.live} />;
  return (
    <Link
      className="ev"
      to="."
      search={(old: object) => ({ ...old, entry: entry.id })}
      replace
      resetScroll={false}
      data-entry={entry.id}
      aria-current={props.current ? "true" : undefined}
      activeProps={{}}
    >
      <Time at={entry.ts} previous={props.previous} />
      <span className="k">
        <Glyph name={glyphOf(entry)} className={toneOf(entry)} />
      </span>
      <Text entry={entry} detail={props.detail} />
      <span className="pp">
        {entry.type === "call" && entry.item.metadata.verdicts.length > 0 && (
          <GatePips
            verdicts={(entry.call ?? entry.item.metadata).verdicts}
            isOver={entry.item.status !== "pending"}
          />
        )}
      </span>
      <span className="dur">
        <Length entry={entry} />
      </span>
    </Link>
  );
});

function Time(props: { at: string; previous: string | null }) {
  const [shared, rest] = sharedPrefix(
    props.previous && wallTime(props.previous, true),
    wallTime(props.at, true),
  );
  return (
    <time dateTime={props.at}>
      <span>{shared}</span>
      {rest}
    </time>
  );
}

function glyphOf(entry: Entry): GlyphName {
  switch (entry.type) {
    case "call":
      return entry.item.metadata.effect === "write" ? "write" : "read";
    case "decision":
      return lookOf(entry.decision.decision).glyph;
    case "state":
      return STATE_ENTRY_GLYPH[entry.item.status] ?? "start";
    case "wait":
      return "waiting";
    default:
      return entry.type;
  }
}

function toneOf(entry: Entry): string {
  if (entry.type === "decision") return lookOf(entry.decision.decision).tone;
  if (entry.type !== "state") return "";
  if (entry.item.status === "completed") return "text-ok-text";
  return entry.item.status === "failed" || entry.item.status === "timed_out"
    ? "text-stop-text"
    : "";
}

function Line(props: { title: string; tags?: ReactNode; text: string | null }) {
  return (
    <span className="t">
      <span className="tt">
        <b title={props.title}>{props.title}</b>
        {props.tags}
      </span>
      {props.text && (
        <span className="sum" title={props.text}>
          {props.text}
        </span>
      )}
    </span>
  );
}

function Text({ entry, detail }: { entry: Entry; detail: RunDetail }) {
  const words = useWords();
  const { t } = words;
  switch (entry.type) {
    case "call":
      return <CallText entry={entry} />;
    case "decision": {
      const { approver, decision, reason } = entry.decision;
      const name = answerName(decision);
      const title = approver && name ? t(`answers.${name}`, { who: approver }) : entry.item.title;
      return (
        <Line title={title} text={reason === null ? null : t("common.quoted", { text: reason })} />
      );
    }
    case "step":
      return <Line title={entry.item.title} text={entry.text} />;
    case "outbound":
      return (
        <Line
          title={entry.item.title}
          tags={entry.item.status === "failed" && <Tag tone="stopped">{t("story.not_sent")}</Tag>}
          text={entry.item.summary}
        />
      );
    case "inbound":
      return (
        <Line
          title={entry.item.title}
          tags={entry.item.status === "duplicate" && <Tag>{t("story.duplicate")}</Tag>}
          text={entry.item.summary}
        />
      );
    default:
      return <Line title={entry.item.title} text={changeInWords(entry.item, detail, words)} />;
  }
}

function CallText({ entry }: { entry: Extract<Entry, { type: "call" }> }) {
  const words = useWords();
  const { t } = words;
  const { status } = entry.item;
  const attempts = entry.call?.attempt ?? 1;
  const effect = entry.item.metadata.effect;
  return (
    <Line
      title={entry.item.metadata.tool_name}
      tags={
        <>
          {effect === "write" && <Tag tone="write">{t("effect.write")}</Tag>}
          {status === "simulated" && <Tag tone="shadow-run">{t("story.simulated")}</Tag>}
          {status === "error" && <Tag tone="stopped">{t("story.error")}</Tag>}
          {status === "unknown" && <Tag tone="stopped">{t("story.unknown")}</Tag>}
          {attempts > 1 && (
            <Tag>
              <Glyph name="retry" />
              {t("story.tries", { count: attempts })}
            </Tag>
          )}
        </>
      }
      text={stopInWords(entry.call ?? stoppedItem(entry.item), words) ?? entry.text}
    />
  );
}

function Length({ entry }: { entry: Entry }) {
  const { duration } = useWords();
  if (entry.type === "call" && entry.call) {
    // With a person in between, only the tool server's own time says something about the call.
    const ms = entry.call.upstream_ms ?? entry.call.latency_ms;
    return ms === null ? null : duration(ms);
  }
  if (entry.type !== "call" && entry.type !== "step") return null;
  const ms = entry.item.metadata.latency_ms;
  return ms === null ? null : duration(ms);
}

function WaitLine({ entry, live }: { entry: Extract<Entry, { type: "wait" }>; live: boolean }) {
  const { t, countdown } = useWords();
  const now = useNow();
  const open = entry.until === null && live;
  const until = entry.until === null ? now : Date.parse(entry.until);
  const waited = Math.max(0, until - Date.parse(entry.ts));
  return (
    <div className="ev wait">
      <span className="text-right text-xs text-you-text strong max-sm:hidden">
        {open && t("story.now")}
      </span>
      <span className="k" />
      <span className="t">
        <span className="tt text-you-text strong">{t("story.waiting")}</span>
        {open && (
          <span className="sum" title={t("story.waiting_now")}>
            {t("story.waiting_now")}
          </span>
        )}
      </span>
      <span className="pp max-sm:hidden" />
      <span className="dur text-you-text strong">
        {countdown(Math.round(waited / 1000) * 1000)}
      </span>
    </div>
  );
}
