import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openPool, programBody, serverRef } from "../../test/support/mcp/pool.ts";
import { waitFor } from "../../test/support/wait.ts";
import type { ClientPeer, ToolServerPool } from "./index.ts";

const POOL_HOST = fileURLToPath(new URL("../../test/support/mcp/pool-host.ts", import.meta.url));

let folder: string;
let starts: string;
let pool: ReturnType<typeof openPool>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "awooop-stdio-"));
  starts = join(folder, "starts");
  pool = openPool({ secrets: { TOKEN: "s3cr3t-value" } });
});

afterEach(async () => {
  await pool.close();
  rmSync(folder, { recursive: true });
});

const fixture = (...flags: string[]) =>
  serverRef(programBody("stdio-server.ts", `--log=${starts}`, ...flags));
const startCount = () => readFileSync(starts, "utf8").trim().split("\n").length;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function textOf(
  from: ToolServerPool,
  ref: ReturnType<typeof fixture>,
  tool: string,
): Promise<string> {
  const outcome = await from.callTool(ref, tool, {});
  if (outcome.kind !== "result") throw new Error(JSON.stringify(outcome));
  return (outcome.result.content as { text: string }[])[0]?.text ?? "";
}

describe("a program as a tool server", () => {
  it.each([
    ["of both eras", "stdio-server.ts", [], 1],
    ["of the newer era only", "stdio-server.ts", ["--modern-only"], 1],
    ["that ends when asked for the newer era", "stdio-server.ts", ["--legacy-only"], 2],
  ])("%s answers", async (_what, file, flags, expectedStarts) => {
    const ref = serverRef(programBody(file, `--log=${starts}`, ...flags));
    expect(await pool.callTool(ref, "echo", { text: "hello" })).toMatchObject({
      kind: "result",
      result: { structuredContent: { said: "hello" } },
    });
    expect(startCount()).toBe(expectedStarts);
  });

  it("of SDK v1 answers", async () => {
    const ref = serverRef(programBody("stdio-server-v1.ts"));
    expect(await pool.listTools(ref)).toMatchObject({
      ...{ kind: "tools", tools: [{ name: "echo" }, { name: "hurry" }] },
    });
    expect(await pool.callTool(ref, "echo", { text: "hello" })).toEqual({
      kind: "result",
      result: { content: [{ type: "text", text: "hello" }] },
    });
  });

  it("is heard to the last word that comes in one go with its answer", async () => {
    const heard: unknown[] = [];
    const peer: ClientPeer = {
      ...{ capabilities: {}, logLevel: undefined, wantsProgress: true, takesRounds: false },
      notify: (_method, { progress }) => void heard.push(progress),
      request: () => Promise.reject(new Error("is asked nothing")),
    };
    const ref = serverRef(programBody("stdio-server-v1.ts"));
    expect(await pool.callTool(ref, "hurry", {}, { peer })).toMatchObject({ kind: "result" });
    expect(heard).toEqual([1, 2, 3]);
  });

  it("is not asked for the newer era again once it is known to end on that", async () => {
    await pool.callTool(fixture("--legacy-only"), "echo", { text: "a" });
    await pool.callTool(fixture("--legacy-only"), "die", {});
    await pool.callTool(fixture("--legacy-only"), "echo", { text: "b" });
    expect(startCount()).toBe(3);
  });

  it("is started once for calls at the same time", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => pool.callTool(fixture(), "echo", { text: `n${n}` })),
    );
    expect(
      outcomes.map((outcome) => outcome.kind === "result" && outcome.result.structuredContent),
    ).toEqual(Array.from({ length: 20 }, (_, n) => ({ said: `n${n}` })));
    expect(startCount()).toBe(1);
  });

  it("gets no environment but the contract's, with its secrets, and a folder of its own choice", async () => {
    const ref = serverRef({
      ...programBody("stdio-server.ts"),
      env: { LEVEL: "high", AUTH: "secret:TOKEN" },
      cwd: folder,
    });
    const { env, cwd } = JSON.parse(await textOf(pool, ref, "where"));
    expect({ env, cwd }).toEqual({ env: { LEVEL: "high", AUTH: "s3cr3t-value" }, cwd: folder });
  });

  it("has its standard error logged without secrets and within bounds", async () => {
    const ref = serverRef({ ...programBody("stdio-server.ts"), env: { AUTH: "secret:TOKEN" } });
    await pool.callTool(ref, "mutter", { text: "the token is s3cr3t-value!" });
    const said = () => pool.logged.filter((line) => line.includes("tool server says"));
    await waitFor(() => said().length > 0, { timeoutMs: 15_000, what: "the line in the log" });
    expect(said()[0]).toContain("the token is …!");
    await pool.callTool(ref, "mutter", {
      text: Array.from({ length: 500 }, () => "noise").join("\n"),
    });
    await pool.callTool(ref, "mutter", { text: "end" });
    expect(said().length).toBeLessThan(120);
    expect(pool.logged.join("")).not.toContain("s3cr3t");
  });

  it("is started again after it ended", async () => {
    const first = JSON.parse(await textOf(pool, fixture(), "where")).pid;
    process.kill(first, "SIGKILL");
    await waitFor(() => !isAlive(first), { timeoutMs: 15_000, what: "the program's end" });
    const second = await waitFor(
      async () => JSON.parse(await textOf(pool, fixture(), "where").catch(() => "{}")).pid,
      { timeoutMs: 15_000, what: "another program" },
    );
    expect(second).not.toBe(first);
  });
});

