/**
 * Reaches for the lock of one new data directory after another, each at an agreed moment, and prints
 * how each went: `lock-racer.ts FOLDER START_MS ROUNDS`. Two of these race each other.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EmbeddedPostgresError } from "../../src/platform/postgres/errors.ts";
import { own } from "../../src/platform/postgres/ownership.ts";

const SPACING_MS = 450;
const [folder = "", start = "", rounds = ""] = process.argv.slice(2);
const now = () => performance.timeOrigin + performance.now();
const results: string[] = [];

for (let round = 0; round < Number(rounds); round += 1) {
  const dataDir = join(folder, `round-${round}`);
  await mkdir(dataDir, { recursive: true });
  // Spinning, because a timer would wake the two some milliseconds apart, and nothing would collide.
  const moment = Number(start) + round * SPACING_MS;
  while (now() < moment);
  try {
    await own(dataDir);
    results.push("won");
  } catch (error) {
    results.push(error instanceof EmbeddedPostgresError ? error.code : String(error));
  }
}
// Ending frees the locks, for which the other may still be waiting.
await sleep(SPACING_MS);
process.stdout.write(JSON.stringify(results));
