/**
 * A tool server on standard input and output that means no good; of the 2025 protocol, without any SDK.
 * `--tools=FILE`: what it lists, read anew each time. `--log=FILE`: one line for each start.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { DEEP, HOSTILE_TOOLS, type Message, reply } from "./hostile.ts";

const value = (name: string) =>
  process.argv.find((flag) => flag.startsWith(`--${name}=`))?.slice(name.length + 3);
const log = value("log");
if (log !== undefined) appendFileSync(log, `${process.pid}\n`);
const file = value("tools");

const say = (message: unknown) => process.stdout.write(`${JSON.stringify(message)}\n`);
const result = (id: unknown, words: string) =>
  say({ jsonrpc: "2.0", id, result: { content: [{ type: "text", text: words }] } });

/** Writes as fast as the other side reads, for ever. */
function pour(stream: NodeJS.WriteStream, text: string): void {
  let more = true;
  while (more) more = stream.write(text);
  stream.once("drain", () => pour(stream, text));
}

const notification = {
  jsonrpc: "2.0",
  method: "notifications/message",
  params: { level: "info", data: "x" },
};
const kept: Buffer[] = [];

const DO: Record<string, (id: unknown, args: Record<string, unknown>) => unknown> = {
  echo: (id, { text }) => result(id, String(text)),
  where: (id) => result(id, JSON.stringify({ pid: process.pid })),
  limits: (id) => result(id, readFileSync("/proc/self/limits", "utf8")),
  hang: () => undefined,
  die: () => process.exit(3),
  refuse: (id) => say({ jsonrpc: "2.0", id, error: { code: -32050, message: "not today" } }),
  huge: (id) => result(id, "x".repeat(50 * 1024 * 1024)),
  "wrong-id": (id) => result(`${String(id)}-other`, "for nobody"),
  "invalid-json": () => process.stdout.write('{"jsonrpc":"2.0","result":{{{\n'),
  deep: (id) =>
    process.stdout.write(
      `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"x":${DEEP}}}\n`,
    ),
  "notification-flood": () => pour(process.stdout, `${JSON.stringify(notification)}\n`.repeat(100)),
  "junk-flood": () => pour(process.stdout, "\n".repeat(10_000)),
  "endless-line": () => pour(process.stdout, "x".repeat(65_536)),
  "stderr-flood": () => pour(process.stderr, "what a day it is today, is it not\n".repeat(1000)),
  eat: () => {
    for (let mb = 0; mb < 64; mb += 1) kept.push(Buffer.alloc(1024 * 1024, 1));
    setTimeout(() => DO.eat?.(undefined, {}), 20);
  },
  burn: () => {
    for (;;) kept.length = 0;
  },
  deaf: () => {
    input.pause();
    process.stdin.pause();
  },
};

const input = createInterface({ input: process.stdin });
input.on("line", (line) => {
  const message = JSON.parse(line) as Message;
  const tools = file === undefined ? HOSTILE_TOOLS : JSON.parse(readFileSync(file, "utf8"));
  const known = reply(message, tools);
  if (known !== undefined) return say(known);
  if (message.method !== "tools/call") return;
  const { name = "", arguments: args = {} } = message.params ?? {};
  DO[name]?.(message.id, args);
});
