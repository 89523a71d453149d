import type { Browser, Page } from "playwright-core";
import { waitFor } from "../../test/support/wait.ts";

/** A page with a long list, and a selector of its rows. */
export interface ListPage {
  name: "runs" | "empty";
  page: Page;
  rows: string;
}

/** Frames of the compositor while a list was scrolled. */
export interface Frames {
  drawn: number;
  dropped: number;
}

const DISTANCE_PX = 20_000;
const PX_PER_SECOND = 6_000;
const CATEGORIES = ["disabled-by-default-devtools.timeline.frame", "blink.user_timing"];

interface TraceEvent {
  name: string;
  ts: number;
}

/**
 * Scrolls each page from the same place, one after the other in one trace, and counts what its compositor drew and dropped
 * meanwhile.
 *
 * @param place where to begin: 0 at the top, 1 at the end
 */
export async function scrollAll(
  browser: Browser,
  lists: readonly ListPage[],
  place: number,
): Promise<Frames[]> {
  for (const list of lists) await goTo(list, place);
  await browser.startTracing(lists[0]?.page, { categories: CATEGORIES });
  for (const { name, page } of lists) {
    await page.bringToFront();
    await page.evaluate(`performance.mark("begin ${name}")`);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Input.synthesizeScrollGesture", {
      x: 700,
      y: 500,
      yDistance: -DISTANCE_PX,
      speed: PX_PER_SECOND,
      gestureSourceType: "mouse",
    });
    await devtools.detach();
    await page.evaluate(`performance.mark("end ${name}")`);
  }
  const trace = JSON.parse((await browser.stopTracing()).toString());
  const events: TraceEvent[] = trace.traceEvents;
  return lists.map(({ name }) => framesOf(events, name));
}

async function goTo({ page, rows }: ListPage, place: number): Promise<void> {
  await page.bringToFront();
  await page.evaluate(
    `window.scrollTo(0, (document.documentElement.scrollHeight - innerHeight - ${DISTANCE_PX}) * ${place})`,
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
    return found.ts;
  };
  const [from, to] = [at(`begin ${name}`), at(`end ${name}`)];
  const count = (kind: string) =>
    events.filter(({ name: is, ts }) => is === kind && ts >= from && ts <= to).length;
  return { drawn: count("DrawFrame"), dropped: count("DroppedFrame") };
}
