import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { compileCache } from "../compile-cache.ts";
import { waitFor } from "../wait.ts";

const packages = new URL("../../../node_modules/@modelcontextprotocol/", import.meta.url);

/** The program of a tool server that others wrote, as it comes from npm. */
export const programOf = (name: "everything" | "filesystem" | "memory"): string =>
  fileURLToPath(new URL(`server-${name}/dist/index.js`, packages));

const INSPECTOR = fileURLToPath(new URL("inspector/clients/launcher/build/index.js", packages));

/** A process of somebody else's that listens. */
export interface OtherServer {
  url: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Starts `server-everything` over Streamable HTTP, with sessions as it keeps them. */
export async function startEverything(home: string): Promise<OtherServer> {
  const port = await freePort();
  const child = spawn(process.execPath, [programOf("everything"), "streamableHttp"], {
    env: { ...compileCache, PATH: process.env.PATH, HOME: home, PORT: String(port) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  await waitFor(() => said.includes("listening on port"), {
    timeoutMs: 30_000,
    what: "server-everything to listen",
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async stop() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

export interface Inspected {
  exitCode: number | null;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the Inspector prints
  printed: any;
  complaints: string;
}

/** Runs the Inspector's command line against an endpoint, and reads what it printed as JSON. */
export async function inspect(
  to: { url: string; key: string; home: string },
  ...args: string[]
): Promise<Inspected> {
  const header = `Authorization: Bearer ${to.key}`;
  const child = spawn(
    process.execPath,
    [INSPECTOR, "--cli", to.url, "--transport", "http", "--header", header, ...args],
    {
      env: { ...compileCache, PATH: process.env.PATH, HOME: to.home },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const out = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      out[name] += chunk;
    });
  }
  await once(child, "close");
  let printed: unknown;
  try {
    printed = JSON.parse(out.stdout);
  } catch {
    printed = out.stdout;
  }
  return { exitCode: child.exitCode, printed, complaints: out.stderr };
}
