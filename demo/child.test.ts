import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Child, choosePort } from "./child.ts";

let folder: string;
let started: Child[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "awooop-child-"));
});
afterEach(async () => {
  for (const child of started) await child.stop();
  started = [];
  await rm(folder, { recursive: true });
});

function start(code: string, ...options: string[]): Child {
  const child = new Child({
    name: "The program",
    args: [...options, "--eval", code],
    env: process.env,
    cwd: folder,
    logFile: join(folder, "log"),
  });
  started.push(child);
  return child;
}

const listens = (port: number) =>
  `require("node:http").createServer((q, r) => r.end("yes")).listen(${port}, "127.0.0.1")`;

describe("a child", () => {
  it("is ready when its address answers, and gone when stopped", async () => {
    const port = await choosePort(0);
    const child = start(listens(port));
    await child.waitUntilReady(`http://127.0.0.1:${port}/`, 10_000);
    expect(child.ended).toBe(false);
    await child.stop();
    expect(child.ended).toBe(true);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
  });

  it("tells how it ended and its last words when it ends too early", async () => {
    const child = start('console.error("no more paper"); process.exit(3)');
    await expect(child.waitUntilReady("http://127.0.0.1:1/", 10_000)).rejects.toThrow(
      /The program ended with code 3.*no more paper/s,
    );
  });

  it("says so when it does not answer in time", async () => {
    const child = start("setInterval(() => {}, 1000)");
    await expect(child.waitUntilReady("http://127.0.0.1:1/", 200)).rejects.toThrow("within 0.2 s");
  });

  it("stops in good order when its parent is killed", async () => {
    const port = await choosePort(0);
    const preload = join(import.meta.dirname, "end-with-parent.ts");
    const child = join(import.meta.dirname, "child.ts");
    const grandchild = `process.on("SIGTERM", () => { console.log("goodbye"); process.exit(0) }); ${listens(port)}`;
    const args = JSON.stringify(["--import", preload, "--eval", grandchild]);
    const parent = start(
      `import(${JSON.stringify(child)}).then(({ Child }) => new Child({ name: "x", args: ${args},
        env: process.env, cwd: ".", logFile: ${JSON.stringify(join(folder, "inner"))} }));
       setInterval(() => {}, 1000)`,
    );
    await parent.waitUntilReady(`http://127.0.0.1:${port}/`, 10_000);
    parent.kill();
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => "up",
        () => "down",
      );
    await expect.poll(answers, { timeout: 5_000 }).toBe("down");
  });
});

describe("choosing a port", () => {
  let server: Server;
  beforeEach(async () => {
    server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => server.close());

  it("takes the preferred one when it is free, another when it is not", async () => {
    const taken = (server.address() as AddressInfo).port;
    expect(await choosePort(taken)).not.toBe(taken);
    const free = await choosePort(0);
    expect(await choosePort(free)).toBe(free);
  });
});
