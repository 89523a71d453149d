import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
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

/** Gets a browser: by apt-get as root on Debian and Ubuntu, elsewhere by Playwright's own download. */
function install(): void {
  if (isDebian() && process.getuid?.() === 0) {
    execFileSync("apt-get", ["update", "-qq"], { stdio: "inherit" });
    execFileSync("apt-get", ["install", "-y", "-qq", "chromium"], { stdio: "inherit" });
    return;
  }
  const cli = fileURLToPath(new URL("../../node_modules/playwright-core/cli.js", import.meta.url));
  execFileSync(process.execPath, [cli, "install", "chromium"], { stdio: "inherit" });
}

function findChromium(): string {
  const named = process.env.CHROME_PATH;
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named;
    throw new Error(`CHROME_PATH names ${named}, which is not there. ${HELP}`);
  }
  const found = usual();
  if (found !== undefined) return found;
  try {
    install();
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
  return chromium.launch({ executablePath: findChromium(), args: [...QUIET, ...sandbox] });
}
