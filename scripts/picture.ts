/**
 * Takes the pictures of the README, docs/console.md and docs/console-parts.md from the demo: `npm run picture` (needs a built
 * console, a Chromium and, for 繁體中文, a font with its characters); `npm run picture -- runs parts/menu` takes some of them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Locator, Page } from "playwright-core";
import { launchChromium } from "../test/support/chromium.ts";
import { openSignedIn } from "../test/support/page.ts";
import { waitFor } from "../test/support/wait.ts";
import { PAGES, type Scene } from "./pictures/pages.ts";
import { PARTS } from "./pictures/parts.ts";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const demo = spawn(process.execPath, [file("../demo/main.ts")], {
  env: { ...process.env, AWOOOP_DEMO_DIR: "/tmp/awooop-demo" },
  stdio: ["ignore", "pipe", "inherit"],
});
const exited = once(demo, "exit");
let output = "";
demo.stdout.setEncoding("utf8").on("data", (chunk: string) => {
  output += chunk;
});

/** As much around a part as lets it stand free. */
const AROUND_PX = 8;

async function shoot(page: Page, path: string, part: Locator | undefined): Promise<void> {
  if (!part) {
    await page.screenshot({ path });
    return;
  }
  await part.scrollIntoViewIfNeeded();
  const box = await part.boundingBox();
  if (!box) throw new Error(`Nothing is there for ${path}.`);
  const { width: most, height: tallest } = page.viewportSize() ?? { width: 0, height: 0 };
  const x = Math.max(0, box.x - AROUND_PX);
  const y = Math.max(0, box.y - AROUND_PX);
  const width = Math.min(most - x, box.width + 2 * AROUND_PX);
  const height = Math.min(tallest - y, box.height + 2 * AROUND_PX);
  await page.screenshot({ path, clip: { x, y, width, height } });
}

async function take(browser: Browser, link: URL, scene: Scene): Promise<void> {
  const said = new URLSearchParams(link.hash.slice(1));
  const server = { url: link.origin, key: said.get("key") ?? "" };
  const { page, close } = await openSignedIn(browser, scene.visitor, server);
  // Less high than the tests' windows: a picture is to be small.
  await page.setViewportSize({ width: scene.visitor.width, height: 720 });
  await page.goto(link.origin + (scene.path ?? said.get("to") ?? "/"));
  const part = await scene.prepare(page);
  // What appears has come to rest.
  await page.waitForTimeout(400);
  await shoot(page, file(`../docs/images/${scene.name}.png`), part ?? undefined);
  await close();
}

const named = process.argv.slice(2);
const scenes = [...PAGES, ...PARTS].filter(
  ({ name }) => named.length === 0 || named.includes(name),
);
const browser = await launchChromium();
try {
  await mkdir(file("../docs/images/parts"), { recursive: true });
  const link = await waitFor(() => /http:\/\/\S+\/sign-in#\S+/.exec(output)?.[0], {
    timeoutMs: 120_000,
    what: "the demo's link",
  });
  for (const scene of scenes) {
    await take(browser, new URL(link), scene).catch((error: Error) => {
      console.error(`${scene.name}: ${error.message}`);
      process.exitCode = 1;
    });
  }
} finally {
  await browser.close();
  demo.kill("SIGINT");
  await exited;
}
