import type { Browser, Page } from "playwright-core";

/** How a field answered what was typed into it, in milliseconds. */
export interface Typing {
  /** From each key until the page has drawn what it changed. */
  delays: number[];
  /** Each task that kept the page busy for longer than 50 ms. */
  longTasks: number[];
  /** The most processor time that the page took for one task: other programs don't make it longer. */
  mostCpu: number;
}

// Each of them finds a part of the runs, and so does the beginning of each.
const SENTENCES = ["disk almost full", "queue is piling up", "certificate expires soon"];
const KEY_MS = 70;
// Long enough for the search to ask: what it finds comes while the next word is typed.
const BETWEEN_WORDS_MS = 350;
const CATEGORIES = ["toplevel", "blink.user_timing"];

const WATCH = `(() => {
  window.typing = { delays: [], longTasks: [] };
  new PerformanceObserver((list) => {
    window.typing.longTasks.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: "longtask" });
  const drawn = new MessageChannel();
  const keys = [];
  drawn.port1.onmessage = () => window.typing.delays.push(performance.now() - keys.shift());
  document.addEventListener("keydown", ({ timeStamp }) => requestAnimationFrame(() => {
    keys.push(timeStamp);
    // Comes behind the frame, which is drawn when its callbacks are through.
    drawn.port2.postMessage(null);
  }), true);
})()`;

interface Task {
  name: string;
  pid: number;
  tid: number;
  ts: number;
  tdur?: number;
}

/** Types into the page's search field as a quick typist would, with a pause behind each word. */
export async function typeInto(browser: Browser, page: Page): Promise<Typing> {
  await page.bringToFront();
  await page.evaluate("window.scrollTo(0, 0)");
  const field = page.locator("input[type=search]").first();
  await field.focus();
  await browser.startTracing(page, { categories: CATEGORIES });
  await page.evaluate(`${WATCH}; performance.mark("begin typing")`);
  for (const sentence of SENTENCES) {
    await field.selectText();
    for (const word of sentence.split(/(?<= )/)) {
      await page.keyboard.type(word, { delay: KEY_MS });
      await page.waitForTimeout(BETWEEN_WORDS_MS);
    }
  }
  await page.waitForTimeout(1_000);
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString());
  const watched = await page.evaluate<Omit<Typing, "mostCpu">>("window.typing");
  return { ...watched, mostCpu: mostCpuOf(traceEvents) };
}

function mostCpuOf(events: readonly Task[]): number {
  const begin = events.find(({ name }) => name === "begin typing");
  if (!begin) throw new Error("The trace lacks the mark of its beginning.");
  const tasks = events.filter(
    ({ name, pid, tid, ts }) =>
      name === "ThreadControllerImpl::RunTask" &&
      pid === begin.pid &&
      tid === begin.tid &&
      ts > begin.ts,
  );
  return Math.max(0, ...tasks.map(({ tdur }) => (tdur ?? 0) / 1000));
}
