import { diffArrays, diffWordsWithSpace } from "diff";

/** A piece of a line; `isNew` where it differs from the line on the other side. */
export interface Piece {
  text: string;
  isNew: boolean;
}

/** A line of one side, with its number from 1. */
export interface SideLine {
  number: number;
  pieces: Piece[];
}

/** A line beside its counterpart. A side is missing where the other one has a line more. */
export type DiffRow =
  | { kind: "same"; before: SideLine; after: SideLine }
  | { kind: "changed"; before?: SideLine; after?: SideLine };

/** Rows as they are shown: long stretches without a change are folded into their number. */
export type ShownRow = DiffRow | { kind: "folded"; rows: Extract<DiffRow, { kind: "same" }>[] };

/** Beyond that the shortest difference is not looked for: everything counts as changed. */
const PATIENCE_MS = 1_500;
const CONTEXT = 3;

const whole = (text: string, number: number): SideLine => ({
  number,
  pieces: [{ text, isNew: false }],
});

/** Compares two texts line by line; lines that took each other's place are compared word by word. */
export function diffLines(before: string, after: string): DiffRow[] {
  const [left, right] = [linesOf(before), linesOf(after)];
  const changes = diffArrays(left, right, { timeout: PATIENCE_MS }) ?? [
    { removed: true, added: false, value: left, count: left.length },
    { removed: false, added: true, value: right, count: right.length },
  ];
  const rows: DiffRow[] = [];
  let [n, m] = [1, 1];
  let [gone, come]: [string[], string[]] = [[], []];
  const flush = () => {
    rows.push(...paired(gone, come, n - gone.length, m - come.length));
    [gone, come] = [[], []];
  };
  for (const change of changes) {
    if (change.removed) {
      gone.push(...change.value);
      n += change.value.length;
    } else if (change.added) {
      come.push(...change.value);
      m += change.value.length;
    } else {
      flush();
      for (const line of change.value) {
        rows.push({ kind: "same", before: whole(line, n), after: whole(line, m) });
        n += 1;
        m += 1;
      }
    }
  }
  flush();
  return rows;
}

const linesOf = (text: string): string[] => text.replace(/\n$/, "").split("\n");

function paired(gone: string[], come: string[], n: number, m: number): DiffRow[] {
  return Array.from({ length: Math.max(gone.length, come.length) }, (_, at) => {
    const [was, is] = [gone[at], come[at]];
    if (was !== undefined && is !== undefined) {
      const [before, after] = wordByWord(was, is);
      return {
        kind: "changed",
        before: { number: n + at, pieces: before },
        after: { number: m + at, pieces: after },
      };
    }
    return {
      kind: "changed",
      ...(was === undefined ? {} : { before: whole(was, n + at) }),
      ...(is === undefined ? {} : { after: whole(is, m + at) }),
    };
  });
}

/** Lines longer than that are not looked into: nobody reads them word by word. */
const LONGEST = 1_000;

function wordByWord(was: string, is: string): [Piece[], Piece[]] {
  const none: [Piece[], Piece[]] = [[{ text: was, isNew: false }], [{ text: is, isNew: false }]];
  if (was.length > LONGEST || is.length > LONGEST) return none;
  const changes = diffWordsWithSpace(was, is);
  // Lines that have nothing but blanks and signs in common only happen to stand side by side.
  if (!changes.some((part) => !part.added && !part.removed && /\w\w/.test(part.value))) return none;
  const side = (without: "added" | "removed", mark: "added" | "removed"): Piece[] =>
    changes
      .filter((part) => !part[without])
      .map((part) => ({ text: part.value, isNew: part[mark] }));
  return [side("added", "removed"), side("removed", "added")];
}

/** Folds what is the same and further than three lines from a change. */
export function folded(rows: readonly DiffRow[]): ShownRow[] {
  const near = rows.map((_, at) =>
    rows.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some((row) => row.kind === "changed"),
  );
  const shown: ShownRow[] = [];
  for (const [at, row] of rows.entries()) {
    const last = shown.at(-1);
    if (near[at] || row.kind === "changed") shown.push(row);
    else if (last?.kind === "folded") last.rows.push(row);
    else shown.push({ kind: "folded", rows: [row] });
  }
  // A single line takes no more room than the sign that it is folded.
  return shown.flatMap((row) =>
    row.kind === "folded" && row.rows.length === 1 ? row.rows : [row],
  );
}
