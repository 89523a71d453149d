import type { Json } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";

/** The exact arguments, as JSON values: a string keeps its quotes, so that "24" is not 24. */
export function ArgumentsTable(props: { value: Json }) {
  const { t } = useWords();
  const { value } = props;
  if (value === null || typeof value !== "object" || Array.isArray(value))
    return <pre>{JSON.stringify(value, null, 2)}</pre>;
  const entries = Object.entries(value);
  if (entries.length === 0) return <p className="text-ink-2 py-2">{t("details.no_arguments")}</p>;
  return (
    <table className="args">
      <thead className="sr-only">
        <tr>
          <th scope="col">{t("question.argument")}</th>
          <th scope="col">{t("question.value")}</th>
        </tr>
      </thead>
      <tbody>
        {entries.map(([name, part]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{JSON.stringify(part, null, 2)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
