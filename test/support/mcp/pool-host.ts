/**
 * A process that uses a program as tool server, prints the program's pid and ends as told: `exit` or `wait`. With
 * `--breed` the program starts another, whose pid is printed as well.
 */
import { openPool, programBody, serverRef } from "./pool.ts";

const [how = "wait", ...flags] = process.argv.slice(2);
const pool = openPool();
const ref = serverRef(programBody("stdio-server.ts", ...flags));

async function textOf(tool: string): Promise<string> {
  const outcome = await pool.callTool(ref, tool, {});
  if (outcome.kind !== "result") throw new Error(JSON.stringify(outcome));
  const [content] = outcome.result.content as { text: string }[];
  return content?.text ?? "";
}

const pids = [JSON.parse(await textOf("where")).pid];
if (flags.includes("--breed")) pids.push(await textOf("breed"));
process.stdout.write(`${pids.join(" ")}\n`);
if (how === "exit") process.exit(0);
