import type { Approval } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";

type Changes = NonNullable<Approval["edit"]>["changes"];

/** What differs between two sets of arguments: what was, struck out, and what is. */
export function ChangesTable(props: { changes: Changes }) {
  const { t } = useWords();
  const { rows, more, hidden } = props.changes;
  if (rows.length === 0)
    return (
      <p className="text-ink-2 py-2">
        {hidden ? t("question.hidden_change") : t("question.no_change")}
      </p>
    );
  return (
    <>
      <table className="args">
        <thead className="sr-only">
          <tr>
            <th scope="col">{t("question.argument")}</th>
            <th scope="col">{t("question.before_after")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ path, before, after }) => (
            <tr key={path}>
              <th scope="row">{path}</th>
              <td>
                {before === null ? (
                  <i className="absent">{t("question.was_absent")}</i>
                ) : (
                  <del>{before}</del>
                )}
                <span aria-hidden="true"> → </span>
                {after === null ? (
                  <i className="absent">{t("question.is_gone")}</i>
                ) : (
                  <ins>{after}</ins>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p className="text-ink-2 py-2">{t("question.more_changes", { count: more })}</p>}
    </>
  );
}
