import { labelWidth, type Piece, ticksOf } from "./spans.ts";

/** A label below the lanes; `x` is its anchor as a share of the width. */
export interface AxisLabel {
  key: string;
  kind: "first" | "tick" | "fold";
  x: number;
  text: string;
}

interface Texts {
  tick: (tick: { at: number; since: number }) => string;
  fold: (ms: number) => string;
}

const APART_PX = 8;

/**
 * The axis in words: where a stretch begins, what was folded, and the steps in between. Where two labels would touch,
 * the less important one keeps its mark and loses its text.
 *
 * @param width of the lanes, in pixels
 */
export function axisLabels(pieces: readonly Piece[], width: number, texts: Texts): AxisLabel[] {
  const ticks = ticksOf(pieces).map(
    (tick): AxisLabel => ({
      key: `tick ${tick.at}`,
      kind: tick.since === 0 ? "first" : "tick",
      x: tick.x,
      text: texts.tick(tick),
    }),
  );
  const folds = pieces
    .filter((piece) => piece.folded)
    .map(
      (piece): AxisLabel => ({
        key: `fold ${piece.from}`,
        kind: "fold",
        x: (piece.x0 + piece.x1) / 2,
        text: texts.fold(piece.until - piece.from),
      }),
    );
  const taken: { from: number; until: number }[] = [];
  const byRank = [
    ...ticks.filter((tick) => tick.kind === "first"),
    ...folds,
    ...ticks.filter((tick) => tick.kind === "tick"),
  ];
  return byRank.map((label) => {
    const wide = labelWidth(label.text);
    const from = label.x * width - (label.kind === "first" ? 0 : wide / 2);
    const until = from + wide;
    const fits =
      from >= 0 &&
      until <= width &&
      taken.every((other) => until + APART_PX <= other.from || other.until + APART_PX <= from);
    if (fits) taken.push({ from, until });
    return fits ? label : { ...label, text: "" };
  });
}
