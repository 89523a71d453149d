/** A column of a table: its heading and what it shows of a row. */
export type Column<R> = readonly [head: string, cell: (row: R) => string | number | null];

const GAP = "  ";

/** A text table, one line a row; the last column is cut where the terminal ends. */
export function table<R>(rows: readonly R[], columns: readonly Column<R>[], empty: string): string {
  if (rows.length === 0) return empty;
  const heads = columns.map(([head]) => head.toUpperCase());
  const cells = rows.map((row) => columns.map(([, cell]) => oneLine(String(cell(row) ?? "–"))));
  const widths = heads.map((head, at) =>
    Math.max(...[head, ...cells.map((line) => line[at] ?? "")].map(widthOf)),
  );
  const line = (parts: readonly string[]) => {
    const full = parts.map((part, at) => part + " ".repeat((widths[at] ?? 0) - widthOf(part)));
    return cut(full.join(GAP).trimEnd(), process.stdout.columns ?? Number.POSITIVE_INFINITY);
  };
  return [heads, ...cells].map(line).join("\n");
}

/** A time as people read it: `2026-11-22 03:07:58`, UTC. */
export function moment(time: string | null): string | null {
  return time === null ? null : time.slice(0, 19).replace("T", " ");
}

/**
 * A text on one line. Control characters and those that turn the direction of writing are taken out: what agents and
 * tools wrote must not move the cursor or hide a part of a question.
 */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "")
    .trim();
}

/** East Asian wide and fullwidth characters and emoji take two columns (UAX #11). */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;

function widthOf(text: string): number {
  let width = 0;
  for (const point of text) width += WIDE.test(point) ? 2 : 1;
  return width;
}

function cut(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  let shown = "";
  let left = room - 1;
  for (const point of text) {
    left -= widthOf(point);
    if (left < 0) break;
    shown += point;
  }
  return `${shown}…`;
}
