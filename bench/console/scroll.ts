import type { Browser, Page } from "playwright-core";
import { waitFor } from "../../test/support/wait.ts";

/** A page with a long list, and a selector of its rows. */
export interface ListPage {
  name: "runs" | "empty";
  page: Page;
  rows: string;
}

/** What became of the frames while a list was scrolled. */
export interface Frames {
  /** All in which something was to be shown. */
  all: number;
  /** Nothing new was shown. */
  dropped: number;
  /** What there was had moved on, but the page had no answer yet: its new rows came with a later frame. */
  partial: number;
  /** A part of the window was not drawn. */
  blank: number;
}

/** How fast a list is scrolled, in pixels a second: as fast as one flies over it, and as one reads what comes by. */
export const PACES = { flying: 6_000, reading: 1_500 } as const;
export type Pace = keyof typeof PACES;

const SECONDS = 10 / 3;
const CATEGORIES = ["disabled-by-default-devtools.timeline.frame", "blink.user_timing"];

interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  ts: number;
  args: { frame_reporter?: FrameReport };
}

/** Of one frame there are several reports where the page's part of it came later than the rest. */
interface FrameReport {
  frame_sequence: number;
  state: string;
  scroll_state: string;
  checkerboarded_needs_raster: boolean;
  checkerboarded_needs_record: boolean;
}

/**
 * Scrolls each page from the same place, one after the other in one trace, and counts what became of its frames
 * meanwhile.
 *
 * @param place where to begin: 0 at the top, 1 at the end
 */
export async function scrollAll(
  browser: Browser,
  lists: readonly ListPage[],
  { place, pace }: { place: number; pace: Pace },
): Promise<Frames[]> {
  const speed = PACES[pace];
  const distance = Math.round(SECONDS * speed);
  for (const list of lists) await goTo(list, place, distance);
  await browser.startTracing(lists[0]?.page, { categories: CATEGORIES });
  for (const { name, page } of lists) {
    await page.bringToFront();
    await page.evaluate(`performance.mark("begin ${name}")`);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Input.synthesizeScrollGesture", {
      x: 700,
      y: 500,
      yDistance: -distance,
      speed,
      gestureSourceType: "mouse",
    });
    await devtools.detach();
    await page.evaluate(`performance.mark("end ${name}")`);
  }
  const trace = JSON.parse((await browser.stopTracing()).toString());
  const events: TraceEvent[] = trace.traceEvents;
  return lists.map(({ name }) => framesOf(events, name));
}

async function goTo({ page, rows }: ListPage, place: number, distance: number): Promise<void> {
  await page.bringToFront();
  await page.evaluate(
    `window.scrollTo(0, (document.documentElement.scrollHeight - innerHeight - ${distance}) * ${place})`,
  );
  const isFilled = `[...document.querySelectorAll(${JSON.stringify(rows)})].some((row) => {
    const { top } = row.getBoundingClientRect();
    return top > innerHeight / 3 && top < innerHeight;
  })`;
  await waitFor(() => page.evaluate<boolean>(isFilled), {
    timeoutMs: 30_000,
    what: "the rows at the place where the scrolling begins",
  });
}

function framesOf(events: readonly TraceEvent[], name: string): Frames {
  const at = (mark: string) => {
    const found = events.find((event) => event.name === mark);
    if (!found) throw new Error(`The trace lacks the mark ${mark}.`);
    return found;
  };
  const [from, to] = [at(`begin ${name}`), at(`end ${name}`)];
  const frames = new Map<number, FrameReport[]>();
  for (const { name: is, ph, pid, ts, args } of events) {
    const report = args.frame_reporter;
    // The other list's page has frames of its own meanwhile.
    if (is !== "PipelineReporter" || ph !== "b" || pid !== from.pid || !report) continue;
    if (ts < from.ts || ts > to.ts || report.scroll_state === "SCROLL_NONE") continue;
    if (report.state === "STATE_NO_UPDATE_DESIRED") continue;
    frames.set(report.frame_sequence, [...(frames.get(report.frame_sequence) ?? []), report]);
  }
  const reports = [...frames.values()];
  const count = (is: (report: FrameReport) => boolean) =>
    reports.filter((of) => of.some(is)).length;
  return {
    all: frames.size,
    dropped: count(({ state }) => state === "STATE_DROPPED"),
    partial: count(({ state }) => state === "STATE_PRESENTED_PARTIAL"),
    blank: count((of) => of.checkerboarded_needs_raster || of.checkerboarded_needs_record),
  };
}
