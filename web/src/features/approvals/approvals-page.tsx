import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import type { Approval } from "../../app/api.ts";
import { useNow } from "../../app/clock.ts";
import { useKeys } from "../../app/keys.ts";
import { approvalsQuery } from "../../app/queries.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Fuse, Tag } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { BulkBar } from "./bulk.tsx";
import { TimeLeft } from "./decision-bar.tsx";
import { type InboxEntry, mergeInbox, nextOpen } from "./inbox.ts";
import { isAlike, markedOf, toggled } from "./marks.ts";
import { Question } from "./question.tsx";
import { Quorum } from "./quorum.tsx";

export function ApprovalsPage() {
  const { t } = useWords();
  const project = useProject();
  const approvals = useQuery(approvalsQuery(project));
  const open = approvals.data?.items;
  usePageTitle(
    open && open.length > 0
      ? t("inbox.title_count", { count: open.length })
      : t("nav.pages.approvals"),
  );
  if (open && !approvals.isPlaceholderData) return <Inbox key={project ?? ""} open={open} />;
  return (
    <div className="page">
      <h1 className="sr-only">{t("nav.pages.approvals")}</h1>
      {approvals.isError ? (
        <ProblemNote error={approvals.error} onRetry={() => approvals.refetch()} />
      ) : (
        <Bones rows={5} label={t("common.loading")} />
      )}
    </div>
  );
}

/** Keeps the order of what one has seen: a list that moves under the finger approves the wrong call. */
function useStill(open: readonly Approval[]): InboxEntry[] {
  const [entries, setEntries] = useState(() => mergeInbox([], open));
  const [seen, setSeen] = useState(open);
  if (seen !== open) {
    setSeen(open);
    setEntries(mergeInbox(entries, open));
  }
  return entries;
}

/**
 * The question that is shown. What one reads stays, also when it is decided elsewhere: the next one must
 * never slip under a key that was meant for this one.
 */
function useCurrent(entries: readonly InboxEntry[], chosen: string | undefined) {
  const [pinned, setPinned] = useState<string>();
  const byId = (id: string | undefined) => entries.find((e) => e.approval.approval_id === id);
  const named = byId(chosen);
  const current = named ?? byId(pinned) ?? entries.find((entry) => !entry.closed);
  if (current && current.approval.approval_id !== pinned) setPinned(current.approval.approval_id);
  return { named, current };
}

function Inbox(props: { open: readonly Approval[] }) {
  const entries = useStill(props.open);
  const wide = useWide();
  const navigate = useNavigate({ from: "/approvals" });
  const chosen = useSearch({ from: "/console/approvals" }).question;
  const [answered, setAnswered] = useState<string | null>(null);
  const { named, current } = useCurrent(entries, chosen);
  const choose = (question: string | undefined) =>
    navigate({ search: (old) => ({ ...old, question }), replace: true, resetScroll: false });
  const walk = (by: 1 | -1) => {
    const at = current ? entries.indexOf(current) : -1;
    const next = entries[at + by];
    if (next) void choose(next.approval.approval_id);
  };
  const { marked, ...marking } = useMarks(entries);
  useKeys({
    j: () => walk(1),
    k: () => walk(-1),
    x: () => current && !current.closed && marking.onMark(current.approval),
    Escape: () => choose(undefined),
  });
  useFocusAfterAnswer(answered, current?.approval.approval_id);
  if (!current) return <Nothing />;
  const decided = () => {
    const id = current.approval.approval_id;
    setAnswered(id);
    // The answered one is still in the list we hold, so the next is looked for without it.
    const next = nextOpen(entries, id);
    if (next) void choose(next.approval.approval_id);
  };
  const count = entries.filter((entry) => !entry.closed).length;
  return (
    <div className="inbox">
      {(wide || !named) && (
        <InboxList
          entries={entries}
          current={wide ? current : undefined}
          count={count}
          marked={marked}
          {...marking}
        />
      )}
      {(wide || named) && (
        <Question
          key={current.approval.approval_id}
          entry={current}
          position={entries.indexOf(current) + 1}
          of={entries.length}
          openCount={count}
          onDecided={decided}
          onBack={() => choose(undefined)}
        />
      )}
    </div>
  );
}

/** The questions marked to be decided together, which have to be alike. */
function useMarks(entries: readonly InboxEntry[]) {
  const { t } = useWords();
  const [marks, setMarks] = useState<ReadonlySet<string>>(new Set());
  const marked = markedOf(entries, marks);
  return {
    marked,
    onMark: (approval: Approval) => {
      if (isAlike(approval, marked)) setMarks(toggled(marks, approval.approval_id));
      else announce(t("bulk.not_alike"));
    },
    onClear: () => setMarks(new Set()),
  };
}

