// Takes the pictures of the README and of docs/console.md from the demo: `npm run picture` (needs a built console and a Chromium).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { launchChromium } from "../test/support/chromium.ts";
import { waitFor } from "../test/support/wait.ts";

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
const browser = await launchChromium();
try {
  const link = await waitFor(() => /http:\/\/\S+\/sign-in#\S+/.exec(output)?.[0], {
    timeoutMs: 60_000,
    what: "the demo's link",
  });
  const page = await browser.newPage({
    viewport: { width: 1440, height: 900 },
    colorScheme: "light",
    locale: "en-US",
  });
  await page.goto(link);
  await page
    .getByRole("button", { name: /^Approve/ })
    .first()
    .waitFor();
  // A person takes a while to look; without that there is no wait to see in the picture.
  await page.getByText(/waiting\sfor\sa\sperson,\s2\d\ss/).waitFor({ timeout: 60_000 });
  await page.screenshot({ path: file("../docs/images/run.png") });
  await page.goto(new URL("/", link).href);
  await page.locator(".recharts-surface").nth(1).waitFor();
  await page.screenshot({ path: file("../docs/images/overview.png") });
} finally {
  await browser.close();
  demo.kill("SIGINT");
  await exited;
}
