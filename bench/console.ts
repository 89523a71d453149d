/**
 * What the console costs a browser: scrolling the list of runs beside an empty virtual list of as many rows, typing into its
 * search, and what is loaded first: `npm run bench:console [-- --quick]`. See docs/performance.md.
 */
import type { Browser, Page } from "playwright-core";
import { startAwooop } from "../test/support/awooop.ts";
import { launchChromium } from "../test/support/chromium.ts";
import { openSignedIn } from "../test/support/page.ts";
import { openPostgres } from "./api/postgres.ts";
import { machineOf } from "./api/report.ts";
import { serveFloor } from "./console/floor.ts";
import { type Frames, type ListPage, PACES, type Pace, scrollAll } from "./console/scroll.ts";
import { type Typing, typeInto } from "./console/typing.ts";
import { percentile, rounded } from "./percentile.ts";

interface Plan {
  rows: number;
  rounds: number;
}

const FULL: Plan = { rows: 100_000, rounds: 10 };
const QUICK: Plan = { rows: 20_000, rounds: 3 };
const VISITOR = { locale: "en-US", colorScheme: "light", width: 1440 } as const;

const closers: (() => unknown)[] = [];

async function cleanUp(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** What a browser that has nothing yet fetches for the page, in bytes as they come over the line. */
async function firstLoad(browser: Browser, server: { url: string }) {
  const { page, close } = await openSignedIn(browser, VISITOR, server);
  const devtools = await page.context().newCDPSession(page);
  const kinds = new Map<string, string>();
  const bytes = { script: 0, all: 0 };
  devtools.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes.all += encodedDataLength;
    if (kinds.get(requestId) === "Script") bytes.script += encodedDataLength;
  });
  await devtools.send("Network.enable");
  await page.goto(`${server.url}/runs`);
  await page.locator("a.what").first().waitFor();
  await close();
  return bytes;
}

async function openLists(browser: Browser, server: { url: string }, rows: number) {
  const { page } = await openSignedIn(browser, VISITOR, server);
  await page.goto(`${server.url}/runs`);
  await page.locator("a.what").first().waitFor();
  const floor = await serveFloor();
  closers.push(() => floor.close());
  const empty: Page = await page.context().newPage();
  await empty.goto(`${floor.url}/?rows=${rows}`);
  await empty.locator(".row").first().waitFor();
  return { runs: page, empty };
}

async function run({ rows, rounds }: Plan): Promise<void> {
  const postgres = await openPostgres();
  closers.push(() => postgres.close());
  const size = { projects: 1, own: rows, runs: rows, askedOnly: true, questions: 0 };
  const databaseUrl = await postgres.makeDatabase(size);
  const server = await startAwooop({ databaseUrl, env: { AWOOOP_ROLES: "api" } });
  closers.push(() => server.stop());
  const browser = await launchChromium();
  closers.push(() => browser.close());
  const loaded = await firstLoad(browser, server);
  const pages = await openLists(browser, server, rows);
  const lists: ListPage[] = [
    { name: "runs", page: pages.runs, rows: "a.what" },
    { name: "empty", page: pages.empty, rows: ".row" },
  ];
  const frames = { flying: noFrames(), reading: noFrames() };
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? lists : lists.toReversed();
    for (const pace of paces) {
      const counted = await scrollAll(browser, order, { place: round / rounds, pace });
      for (const [at, { name }] of order.entries()) add(frames[pace][name], counted[at]);
    }
  }
  const typing = {
    runs: await typeInto(browser, pages.runs),
    empty: await typeInto(browser, pages.empty),
  };
  report({ frames, typing, loaded, rows, postgres: postgres.version });
}

const paces = Object.keys(PACES) as Pace[];
const names = ["runs", "empty"] as const;

type OfLists<T> = Record<(typeof names)[number], T>;

const noFrames = (): OfLists<Frames> => ({
  runs: { all: 0, dropped: 0, partial: 0, blank: 0 },
  empty: { all: 0, dropped: 0, partial: 0, blank: 0 },
});

function add(to: Frames, more: Frames | undefined): void {
  for (const key of ["all", "dropped", "partial", "blank"] as const) to[key] += more?.[key] ?? 0;
}

/** Of all frames, in percent. */
const shareOf = (frames: Frames, of: number) => rounded((100 * of) / frames.all);

interface Measured {
  frames: Record<Pace, OfLists<Frames>>;
  typing: OfLists<Typing>;
  loaded: { script: number; all: number };
  rows: number;
  postgres: string;
}

function report({ frames, typing, loaded, rows, postgres }: Measured): void {
  const scrolled = paces.flatMap((pace) =>
    names.map((list) => {
      const of = frames[pace][list];
      const [dropped, blank] = [shareOf(of, of.dropped), shareOf(of, of.blank)];
      const late = shareOf(of, of.dropped + of.partial);
      return { pace, list, frames: of.all, "dropped %": dropped, "late %": late, "blank %": blank };
    }),
  );
  const typed = names.map((list) => {
    const { delays, longTasks, mostCpu } = typing[list];
    return {
      list,
      "key → drawn p50 ms": rounded(percentile(delays, 0.5), 1),
      "p95 ms": rounded(percentile(delays, 0.95), 1),
      "tasks > 50 ms": longTasks.length,
      "longest ms": rounded(Math.max(0, ...longTasks), 0),
      "most CPU ms": rounded(mostCpu, 1),
    };
  });
  console.table(scrolled);
  console.table(typed);
  console.log(`first load of /runs: ${loaded.script} bytes of scripts, ${loaded.all} in all`);
  const ratioOf = (pace: Pace, kind: "dropped %" | "late %") => {
    const [runs, empty] = scrolled.filter((of) => of.pace === pace);
    return rounded((runs?.[kind] ?? 0) / (empty?.[kind] ?? 0));
  };
  const line = {
    bench: "console",
    ratios: {
      dropped_frames: ratioOf("flying", "dropped %"),
      dropped_frames_reading: ratioOf("reading", "dropped %"),
      late_frames: ratioOf("flying", "late %"),
      late_frames_reading: ratioOf("reading", "late %"),
      typing_p95: rounded((typed[0]?.["p95 ms"] ?? 0) / (typed[1]?.["p95 ms"] ?? 0)),
    },
    figures: { rows, scrolled, typed, first_load_bytes: loaded },
    machine: machineOf(postgres),
  };
  console.log(JSON.stringify(line));
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => cleanUp().finally(() => process.exit(1)));
}
try {
  await run(process.argv.includes("--quick") ? QUICK : FULL);
} catch (error) {
  console.error(`Could not measure: ${(error as Error).stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
