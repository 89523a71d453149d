import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import "./figure.css";

/**
 * A chart with its title and the table behind it: the same numbers for whoever can't see the chart, or wants them exactly.
 * The chart itself is a picture to a screen reader, and `says` what there is to see.
 */
export function Figure(props: {
  title: ReactNode;
  says: string;
  legend?: ReactNode;
  head: readonly string[];
  rows: readonly (readonly ReactNode[])[];
  children: ReactNode;
}) {
  const { t } = useTranslation();
  const id = useId();
  const [isTable, setTable] = useState(false);
  return (
    <section className="chart" aria-labelledby={id}>
      <div className="sec ruled">
        <h2 id={id}>{props.title}</h2>
        <span className="flex-1" />
        {!isTable && props.legend && <span className="key">{props.legend}</span>}
        <button
          type="button"
          className="btn is-bare is-small"
          aria-pressed={isTable}
          onClick={() => setTable(!isTable)}
        >
          {t("chart.table")}
        </button>
      </div>
      {isTable ? (
        <Numbers head={props.head} rows={props.rows} />
      ) : (
        <div role="img" aria-label={props.says}>
          {props.children}
        </div>
      )}
    </section>
  );
}

function Numbers(props: { head: readonly string[]; rows: readonly (readonly ReactNode[])[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div className="numbers" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {props.head.map((head, column) => (
              <th key={head} scope="col" className={column > 0 ? "n" : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map(([first, ...rest], row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the rows are in the order of the chart
            <tr key={row}>
              <th scope="row">{first}</th>
              {rest.map((cell, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: the index is the column
                <td key={column} className="n">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A colour of a chart and what it stands for. */
export function KeyOf(props: { mark: string; children: ReactNode }) {
  return (
    <span>
      <i className={props.mark} />
      {props.children}
    </span>
  );
}