describe("what goes wrong with a program", () => {
  it("dying in a call has the call's fate unknown", async () => {
    expect(await pool.callTool(fixture(), "die", {})).toEqual({
      kind: "upstream_error",
      code: "E-UPSTREAM-DIED",
      message: "The tool server's program exited with code 3.",
      sent: true,
      answered: false,
    });
  });

  it("hanging ends at the time-out, and others go on", async () => {
    // The time-out counts from asking for the connection, so that stands first.
    await pool.listTools(fixture());
    const hanging = pool.callTool(fixture(), "hang", {}, { timeoutMs: 700 });
    expect(await pool.callTool(fixture(), "echo", { text: "still here" })).toMatchObject({
      kind: "result",
    });
    expect(await hanging).toEqual({
      kind: "upstream_error",
      code: "E-UPSTREAM-TIMEOUT",
      message: "The tool server did not answer within 0.7 s.",
      sent: true,
      answered: false,
    });
    expect(startCount()).toBe(1);
  });

  it("a caller that goes away ends the waiting", async () => {
    await pool.listTools(fixture());
    const gone = new AbortController();
    const hanging = pool.callTool(fixture(), "hang", {}, { signal: gone.signal });
    setImmediate(() => gone.abort());
    expect(await hanging).toMatchObject({ code: "E-CALL-LOST", sent: true });
    expect(
      await pool.callTool(fixture(), "echo", { text: "a" }, { signal: gone.signal }),
    ).toMatchObject({
      code: "E-CALL-LOST",
      sent: false,
    });
  });

  it("a result above the limit is refused, one far above it ends the program", async () => {
    expect(await pool.callTool(fixture(), "huge", { bytes: 2 * 1024 * 1024 })).toMatchObject({
      code: "E-UPSTREAM-SIZE",
      message: "The tool's result is larger than 1048576 bytes.",
      sent: true,
      answered: false,
    });
    expect(startCount()).toBe(1);
    expect(await pool.callTool(fixture(), "huge", { bytes: 50 * 1024 * 1024 })).toMatchObject({
      code: "E-UPSTREAM-SIZE",
      sent: true,
    });
    expect(await pool.callTool(fixture(), "echo", { text: "again" })).toMatchObject({
      kind: "result",
    });
    expect(startCount()).toBe(2);
  });

  it.each([
    [
      "a program that does not exist",
      { transport: "stdio", command: "/no/such/program" },
      "E-UPSTREAM-CONNECT",
    ],
    [
      "a program that ends at once",
      { transport: "stdio", command: process.execPath, args: ["-e", "process.exit(7)"] },
      "E-UPSTREAM-DIED",
    ],
    [
      "a program that never answers",
      {
        transport: "stdio",
        command: process.execPath,
        args: ["-e", "setInterval(() => 0, 1000)"],
        timeout_seconds: 1,
      },
      "E-UPSTREAM-CONNECT",
    ],
    [
      "a program that talks nonsense",
      {
        transport: "stdio",
        command: process.execPath,
        args: ["-e", "setInterval(() => console.log('{\"no\": json'), 50)"],
        timeout_seconds: 1,
      },
      "E-UPSTREAM-CONNECT",
    ],
    [
      "a secret that is missing",
      { ...programBody("stdio-server.ts"), env: { A: "secret:NO_SUCH" } },
      "E-SECRET-MISSING",
    ],
    ["a contract that is not valid", { transport: "stdio" }, "E-CONTRACT-INVALID"],
  ])("%s fails before anything is sent", async (_what, body, code) => {
    expect(await pool.callTool(serverRef(body), "echo", {})).toMatchObject({ code, sent: false });
  });

  it("is not started at all where programs are off", async () => {
    const off = openPool({ allowStdio: false });
    expect(await off.callTool(fixture(), "echo", { text: "a" })).toMatchObject({
      code: "E-STDIO-OFF",
      sent: false,
    });
    expect(() => startCount()).toThrow("ENOENT");
    await off.close();
  });
});

