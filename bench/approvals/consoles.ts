import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Page, Request } from "playwright-core";
import { launchChromium } from "../../test/support/chromium.ts";
import { openSignedIn } from "../../test/support/page.ts";
import { waitFor } from "../../test/support/wait.ts";
import { type Ground, PROJECT } from "./ground.ts";

const AFTER_ANSWER = ["the other’s inbox shows it", "the other’s run page shows it"] as const;

/** In milliseconds from the moment at which the browser that decided had its answer. */
type AfterAnswer = Map<(typeof AFTER_ANSWER)[number], number[]>;

const DESK = { locale: "en-US", colorScheme: "light", width: 1440 } as const;
const PATIENCE_MS = 30_000;
/** A question is deaf for a moment after it has appeared; and what loading left to be done does not fall into a decision. */
const SETTLED_MS = 700;

/** The moment, by the machine's clock, at which a frame shows these words in one of these elements. */
const SHOWN = (selector: string, words: string) => `new Promise((resolve) => {
  const isThere = () => [...document.querySelectorAll(${JSON.stringify(selector)})]
    .some((each) => each.textContent.includes(${JSON.stringify(words)}));
  const observer = new MutationObserver(() => {
    if (!isThere()) return;
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
  });
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  if (isThere()) resolve(Number.NaN);
})`;

interface Pages {
  decider: Page;
  inbox: Page;
  run: Page;
}

async function openPages(here: Browser, there: Browser, url: string): Promise<Pages> {
  const open = async (browser: Browser) => (await openSignedIn(browser, DESK, { url })).page;
  return { decider: await open(here), inbox: await open(there), run: await open(there) };
}

/** Makes a run that asks, and shows its question in all of the pages. */
async function show(pages: Pages, ground: Ground, text: string): Promise<void> {
  await ground.startRun(text);
  const { run_id, approval_id } = await waitFor(async () => (await ground.questions()).get(text), {
    timeoutMs: PATIENCE_MS,
    what: `the question about ${text}`,
  });
  const question = `${ground.server.url}/approvals?question=${approval_id}`;
  await Promise.all([
    pages.decider.goto(question),
    pages.inbox.goto(question),
    pages.run.goto(`${ground.server.url}/runs/${PROJECT}/${run_id}`),
  ]);
  await Promise.all(
    Object.values(pages).map((page: Page) => page.getByText("s behind").first().waitFor()),
  );
  await Promise.all([
    pages.decider.locator(".ask .headline").waitFor(),
    pages.inbox.locator(".ask .headline").waitFor(),
    pages.run.locator(".asking").waitFor(),
  ]);
  await pause(SETTLED_MS);
}

/** The moment, by the machine's clock, at which the last of the answer had come. */
function answeredAt(request: Request): number {
  const { startTime, responseEnd } = request.timing();
  return startTime + responseEnd;
}

/**
 * How soon a decision that is taken in one browser is shown in another, which looks at the same question.
 *
 * @param count of decisions; the first is not counted
 */
export async function measureConsoles(
  closers: (() => unknown)[],
  ground: Ground,
  count: number,
): Promise<AfterAnswer> {
  const [here, there] = await Promise.all([launchChromium(), launchChromium()]);
  closers.push(() => Promise.all([here.close(), there.close()]));
  const pages = await openPages(here, there, ground.server.url);
  const found: AfterAnswer = new Map(AFTER_ANSWER.map((row) => [row, []]));
  for (let decision = 0; decision <= count; decision += 1) {
    await show(pages, ground, `decision ${decision}`);
    const shown = [
      pages.inbox.evaluate<number>(SHOWN(".ask .body.is-closed .main", "approved")),
      pages.run.evaluate<number>(SHOWN("a.ev .tt b", "approved")),
    ];
    const [request] = await Promise.all([
      pages.decider.waitForEvent("requestfinished", (each) => each.url().endsWith("/decide")),
      pages.decider.keyboard.press("a"),
    ]);
    const answered = answeredAt(request);
    for (const [at, row] of AFTER_ANSWER.entries()) {
      const moment = (await shown[at]) ?? Number.NaN;
      if (decision > 0) found.get(row)?.push(moment - answered);
    }
  }
  return found;
}
