import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const DEMO_MS = 60_000;

let folder: string;
let running: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-demo-"));
});
afterEach(async () => {
  if (running && running.exitCode === null && running.signalCode === null) {
    const gone = once(running, "exit");
    running.kill("SIGTERM");
    await gone;
  }
  await rm(folder, { recursive: true, force: true });
});

function startDemo(...args: string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), ...args], {
    // Port 0: whichever is free, so that demos can run beside each other.
    env: { PATH: process.env.PATH, HOME: folder, AWOOOP_DEMO_DIR: folder, AWOOOP_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      printed.text += chunk;
    });
  }
  const closed = once(child, "close");
  /** Waits for words on its output; fails with all of it as soon as it ends without them. */
  const says = async (words: RegExp) => {
    const early = closed.then(() => {
      throw new Error(`The demo ended without saying ${words}:\n${printed.text}`);
    });
    const said = expect.poll(() => printed.text, { timeout: DEMO_MS }).toMatch(words);
    await Promise.race([said, early]);
    return words.exec(printed.text)?.[1] ?? "";
  };
  running = child;
  return { child, printed, closed, says };
}

const answers = (url: string) =>
  fetch(url).then(
    () => "up",
    () => "down",
  );

describe("the demo", () => {
  it(
    "repairs the shop unattended, tells both runs and leaves nothing behind",
    async () => {
      const { printed, closed } = startDemo("--yes");
      const [code] = await closed;
      expect(code, printed.text).toBe(0);
      expect(printed.text).toContain("Complete: the shop is healthy");
      expect(printed.text).toContain("E-CONTRACT-TOOL");
      expect(await readdir(folder)).toEqual([]);
    },
    DEMO_MS,
  );

  it(
    "waits for a person with one link, and ends everything on Ctrl-C",
    async () => {
      const demo = startDemo();
      const urls = [
        await demo.says(/(http:\/\/[\d.:]+)\/sign-in#key=awp_\w+&to=\/runs\/[0-9a-f-]{36}/),
        await demo.says(/The shop itself is at (\S+)\. Ctrl-C/),
      ];
      expect(await Promise.all(urls.map(answers))).toEqual(["up", "up"]);
      demo.child.kill("SIGINT");
      expect(await demo.closed).toEqual([0, null]);
      expect(await Promise.all(urls.map(answers))).toEqual(["down", "down"]);
      expect(await readdir(folder)).toEqual([]);
    },
    DEMO_MS,
  );

  it("explains itself, and refuses options that it does not know", async () => {
    const help = startDemo("--help");
    expect((await help.closed)[0]).toBe(0);
    expect(help.printed.text).toContain("--yes");
    const wrong = startDemo("--now");
    expect((await wrong.closed)[0]).toBe(2);
    expect(wrong.printed.text).toContain("--now");
  });
});
