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
  /** The same in ever fewer words. */
  fold: (ms: number) => string[];
}

const APART_PX = 6;

type Wish = Omit<AxisLabel, "text"> & { texts: string[] };

/**
 * The axis in words: where a stretch begins, what was folded, and the steps in between. Where two labels would touch,
 * the less important one is said shorter, or keeps only its mark.
 *
 * @param width of the lanes, in pixels
 */
export function axisLabels(pieces: readonly Piece[], width: number, texts: Texts): AxisLabel[] {
  const taken: { from: number; until: number }[] = [];
  const isFree = (from: number, until: number) =>
    from >= 0 &&
    until <= width &&
    taken.every((other) => until + APART_PX <= other.from || other.until + APART_PX <= from);
  return byRank(pieces, texts).map(({ texts: wished, ...label }) => {
    const text = wished.find((each) => {
      const wide = labelWidth(each);
      const from = label.x * width - (label.kind === "first" ? 0 : wide / 2);
      if (!isFree(from, from + wide)) return false;
      taken.push({ from, until: from + wide });
      return true;
    });
    return { ...label, text: text ?? "" };
  });
}

function byRank(pieces: readonly Piece[], texts: Texts): Wish[] {
  const ticks = ticksOf(pieces).map(
    (tick): Wish => ({
      key: `tick ${tick.at}`,
      kind: tick.since === 0 ? "first" : "tick",
      x: tick.x,
      texts: [texts.tick(tick)],
    }),
  );
  const folds = pieces
    .filter((piece) => piece.folded)
    .map(
      (piece): Wish => ({
        key: `fold ${piece.from}`,
        kind: "fold",
        x: (piece.x0 + piece.x1) / 2,
        texts: texts.fold(piece.until - piece.from),
      }),
    );
  const isFirst = ({ kind }: Wish) => kind === "first";
  return [...ticks.filter(isFirst), ...folds, ...ticks.filter((tick) => !isFirst(tick))];
}
