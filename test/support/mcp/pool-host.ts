/** A process that uses a program as tool server, prints the program's pid and ends as told: `exit` or `wait`. */
import { openPool, programBody, serverRef } from "./pool.ts";

const [how = "wait", ...flags] = process.argv.slice(2);
const pool = openPool();
const outcome = await pool.callTool(
  serverRef(programBody("stdio-server.ts", ...flags)),
  "where",
  {},
);
if (outcome.kind !== "result") throw new Error(outcome.message);
const [content] = outcome.result.content as { text: string }[];
process.stdout.write(`${JSON.parse(content?.text ?? "").pid}\n`);
if (how === "exit") process.exit(0);
