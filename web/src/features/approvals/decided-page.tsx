import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { voidReasonInChinese } from "../../../../src/approvals/void-contract.ts";
import type { Approval } from "../../app/api.ts";
import { api } from "../../app/client.ts";
import { usePageTitle } from "../../app/title.ts";
import { useProject, useSeveralProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Empty } from "../../ui/empty.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { ListHead, ListTable, Older } from "../../ui/lists.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { answerName, lookOf } from "./answers.ts";
import { endingOf } from "./history.tsx";

const A_PAGE = 50;

/** Questions that are open no more: who decided each, when, and what came of it. */
export function DecidedPage() {
  const { t } = useWords();
  usePageTitle(t("decided.title"));
  const project = useProject();
  const pages = useInfiniteQuery({
    queryKey: ["approvals", "closed", project ?? null],
    queryFn: ({ pageParam, signal }) =>
      api.closedApprovals(
        { project_id: project, limit: A_PAGE, ...(pageParam ? { cursor: pageParam } : {}) },
        signal,
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
  const rows = pages.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className="page">
      <ListHead title={t("decided.title")} total={pages.data?.pages[0]}>
        <Link className="btn is-small" to="/approvals">
          {t("decided.waiting")}
        </Link>
      </ListHead>
      {pages.isPending && <Bones head rows={8} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {pages.data && rows.length === 0 && (
        <Empty title={t("decided.nothing")} why={t("decided.nothing_why")} />
      )}
      {rows.length > 0 && <Rows rows={rows} />}
      <Older pages={pages} label={t("decided.older")} />
    </div>
  );
}

function Rows({ rows }: { rows: readonly Approval[] }) {
  const { t } = useWords();
  const showProject = useSeveralProjects();
  return (
    <ListTable
      caption={t("decided.title")}
      heads={[
        { label: t("decided.question") },
        { label: t("decided.answer"), isMinor: true },
        { label: t("decided.came_of_it"), isMinor: true },
        showProject && { label: t("project.label"), isMinor: true },
        { label: t("decided.at"), isMinor: true, isNumber: true },
        { label: t("decided.record"), isNumber: true },
      ]}
    >
      {rows.map((approval) => (
        <Row key={approval.approval_id} approval={approval} showProject={showProject} />
      ))}
    </ListTable>
  );
}

function Row({ approval, showProject }: { approval: Approval; showProject: boolean }) {
  const words = useWords();
  const { t, when } = words;
  const at = approval.decided_at ?? approval.asked_at;
  const cameOfIt = approval.executed
    ? endingOf(approval.executed.ended, words)
    : t("earlier.never");
  return (
    <tr>
      <td className="wide">
        <Link
          className="what"
          to="/runs/$projectId/$runId"
          params={{ projectId: approval.project_id, runId: approval.run_id }}
        >
          {approval.headline}
        </Link>
        <span className="block text-xs text-ink-3">
          <code>{approval.tool}</code> {approval.agent_id}
        </span>
        <span className="below">
          <AnswerOf approval={approval} />
          <span>
            {when(at, Date.now())} · {cameOfIt}
          </span>
        </span>
      </td>
      <td className="minor wide">
        <AnswerOf approval={approval} />
      </td>
      <td className="minor">{cameOfIt}</td>
      {showProject && <td className="minor">{approval.project_id}</td>}
      <td className="minor n">
        <time dateTime={at}>{when(at, Date.now())}</time>
      </td>
      <td className="n">
        <a
          className="btn is-bare is-small is-square"
          href={`/api/v1/approvals/${approval.approval_id}/record?project_id=${approval.project_id}`}
          download={`decision-${approval.approval_id}.json`}
          aria-label={t("decided.record_of", { question: approval.headline })}
        >
          <Glyph name="download" className="sm" />
        </a>
      </td>
    </tr>
  );
}

/** Who said what, or why the question is open no more though nobody did. */
function AnswerOf({ approval }: { approval: Approval }) {
  const { t } = useWords();
  const { status, decisions, void_reason: reason } = approval;
  if (status === "expired" || status === "voided")
    return (
      <span className="line gap-1 items-start">
        <Glyph name={status === "expired" ? "clock" : "cancelled"} className="sm mt-0.5" />
        <span>
          {status === "expired" ? t("decided.expired") : t("decided.voided")}{" "}
          {reason && <VoidReason reason={reason} />}
        </span>
      </span>
    );
  const last = decisions.at(-1);
  const { glyph, tone } = lookOf(last?.decision ?? null);
  const name = answerName(last?.decision ?? null);
  return (
    <span className="line gap-1 items-start">
      <Glyph name={glyph} className={`sm mt-0.5 ${tone}`} />
      <span>
        {name && last ? t(`answers.${name}`, { who: last.actor }) : status}
        {last?.reason && ` ${t("common.quoted", { text: last.reason })}`}
      </span>
    </span>
  );
}

function VoidReason({ reason }: { reason: string }) {
  const { language } = useWords();
  const known = language === "en" ? undefined : voidReasonInChinese(reason);
  return (
    <span className="text-ink-2" lang={known === undefined ? "en" : undefined}>
      {known ?? reason}
    </span>
  );
}
