import type { Approval } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";

/** The exact arguments, a value a row, as JSON: a text keeps its quotes, so that "24" is not 24. */
export function ArgumentRows(props: { table: Approval["arguments_table"] }) {
  const { t, number } = useWords();
  const { rows, more } = props.table;
  if (rows.length === 0) return <p className="text-ink-2 py-2">{t("details.no_arguments")}</p>;
  return (
    <>
      <table className="args">
        <thead className="sr-only">
          <tr>
            <th scope="col">{t("question.argument")}</th>
            <th scope="col">{t("question.value")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ path, type, value, length }) => (
            <tr key={path}>
              <th scope="row">{path}</th>
              <td title={type}>
                {value}
                {length !== null && (
                  <span className="cut-mark">
                    {t("question.cut_value", { length: number(length) })}
                  </span>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && (
        <p className="text-ink-2 py-2">{t("question.more_arguments", { count: more })}</p>
      )}
    </>
  );
}
