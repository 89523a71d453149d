import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HostileServer, serveHostile } from "../../test/support/mcp/hostile-http.ts";
import { openPool, programBody, serverRef } from "../../test/support/mcp/pool.ts";
import { waitFor } from "../../test/support/wait.ts";
import { createLog } from "../platform/log.ts";
import { HealthBook } from "./health.ts";
import type { ToolServerPool, ToolServerRef } from "./index.ts";

const POOL_HOST = fileURLToPath(new URL("../../test/support/mcp/pool-host.ts", import.meta.url));
const SOON = { timeoutMs: 30_000 };

let folder: string;
let starts: string;
let pool: ReturnType<typeof openPool>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "awooop-supervision-"));
  starts = join(folder, "starts");
  pool = openPool({ breakerResetMs: 1000 });
});

afterEach(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

const program = (more: object = {}) =>
  serverRef({ ...programBody("hostile-stdio.ts", `--log=${starts}`), ...more });
const startCount = () => readFileSync(starts, "utf8").trim().split("\n").length;

async function textOf(from: ToolServerPool, ref: ToolServerRef, tool: string): Promise<string> {
  const outcome = await from.callTool(ref, tool, {});
  if (outcome.kind !== "result") throw new Error(JSON.stringify(outcome));
  return (outcome.result.content as { text: string }[])[0]?.text ?? "";
}

const pidOf = async (ref: ToolServerRef): Promise<number> =>
  JSON.parse(await textOf(pool, ref, "where")).pid;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("a program that keeps ending", () => {
  it("is not started in a tight loop, and says when it will be", async () => {
    const ref = program();
    const outcomes: Awaited<ReturnType<ToolServerPool["callTool"]>>[] = [];
    for (let n = 0; n < 40; n++) outcomes.push(await pool.callTool(ref, "die", {}));
    // At the first end it may start again at once; at the second it has to wait.
    expect(startCount()).toBe(2);
    expect(outcomes.slice(0, 2)).toMatchObject([
      { code: "E-UPSTREAM-DIED", sent: true },
      { code: "E-UPSTREAM-DIED", sent: true },
    ]);
    expect(outcomes.at(-1)).toEqual({
      kind: "upstream_error",
      code: "E-UPSTREAM-DOWN",
      message: expect.stringMatching(
        /^The tool server's program ended 2 times in a row; it is started again in (1|0\.\d) s\. Last time: The tool server's program exited with code 3\.$/,
      ),
      sent: false,
      answered: false,
    });
    const answer = await waitFor(
      async () => {
        const outcome = await pool.callTool(ref, "echo", { text: "back" });
        return outcome.kind === "result" ? outcome : undefined;
      },
      { ...SOON, what: "the program to be started again" },
    );
    expect(answer.result).toMatchObject({ content: [{ text: "back" }] });
    expect(startCount()).toBe(3);
  });

  it("is seen by the operator: in what is known of its health and in the log", async () => {
    const health = new HealthBook(createLog("silent"));
    const watched = openPool({ health });
    const ref = program();
    await watched.callTool(ref, "echo", { text: "a" });
    expect(health.all()).toMatchObject([
      {
        projectId: "acme",
        serverId: "shop",
        state: "up",
        restarts: 0,
        facts: { protocolVersion: "2025-06-18", name: "hostile", version: "6.6.6" },
      },
    ]);
    for (let n = 0; n < 4; n++) await watched.callTool(ref, "die", {});
    expect(health.all()).toMatchObject([
      {
        state: "backing_off",
        restarts: 1,
        error: {
          code: "E-UPSTREAM-DIED",
          message: "The tool server's program exited with code 3.",
        },
        nextTryAt: expect.any(Number),
      },
    ]);
    await watched.close();
  });
});

describe("one process", () => {
  it("is for one project, unless its contract says that it is shared", async () => {
    const own = program();
    const [acme, globex] = [await pidOf(own), await pidOf({ ...own, projectId: "globex" })];
    expect(acme).not.toBe(globex);
    const shared = program({ sharing: "shared" });
    const first = await pidOf(shared);
    expect([acme, globex]).not.toContain(first);
    expect(await pidOf({ ...shared, projectId: "globex", serverId: "other-name" })).toBe(first);
    // Anything else in the contract is another program.
    const other = program({ sharing: "shared", timeout_seconds: 19 });
    expect(await pidOf({ ...other, projectId: "globex" })).not.toBe(first);
  });
});

describe.runIf(process.platform === "linux")("a program's limits", () => {
  it("are set before it begins", async () => {
    const limits = { cpu_seconds: 77, open_files: 99 };
    const told = await textOf(pool, program({ limits }), "limits");
    expect(told).toMatch(/Max cpu time +77 +77/);
    expect(told).toMatch(/Max open files +99 +99/);
    expect(told).toMatch(/Max core file size +0 +0/);
    expect(told).toMatch(new RegExp(`Max data size +${2048 * 1024 * 1024} `));
  });

  it("end it when it takes more memory, and nothing else", async () => {
    const other = program({ timeout_seconds: 21 });
    expect(await textOf(pool, other, "where")).toContain("pid");
    const eating = pool.callTool(program({ limits: { memory_mb: 400 } }), "eat", {});
    expect(await pool.callTool(other, "echo", { text: "a" })).toMatchObject({ kind: "result" });
    expect(await eating).toMatchObject({ code: "E-UPSTREAM-DIED", sent: true });
    const outcome = await eating;
    expect(outcome.kind === "upstream_error" && outcome.message).toMatch(
      /used \d+ MiB of memory, more than the 400 it may|was ended by SIG/,
    );
    expect(await pool.callTool(other, "echo", { text: "a" })).toMatchObject({ kind: "result" });
  }, 40_000);

  it("end it when it takes more processor time", async () => {
    const outcome = await pool.callTool(program({ limits: { cpu_seconds: 1 } }), "burn", {});
    expect(outcome).toMatchObject({ code: "E-UPSTREAM-DIED", sent: true });
    expect(outcome.kind === "upstream_error" && outcome.message).toContain("1 s of processor time");
  }, 40_000);
});

describe("a gateway that is killed", () => {
  it("leaves none behind: not a program that ignores everything, nor what that started", async () => {
    const host = spawn(process.execPath, [POOL_HOST, "wait", "--stubborn", "--breed"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = await once(host.stdout, "data");
      const pids = String(line).trim().split(" ").map(Number);
      expect(pids).toHaveLength(2);
      expect(pids.every(isAlive)).toBe(true);
      host.kill("SIGKILL");
      await waitFor(() => !pids.some(isAlive), { ...SOON, what: "both to end" });
    } finally {
      host.kill("SIGKILL");
    }
  }, 60_000);
});

describe("the circuit breaker", () => {
  let server: HostileServer;
  let ref: ToolServerRef;
  beforeEach(async () => {
    server = await serveHostile();
    ref = serverRef({ transport: "http", url: server.url, timeout_seconds: 5 });
  });
  afterEach(() => server.close());

  const fail = async (tool: string, times: number) => {
    for (let n = 0; n < times; n++) await pool.callTool(ref, tool, {}, { timeoutMs: 300 });
  };

  it.each(["crash", "die", "hang"])(
    "opens after calls that %s, tries again, and closes",
    async (tool) => {
      await fail(tool, 6);
      const before = server.requests;
      const outcome = await pool.callTool(ref, "echo", { text: "a" });
      expect(outcome).toMatchObject({
        code: "E-UPSTREAM-DOWN",
        message: expect.stringMatching(
          /left alone; the next try is in (1|0\.\d) s\. Last time: The /,
        ),
        sent: false,
      });
      expect(server.requests).toBe(before);
      await waitFor(
        async () => (await pool.callTool(ref, "echo", { text: "a" })).kind === "result",
        { ...SOON, what: "the breaker to close" },
      );
      expect(await pool.callTool(ref, "echo", { text: "b" })).toMatchObject({ kind: "result" });
    },
  );

  it("opens again when the one try fails", async () => {
    await fail("crash", 6);
    await waitFor(
      async () => {
        const outcome = await pool.callTool(ref, "crash", {});
        return outcome.kind === "upstream_error" && outcome.code === "E-UPSTREAM-DIED";
      },
      { ...SOON, what: "a try" },
    );
    expect(await pool.callTool(ref, "echo", { text: "a" })).toMatchObject({
      code: "E-UPSTREAM-DOWN",
    });
  });

  it("does not mind errors of tools, answers that are wrong, or callers that leave", async () => {
    await fail("refuse", 10);
    await fail("invalid-json", 10);
    for (let n = 0; n < 10; n++) {
      const signal = AbortSignal.timeout(20);
      await pool.callTool(ref, "hang", {}, { signal });
    }
    expect(await pool.callTool(ref, "echo", { text: "a" })).toMatchObject({ kind: "result" });
  });

  it("is for one tool server alone", async () => {
    await fail("crash", 6);
    const other = serverRef({ transport: "http", url: server.url, timeout_seconds: 6 }, "other");
    expect(await pool.callTool(other, "echo", { text: "a" })).toMatchObject({ kind: "result" });
  });
});

describe("time-outs of one's own", () => {
  it("an answer that stops coming is given up", async () => {
    const server = await serveHostile();
    const body = {
      transport: "http",
      url: server.url,
      timeout_seconds: 30,
      idle_timeout_seconds: 1,
    };
    for (const tool of ["hang", "hang-in-stream"]) {
      expect(await pool.callTool(serverRef(body), tool, {})).toMatchObject({
        code: "E-UPSTREAM-TIMEOUT",
        message: "The tool server sent nothing for 1 s.",
        sent: true,
        answered: false,
      });
    }
    expect(await pool.callTool(serverRef(body), "echo", { text: "a" })).toMatchObject({
      kind: "result",
    });
    await server.close();
  });

  it("a connection that is not made is given up", async () => {
    const mute = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(mute, "listening");
    const { port } = mute.address() as { port: number };
    const url = `https://127.0.0.1:${port}/mcp`;
    const body = { transport: "http", url, timeout_seconds: 30, connect_timeout_seconds: 0.5 };
    expect(await pool.callTool(serverRef(body), "echo", {})).toMatchObject({
      code: "E-UPSTREAM-CONNECT",
      message: expect.stringContaining("0.5 s"),
      sent: false,
    });
    mute.close();
  });
});
