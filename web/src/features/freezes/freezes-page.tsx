import { useInfiniteQuery } from "@tanstack/react-query";
import { usePageTitle } from "../../app/title.ts";
import { useProject } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Empty } from "../../ui/empty.tsx";
import { ListHead, ListTable, Older } from "../../ui/lists.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useFrozenWords } from "./frozen-words.ts";
import { type Freeze, freezePagesQuery } from "./queries.ts";

/** What is frozen and what was; freezes are never deleted. */
export function FreezesPage() {
  const { t } = useWords();
  usePageTitle(t("freeze.title"));
  const pages = useInfiniteQuery(freezePagesQuery(useProject()));
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.freezes) ?? [];
  const heads = [
    { label: t("freeze.what_was") },
    { label: t("freeze.since"), isNumber: true, isMinor: true },
    { label: t("freeze.until"), isNumber: true, isMinor: true },
  ];
  return (
    <div className="page">
      <ListHead title={t("freeze.title")} total={first} />
      {pages.isPending && <Bones head rows={6} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {first && rows.length === 0 && (
        <Empty title={t("freeze.nothing")} why={t("freeze.nothing_why")} />
      )}
      {rows.length > 0 && (
        <ListTable caption={t("freeze.title")} heads={heads}>
          {rows.map((freeze) => (
            <Row key={freeze.freeze_id} freeze={freeze} />
          ))}
        </ListTable>
      )}
      <Older pages={pages} label={t("freeze.older")} />
    </div>
  );
}

function Row(props: { freeze: Freeze }) {
  const { t, when } = useWords();
  const words = useFrozenWords();
  const { freeze } = props;
  const quoted = (text: string) => t("common.quoted", { text });
  const since = when(freeze.frozen_at, Date.now());
  const until = freeze.lifted_at ? (
    when(freeze.lifted_at, Date.now())
  ) : (
    <span className="state is-stop">{t("freeze.now_frozen")}</span>
  );
  return (
    <tr>
      <td className="wide">
        <b>{words(freeze)}</b>
        <span className="block text-ink-2">
          {freeze.frozen_by} {quoted(freeze.reason)}
        </span>
        {freeze.lifted_by && (
          <span className="block text-ink-2">
            {t("freeze.lifted_by", { who: freeze.lifted_by })} {quoted(freeze.lift_reason ?? "")}
          </span>
        )}
        <span className="below">
          <span>
            {since} – {until}
          </span>
        </span>
      </td>
      <td className="minor n">{since}</td>
      <td className="minor n">{until}</td>
    </tr>
  );
}
