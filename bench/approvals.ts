/**
 * How long after an approval the next step begins: a worker's run and a call that is held for its client, beside the job
 * engine alone, send → work; and how soon after a press in a chat, or a decision in another browser, everybody knows of it:
 * `npm run bench:approvals [-- --quick]`. See docs/performance.md.
 */
import { setTimeout as pause } from "node:timers/promises";
import { openPostgres } from "./api/postgres.ts";
import { machineOf } from "./api/report.ts";
import { measureChat } from "./approvals/chat.ts";
import { measureConsoles } from "./approvals/consoles.ts";
import { openGround, serveTool } from "./approvals/ground.ts";
import {
  figuresOf,
  type Measurements,
  ratioOf,
  spreadOf,
  spreadTable,
  tableOf,
} from "./approvals/report.ts";
import {
  CALLED,
  HELD,
  heldSide,
  rawSide,
  type Side,
  TAKEN,
  workerSide,
} from "./approvals/sides.ts";
import { startChild } from "./gateway/sides.ts";

interface Effort {
  rounds: number;
  /** Of each side, in each round. */
  samples: number;
  warmUp: number;
  /** Presses in a chat. */
  presses: number;
  /** Decisions in one browser that another one looks at. */
  decisions: number;
}

const FULL: Effort = { rounds: 20, samples: 25, warmUp: 50, presses: 100, decisions: 50 };
const QUICK: Effort = { rounds: 4, samples: 15, warmUp: 15, presses: 15, decisions: 5 };
/** So that what one sample leaves to be done does not fall into the next one. */
const PAUSE_MS = 30;

const closers: (() => unknown)[] = [];

async function cleanUp(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

async function measure(sides: readonly Side[], effort: Effort): Promise<Measurements> {
  const found: Measurements = new Map(sides.flatMap(({ rows }) => rows.map((row) => [row, []])));
  const round = async (order: readonly Side[], each: number, isWarm: boolean) => {
    for (const side of sides) await side.prepare(each);
    for (const side of order) {
      await side.begin();
      for (let count = 0; count < each; count++) {
        await pause(PAUSE_MS);
        const samples = await side.next();
        if (!isWarm) continue;
        for (const [at, sample] of samples.entries()) found.get(side.rows[at] ?? "")?.push(sample);
      }
    }
  };
  await round(sides, effort.warmUp, false);
  for (let count = 0; count < effort.rounds; count++) {
    const first = count % sides.length;
    await round([...sides.slice(first), ...sides.slice(0, first)], effort.samples, true);
  }
  return found;
}

async function run(effort: Effort): Promise<void> {
  const postgres = await openPostgres();
  closers.push(() => postgres.close());
  const { child } = await startChild(closers, "../approvals/raw.ts", [
    await postgres.makeDatabase(),
  ]);
  const tool = await serveTool(closers);
  const ground = await openGround(closers, await postgres.makeDatabase(), tool);
  const at = { ground, tool };
  const sides = [rawSide(child), workerSide(at), heldSide(closers, at)];
  const measurements = await measure(sides, effort);
  const pressed = await measureChat(closers, at, effort.presses);
  const seen = await measureConsoles(closers, ground, effort.decisions);
  const tables = [
    tableOf(measurements),
    spreadTable("from a press on Telegram until", pressed),
    spreadTable("from the answer to who decided in a browser until", seen),
  ];
  process.stdout.write(`${tables.join("\n\n")}\n`);
  const ratios = (of: "fromAnswer" | "fromRequest") => ({
    resume_p50: ratioOf(measurements, TAKEN, of),
    resume_call_p50: ratioOf(measurements, CALLED, of),
    resume_held_p50: ratioOf(measurements, HELD, of),
  });
  const line = {
    bench: "approvals",
    ratios: ratios("fromAnswer"),
    figures: {
      ...figuresOf(measurements),
      ratios_from_request: ratios("fromRequest"),
      chat: spreadOf(pressed),
      console_to_console: spreadOf(seen),
    },
    machine: machineOf(postgres.version),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => cleanUp().finally(() => process.exit(1)));
}
try {
  await run(process.argv.includes("--quick") ? QUICK : FULL);
} catch (error) {
  process.stderr.write(`Could not measure: ${(error as Error).stack}\n`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
