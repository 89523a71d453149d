/**
 * A tool server on standard input and output, of SDK v2.
 * `--modern-only`, `--legacy-only` (ends when asked for the newer protocol), `--stubborn` (ignores the end of its input
 * and SIGTERM), `--note=…` (appended to a description), `--log=FILE` (one line for each start).
 */
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { fixtureServer } from "./tools.ts";

const flags = process.argv.slice(2);
const value = (name: string) =>
  flags.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3);

const log = value("log");
if (log !== undefined) appendFileSync(log, `${process.pid}\n`);

const tools = { ran: new Map<string, number>(), note: value("note") ?? "" };

if (flags.includes("--stubborn")) {
  process.on("SIGTERM", () => undefined);
  setInterval(() => undefined, 1000);
}

if (flags.includes("--legacy-only")) {
  // Servers on some SDKs end on any request before `initialize`; the protocol's own fallback has to survive that.
  const input = new PassThrough();
  createInterface({ input: process.stdin }).on("line", (line) => {
    if (line.includes('"server/discover"')) process.exit(1);
    input.write(`${line}\n`);
  });
  await fixtureServer(tools).connect(new StdioServerTransport(input, process.stdout));
} else {
  serveStdio(() => fixtureServer(tools), {
    legacy: flags.includes("--modern-only") ? "reject" : "serve",
  });
}
