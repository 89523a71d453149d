import { join } from "node:path";
import type { Child } from "./child.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { fillCache } from "./shop/traffic.ts";
import { makeSecrets, type Stage, setUpProject, startServer, startShop } from "./stage.ts";
import { stopRequested } from "./stopping.ts";
import { alertCacheServiceSlow, alertDiskAlmostFull, ended, shopHealth, until } from "./story.ts";
import { approveRepair, finish, observeBefore } from "./unattended.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

const PACKAGE_DIR = join(import.meta.dirname, "..");
/** Of the 192 pages that fit, these are older than a day: clearing them brings 96 % down to 22 %. */
const OLD_PAGES = 148;
const WAIT_MS = 25_000;
const DAY_MS = 86_400_000;

const began = performance.now();

function say(text: string): void {
  const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${text}`);
}

async function build(options: Options, workspace: Workspace, children: Child[]): Promise<Stage> {
  const secrets = makeSecrets();
  const [api, shopUrl] = await Promise.all([
    startServer(PACKAGE_DIR, workspace, secrets, options.port, children),
    startShop(workspace, secrets, children),
  ]);
  say(`AwoooP is up at ${api.baseUrl}, with its own database.`);
  const assertRunning = async () => {
    for (const child of children) if (child.ended) throw await child.failure();
  };
  const stage: Stage = { api, secrets, shopUrl, workspace, assertRunning };
  const contracts = await setUpProject(PACKAGE_DIR, stage);
  say(`The project "demo" has its secrets and ${contracts} contracts.`);
  return stage;
}

/** Fills the shop's cache, posts both alerts; returns the two runs, the first one waiting. */
async function breakShop(stage: Stage): Promise<{ repair: string; blocked: string }> {
  const { shopUrl, workspace } = stage;
  say(`A shop runs at ${shopUrl}; its health page is green.`);
  const filled = await fillCache(shopUrl, workspace.shopCache, OLD_PAGES);
  const { code, health } = await shopHealth(shopUrl);
  say(`Traffic stored ${filled.stored} pages, then ${filled.refused} did not fit any more.`);
  say(`The cache is ${health.cache.percent} % full and the health page answers ${code}.`);
  const repair = await alertDiskAlmostFull(stage, health.cache.percent);
  say("Posted the alert DiskAlmostFull, as Alertmanager would.");
  const blocked = await alertCacheServiceSlow(stage);
  const stopped = await until(stage, "the second run to end", WAIT_MS, () => ended(stage, blocked));
  say(`A second agent tried a tool outside its contract: ${stopped.run.error_code}.`);
  return { repair, blocked };
}

/** Until the repair asks, or ends without asking; the id of its question. */
async function waitForQuestion(stage: Stage, runId: string): Promise<string> {
  return until(stage, "the repair to ask for approval", WAIT_MS, async () => {
    const question = await stage.api.openQuestion(runId);
    const over = question === undefined ? await ended(stage, runId) : undefined;
    if (over) throw new Error(`The repair ended without asking: ${describeEnd(over.run)}`);
    return question;
  });
}

function describeEnd(run: { state: string; error_code: string | null; error_detail: unknown }) {
  return [run.state, run.error_code, run.error_detail].filter(Boolean).join(", ");
}

function signInLink(stage: Stage, path: string): string {
  const { baseUrl } = stage.api;
  const fragment = new URLSearchParams({ key: stage.secrets.adminKey, to: path });
  return `${baseUrl}/sign-in#${fragment.toString().replaceAll("%2F", "/")}`;
}

/** Leaves the decision to the person in the browser, and says how it went. */
async function attended(stage: Stage, repair: string, blocked: string): Promise<void> {
  say("The agent has looked around. It wants to clear the cache, and waits for you:\n");
  console.log(`    ${signInLink(stage, `/runs/${repair}`)}\n`);
  say(`The blocked call is beside it, in run ${blocked.slice(0, 13)}.`);
  say(`The shop itself is at ${stage.shopUrl}. Ctrl-C ends the demo.`);
  const { run } = await until(stage, "the repair to end", DAY_MS, () => ended(stage, repair));
  const { code, health } = await shopHealth(stage.shopUrl);
  say(`The repair has ended: ${describeEnd(run)}.`);
  say(`The cache is ${health.cache.percent} % full and the health page answers ${code}.`);
  say("Everything stays up for you to look at, until Ctrl-C.");
  await until(stage, "Ctrl-C", DAY_MS, async () => undefined);
}

/** The whole demo with nobody at the browser; returns the exit code. */
async function unattended(stage: Stage, repair: string, blocked: string): Promise<number> {
  const before = await observeBefore(stage);
  const question = await waitForQuestion(stage, repair);
  say("The repair asks for approval; approving it through the public API.");
  await approveRepair(stage, repair, question);
  const lacking = await finish(stage, repair, blocked, before);
  console.log();
  if (lacking.length === 0) {
    say("Complete: the shop is healthy, the old files are gone, the timelines tell all of it.");
    return 0;
  }
  say("This is missing:");
  for (const sentence of lacking) console.log(`    - ${sentence}`);
  return 1;
}

async function play(options: Options, workspace: Workspace, children: Child[]): Promise<number> {
  const stage = await build(options, workspace, children);
  const { repair, blocked } = await breakShop(stage);
  if (options.unattended) return unattended(stage, repair, blocked);
  await waitForQuestion(stage, repair);
  await attended(stage, repair, blocked);
  return 0;
}

/** Runs the demo and always stops what it started; keeps its files only when it failed. */
async function perform(options: Options): Promise<number> {
  const workspace = await openWorkspace(options.demoDir);
  const children: Child[] = [];
  const stopped = stopRequested(children).then(() => (options.unattended ? 130 : 0));
  let exitCode = 1;
  try {
    exitCode = await Promise.race([play(options, workspace, children), stopped]);
  } catch (error) {
    say(`The demo failed. ${error instanceof Error ? error.message : error}`);
  }
  // The server first: it still talks to the shop while it stops.
  for (const child of children) await child.stop();
  if (exitCode === 1) say(`The logs are in ${workspace.root}, until the next demo.`);
  else await workspace.remove();
  return exitCode;
}

async function main(): Promise<number> {
  try {
    const options = readOptions(process.argv.slice(2), process.env, PACKAGE_DIR);
    if (!options.help) return await perform(options);
    console.log(USAGE);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
}

process.exit(await main());
