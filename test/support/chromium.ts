import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";

const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/opt/google/chrome/chrome",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const HELP =
  "Install Chromium or Chrome (Debian: apt-get install chromium), or name one in CHROME_PATH.";

/** Without these, Chromium looks for its vendor's hosts at every start. */
const QUIET = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function isDebian(): boolean {
  try {
    return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}

function usual(): string | undefined {
  return USUAL_PLACES.find((path) => existsSync(path)) ?? downloaded();
}

/** A browser that Playwright downloaded earlier. */
function downloaded(): string | undefined {
  const cache = process.env.PLAYWRIGHT_BROWSERS_PATH ?? join(homedir(), ".cache", "ms-playwright");
  if (!existsSync(cache)) return undefined;
  const folder = readdirSync(cache).find((name) => name.startsWith("chromium-"));
  const program = folder && join(cache, folder, "chrome-linux", "chrome");
  return program !== undefined && existsSync(program) ? program : undefined;
}

/** How long it may take until a browser is there, where one has to be installed first. */
export const BROWSER_READY_MS = 300_000;

/** Under a lock: several test files find at once that there is no browser, and apt-get works for one at a time. */
const APT_GET = "command -v chromium || { apt-get update -qq && apt-get install -y -qq chromium; }";

/** Without blocking: the caller may be waiting for other programs meanwhile. */
async function run(program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}

/** Gets a browser: by apt-get as root on Debian and Ubuntu, elsewhere by Playwright's own download. */
async function install(): Promise<void> {
  if (isDebian() && process.getuid?.() === 0) {
    return run("flock", [join(tmpdir(), "awooop-chromium.lock"), "sh", "-c", APT_GET]);
  }
  const cli = fileURLToPath(new URL("../../node_modules/playwright-core/cli.js", import.meta.url));
  await run(process.execPath, [cli, "install", "chromium"]);
}

async function findChromium(): Promise<string> {
  const named = process.env.CHROME_PATH;
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named;
    throw new Error(`CHROME_PATH names ${named}, which is not there. ${HELP}`);
  }
  const found = usual();
  if (found !== undefined) return found;
  try {
    await install();
  } catch (cause) {
    throw new Error(`The browser tests need a Chromium and could not get one. ${HELP}`, { cause });
  }
  const installed = usual();
  if (installed !== undefined) return installed;
  throw new Error(`The browser tests need a Chromium and could not find one. ${HELP}`);
}

/** A real browser, headless: the one of CHROME_PATH, of the usual places, or one that is installed now. */
export async function launchChromium(): Promise<Browser> {
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return chromium.launch({ executablePath: await findChromium(), args: [...QUIET, ...sandbox] });
}