/** Alone on a narrow screen it is the page, and its heading the page's. */
function InboxList(props: {
  entries: InboxEntry[];
  current: InboxEntry | undefined;
  count: number;
  marked: readonly Approval[];
  onMark: (approval: Approval) => void;
  onClear: () => void;
}) {
  const { t } = useWords();
  const Heading = props.current ? "h2" : "h1";
  return (
    <section className="list" aria-label={t("inbox.label")}>
      <div className="listhead">
        <Heading className="text-sm">{t("inbox.waiting")}</Heading>
        {props.count > 0 && (
          <span className="text-xs text-ink-3 num">{t("inbox.count", { count: props.count })}</span>
        )}
        <span className="flex-1" />
        <Link className="text-xs" to="/approvals/decided">
          {t("decided.title")}
        </Link>
      </div>
      <BulkBar marked={props.marked} onClear={props.onClear} />
      <ul>
        {props.entries.map((entry) => (
          <li key={entry.approval.approval_id} className="markable">
            <InboxLine entry={entry} current={entry === props.current} />
            {!entry.closed && props.entries.length > 1 && (
              <Mark entry={entry} marked={props.marked} onMark={props.onMark} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Mark(props: {
  entry: InboxEntry;
  marked: readonly Approval[];
  onMark: (approval: Approval) => void;
}) {
  const { t } = useWords();
  const { approval } = props.entry;
  return (
    <label className="mark">
      <input
        type="checkbox"
        checked={props.marked.includes(approval)}
        disabled={!isAlike(approval, props.marked)}
        onChange={() => props.onMark(approval)}
      />
      <span className="sr-only">{t("bulk.mark", { question: approval.headline })}</span>
    </label>
  );
}

/** After a decision the focus goes to the next question, so that a keyboard or a reader follows. */
function useFocusAfterAnswer(answered: string | null, current: string | undefined): void {
  const handled = useRef<string | null>(null);
  useEffect(() => {
    if (answered === null || answered === handled.current || current === answered) return;
    handled.current = answered;
    document.querySelector<HTMLElement>(".ask .headline")?.focus();
  }, [answered, current]);
}

function InboxLine(props: { entry: InboxEntry; current: boolean }) {
  const { t, duration } = useWords();
  const now = useNow();
  const { approval, closed } = props.entry;
  const asked = Math.max(0, Math.floor((now - Date.parse(approval.asked_at)) / 60_000) * 60_000);
  return (
    <Link
      className={`qi ${closed ? "done" : ""}`}
      to="/approvals"
      search={(old) => ({ ...old, question: approval.approval_id })}
      replace
      resetScroll={false}
      activeProps={{}}
      aria-current={props.current ? "true" : undefined}
    >
      <span className="a">
        <Glyph
          name={closed ? "cancelled" : "waiting"}
          className={closed ? "sm" : "sm text-you-text"}
        />
        <b className="cut" title={approval.tool}>
          {approval.tool}
        </b>
        {approval.effect === "write" && <Tag tone="write">{t("effect.write")}</Tag>}
        <span className="left">
          {closed ? t("inbox.closed") : <TimeLeft approval={approval} />}
        </span>
      </span>
      <span className="b">
        <span className="cut" title={approval.headline}>
          {approval.headline}
        </span>
      </span>
      <span className="b text-ink-3">
        <span className="cut flex-1" title={approval.agent_id}>
          {asked < 60_000
            ? t("inbox.asked_now", { agent: approval.agent_id })
            : t("inbox.asked", {
                agent: approval.agent_id,
                ago: duration(asked).replace(/\s00\s\S+$/, ""),
              })}
        </span>
        {approval.quorum > 1 && <Quorum approval={approval} />}
      </span>
      {!closed && (
        <Fuse
          from={Date.parse(approval.asked_at)}
          until={Date.parse(approval.expires_at)}
          now={now}
        />
      )}
    </Link>
  );
}

function Nothing() {
  const { t } = useWords();
  return (
    <div className="page">
      <h1>{t("nav.pages.approvals")}</h1>
      <h2 className="text-md mt-6">{t("inbox.nothing")}</h2>
      <p className="text-ink-2 max-w-[68ch]">{t("inbox.nothing_why")}</p>
      <Link className="btn is-small mt-3" to="/approvals/decided">
        {t("decided.title")}
      </Link>
    </div>
  );
}
