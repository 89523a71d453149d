import { useState } from "react";
import { useWords } from "../app/words.ts";
import { cx } from "./cx.ts";
import { type DiffRow, folded, type ShownRow, type SideLine } from "./line-diff.ts";

interface DiffTableProps {
  rows: DiffRow[];
  isInline: boolean;
  /** What the two sides are called. */
  before: string;
  after: string;
  caption: string;
}

/** Two texts compared; what is the same for long is folded and opens at a press. */
export function DiffTable(props: DiffTableProps) {
  const { t } = useWords();
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const shown = folded(props.rows);
  const span = props.isInline ? 4 : 6;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
    <section className="code-box" tabIndex={0} aria-label={props.caption}>
      <table className={cx("diff", props.isInline && "is-inline")}>
        <caption className="sr-only">{props.caption}</caption>
        <Columns isInline={props.isInline} />
        <thead>
          <tr>
            <th scope="col" colSpan={props.isInline ? span : 3}>
              {props.isInline ? `${props.before} → ${props.after}` : props.before}
            </th>
            {!props.isInline && (
              <th scope="col" colSpan={3}>
                {props.after}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {shown.map((row, at) => {
            if (row.kind === "folded" && !opened.has(at)) {
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
                <tr key={at} className="fold">
                  <td colSpan={span}>
                    <button type="button" onClick={() => setOpened(new Set([...opened, at]))}>
                      {t("contracts.equal_lines", { count: row.rows.length })}
                    </button>
                  </td>
                </tr>
              );
            }
            // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place
            return <Lines key={at} row={row} isInline={props.isInline} />;
          })}
        </tbody>
      </table>
    </section>
  );
}

/** With a fixed layout the widths come from here, for the first row only names the sides. */
function Columns(props: { isInline: boolean }) {
  const names = props.isInline ? ["no", "no", "sign", ""] : ["no", "sign", "", "no", "sign", ""];
  return (
    <colgroup>
      {names.map((name, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
        <col key={at} className={name} />
      ))}
    </colgroup>
  );
}

function Lines(props: { row: ShownRow; isInline: boolean }) {
  const rows = props.row.kind === "folded" ? props.row.rows : [props.row];
  return rows.map((row) => {
    const key = `${row.before?.number} ${row.after?.number}`;
    return props.isInline ? <InlineRow key={key} row={row} /> : <SideRow key={key} row={row} />;
  });
}

function SideRow({ row }: { row: DiffRow }) {
  const isChanged = row.kind === "changed";
  return (
    <tr>
      <Side line={row.before} sign={isChanged && row.before ? "−" : ""} />
      <Side line={row.after} sign={isChanged && row.after ? "+" : ""} isSecond />
    </tr>
  );
}

function InlineRow({ row }: { row: DiffRow }) {
  if (row.kind === "same") {
    return (
      <tr>
        <td className="no">{row.before.number}</td>
        <td className="no">{row.after.number}</td>
        <td className="sign" />
        <td className="text">
          <Pieces line={row.before} />
        </td>
      </tr>
    );
  }
  return (
    <>
      {row.before && (
        <tr>
          <td className="no">{row.before.number}</td>
          <td className="no" />
          <Changed line={row.before} sign="−" />
        </tr>
      )}
      {row.after && (
        <tr>
          <td className="no" />
          <td className="no">{row.after.number}</td>
          <Changed line={row.after} sign="+" />
        </tr>
      )}
    </>
  );
}

type Sign = "−" | "+" | "";
const TONE: Record<Sign, string> = { "−": "is-gone", "+": "is-new", "": "" };

function Side(props: { line: SideLine | undefined; sign: Sign; isSecond?: boolean }) {
  const second = props.isSecond && "is-second";
  if (!props.line) return <td className={cx("void", second)} colSpan={3} />;
  return (
    <>
      <td className={cx("no", TONE[props.sign], second)}>{props.line.number}</td>
      <Changed line={props.line} sign={props.sign} />
    </>
  );
}

function Changed(props: { line: SideLine; sign: Sign }) {
  return (
    <>
      <td className={cx("sign", TONE[props.sign])}>{props.sign}</td>
      <td className={cx("text", TONE[props.sign])}>
        <Pieces line={props.line} />
      </td>
    </>
  );
}

function Pieces(props: { line: SideLine }) {
  return props.line.pieces.map((piece, at) =>
    piece.isNew ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity but their place
      <b key={at}>{piece.text}</b>
    ) : (
      piece.text
    ),
  );
}
