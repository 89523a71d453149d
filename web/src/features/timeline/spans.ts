import type { RunState, TimelineItem } from "../../app/api.ts";

export type Who = "machine" | "person" | "idle";

/** A stretch of a run's life; `until` is the present for the last one of an open run. Milliseconds. */
export interface Span {
  who: Who;
  from: number;
  until: number;
  open: boolean;
}

const WHO: Partial<Record<string, Who>> = {
  pending: "idle",
  running: "machine",
  waiting_approval: "person",
} satisfies Partial<Record<RunState, Who>>;

/** Where the time went, from the state changes in the timeline (oldest first). */
export function spansOf(items: readonly TimelineItem[], now: number): Span[] {
  const changes = items.filter((item) => item.kind === "run" && item.status !== null);
  const spans: Span[] = [];
  changes.forEach((change, i) => {
    const who = WHO[change.status ?? ""];
    if (!who) return;
    const next = changes[i + 1];
    const from = Date.parse(change.ts);
    const until = Math.max(from, next ? Date.parse(next.ts) : now);
    const last = spans.at(-1);
    if (last && last.who === who) {
      last.until = until;
      last.open = !next;
    } else if (until > from || !next) spans.push({ who, from, until, open: !next });
  });
  return spans;
}

export interface Totals {
  machine: number;
  person: number;
  idle: number;
  total: number;
}

export function totalsOf(spans: readonly Span[]): Totals {
  const sum = (who: Who) =>
    spans.filter((s) => s.who === who).reduce((ms, s) => ms + s.until - s.from, 0);
  const first = spans[0];
  const last = spans.at(-1);
  return {
    machine: sum("machine"),
    person: sum("person"),
    idle: sum("idle"),
    total: first && last ? last.until - first.from : 0,
  };
}

/** A piece of the time axis: `x` from 0 to 1; a folded piece is drawn shorter than its time. */
export interface Piece {
  from: number;
  until: number;
  x0: number;
  x1: number;
  folded: boolean;
}

const FOLDED_SHARE = 0.1;
const MOST_FOLDED = 0.4;

/** Waits that would squeeze the work into a corner are worth folding. */
const isLong = (span: Span, machine: number) =>
  span.who !== "machine" && span.until - span.from > Math.max(1000, machine * 0.2);

/** Lays the spans along the axis, to scale or with the long waits folded to a fixed share each. */
export function piecesOf(spans: readonly Span[], fold: boolean): Piece[] {
  const machine = totalsOf(spans).machine;
  const folded = spans.map((span) => fold && machine > 0 && isLong(span, machine));
  const count = folded.filter(Boolean).length;
  const share = count === 0 ? 0 : Math.min(FOLDED_SHARE, MOST_FOLDED / count);
  const shown = spans.reduce((ms, s, i) => (folded[i] ? ms : ms + s.until - s.from), 0);
  let x = 0;
  return spans.map((span, i) => {
    const width = folded[i]
      ? share
      : shown === 0
        ? 0
        : ((span.until - span.from) / shown) * (1 - share * count);
    const piece = {
      from: span.from,
      until: span.until,
      x0: x,
      x1: x + width,
      folded: folded[i] ?? false,
    };
    x += width;
    return piece;
  });
}

/** Where a moment lies on the axis, from 0 to 1. */
export function positionOf(pieces: readonly Piece[], at: number): number {
  for (const piece of pieces) {
    if (at > piece.until) continue;
    const length = piece.until - piece.from;
    const part = length === 0 ? 0 : Math.max(0, at - piece.from) / length;
    return piece.x0 + part * (piece.x1 - piece.x0);
  }
  return pieces.at(-1)?.x1 ?? 0;
}

export interface Tick {
  x: number;
  at: number;
  /** Milliseconds since the start of its stretch; 0 is labelled with the time of day. */
  since: number;
}

const STEPS_MS = [
  50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
  1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000,
];
const CLOSEST = 0.1;

/** Marks on the axis: each unfolded stretch starts anew with the time of day, then even steps. */
export function ticksOf(pieces: readonly Piece[]): Tick[] {
  const stretches: Piece[] = [];
  for (const piece of pieces) {
    const last = stretches.at(-1);
    if (piece.folded || piece.x1 === piece.x0) continue;
    if (last && last.until === piece.from) {
      last.until = piece.until;
      last.x1 = piece.x1;
    } else stretches.push({ ...piece });
  }
  return stretches.flatMap((stretch) => {
    const width = stretch.x1 - stretch.x0;
    const length = stretch.until - stretch.from;
    const step = STEPS_MS.find((ms) => (ms / length) * width >= CLOSEST);
    const ticks: Tick[] = [{ x: stretch.x0, at: stretch.from, since: 0 }];
    for (let since = step ?? length; step && since < length; since += step) {
      const x = stretch.x0 + (since / length) * width;
      if (x < stretch.x1 - 0.03) ticks.push({ x, at: stretch.from + since, since });
    }
    return ticks;
  });
}

export interface Placed<T> {
  item: T;
  x0: number;
  x1: number;
  row: number;
  labelLeft: boolean;
}

/** Puts bars with their labels into as few rows as fit; `label` is the label's width as a share. */
export function packRows<T>(
  bars: readonly { item: T; x0: number; x1: number; label: number }[],
): Placed<T>[] {
  const ends: number[] = [];
  return bars.map(({ item, x0, x1, label }) => {
    const labelLeft = x1 + label > 1 && x0 - label >= 0;
    const start = labelLeft ? x0 - label : x0;
    const end = labelLeft ? x1 : x1 + label;
    const free = ends.findIndex((used) => used <= start);
    const row = free === -1 ? ends.length : free;
    ends[row] = end + 0.006;
    return { item, x0, x1, row, labelLeft };
  });
}

const LATIN_PX = 5.9;
const WIDE_PX = 12;

/** About how wide a label is, in pixels; too much only costs a row. */
export function labelWidth(text: string): number {
  let px = 0;
  for (const character of text) px += character > "\u2e7f" ? WIDE_PX : LATIN_PX;
  return px;
}