describe("closing", () => {
  it("leaves no process behind: not a stubborn one, not one that a tool started", async () => {
    const ref = fixture("--stubborn");
    const { pid } = JSON.parse(await textOf(pool, ref, "where"));
    const bred = Number(await textOf(pool, ref, "breed"));
    expect([isAlive(pid), isAlive(bred)]).toEqual([true, true]);
    await pool.close();
    await waitFor(() => !isAlive(pid) && !isAlive(bred), {
      timeoutMs: 15_000,
      what: "both to end",
    });
    expect(await pool.callTool(ref, "echo", { text: "a" })).toMatchObject({
      code: "E-UPSTREAM-CONNECT",
      sent: false,
    });
  });

  it("ends what is being started, too", async () => {
    const silent = serverRef({
      transport: "stdio",
      command: process.execPath,
      args: ["-e", "setInterval(() => 0, 1000)"],
    });
    const call = pool.callTool(silent, "echo", {});
    await new Promise((resolve) => setImmediate(resolve));
    const started = Date.now();
    await pool.close();
    expect(Date.now() - started).toBeLessThan(4000);
    expect(await call).toMatchObject({ kind: "upstream_error", sent: false });
  });

  it.each([
    ["that exits without closing", "exit", ["--stubborn"]],
    ["that is killed", "wait", []],
  ])("is not needed for the programs of a process %s", async (_what, how, flags) => {
    const host = spawn(process.execPath, [POOL_HOST, how, ...flags], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line] = await once(host.stdout, "data");
      const pid = Number(line);
      expect(pid).toBeGreaterThan(1);
      if (how === "wait") host.kill("SIGKILL");
      await waitFor(() => !isAlive(pid), { timeoutMs: 15_000, what: "the program's end" });
    } finally {
      host.kill("SIGKILL");
    }
  });

  it("happens by itself to a program that nobody uses", async () => {
    const idle = openPool({ idleMs: 200 });
    const { pid } = JSON.parse(await textOf(idle, fixture(), "where"));
    await waitFor(() => !isAlive(pid), { timeoutMs: 15_000, what: "the idle program's end" });
    await idle.close();
  });
});
