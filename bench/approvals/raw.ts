/**
 * The job engine alone: a process that sends a job when its parent says so, and tells how long it took until a worker of its
 * own began with it: `raw.ts DATABASE_URL`.
 */
import { PgBoss } from "pg-boss";

const [, , connectionString = ""] = process.argv;
const QUEUE = "raw";
const boss = new PgBoss({
  connectionString,
  schema: "bare",
  useListenNotify: true,
  schedule: false,
  max: 6,
});
boss.on("error", (error) => process.stderr.write(`job engine: ${error.message}\n`));
await boss.start();
await boss.createQueue(QUEUE, { notify: true, policy: "short", retryLimit: 0 });

let begun: ((at: number) => void) | undefined;
await boss.work(QUEUE, { pollingIntervalSeconds: 2, notifyPollingIntervalSeconds: 5 }, async () => {
  begun?.(performance.now());
});

process.on("message", async (message) => {
  if (message !== "send") return;
  const work = new Promise<number>((resolve) => {
    begun = resolve;
  });
  const asked = performance.now();
  await boss.send(QUEUE, { project_id: "bench", run_id: "none" });
  const sent = performance.now();
  const at = await work;
  process.send?.({ fromRequest: at - asked, fromAnswer: at - sent });
});
process.send?.({ port: 0 });
