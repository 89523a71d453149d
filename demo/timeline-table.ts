import type { RunDetail, TimelineItem } from "./operator-api.ts";

const HEAD = ["time", "after", "kind", "what", "status", "more"] as const;
const GAP = "  ";
const MIN_LAST_COLUMN = 24;

/** A run's timeline as a text table, `width` columns wide at most unless the words need more. */
export function timelineTable(detail: RunDetail, width: number): string {
  const began = Date.parse(detail.timeline[0]?.ts ?? "");
  const rows = detail.timeline.map((item) => cells(item, began));
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const fixed = widths.slice(0, -1).reduce((sum, each) => sum + each + GAP.length, 0);
  const room = Math.max(MIN_LAST_COLUMN, width - fixed);
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        column === HEAD.length - 1 ? clip(cell, room) : cell.padEnd(widths[column] ?? 0),
      )
      .join(GAP)
      .trimEnd();
  const rule = "─".repeat(fixed + Math.min(room, widths.at(-1) ?? 0));
  return [line(HEAD), rule, ...rows.map(line)].join("\n");
}

function cells(item: TimelineItem, began: number): string[] {
  const after = `+${((Date.parse(item.ts) - began) / 1000).toFixed(3)} s`;
  const time = item.ts.slice(11, 23);
  const more = (item.summary ?? "").replaceAll(/\s+/g, " ");
  return [time, after, item.kind, item.title, item.status ?? "", more];
}

function clip(text: string, room: number): string {
  const points = [...text];
  return points.length <= room ? text : `${points.slice(0, room - 1).join("")}…`;
}
