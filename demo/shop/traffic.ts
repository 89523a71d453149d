import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { pagePath } from "./pages.ts";

/** How many refused writes it takes until the loop is satisfied that the cache is really full. */
const REFUSED_WRITES_WANTED = 37;
const HOUR_MS = 3_600_000;

export type Filled = { stored: number; backdated: number; refused: number };

/**
 * Customers: asks for one product after the other until the cache refuses pages. The first
 * `oldPages` files get the times of pages that were last stored one to three days ago, as they
 * would have in a shop that has run for longer than a demo.
 */
export async function fillCache(
  shopUrl: string,
  cacheFolder: string,
  oldPages: number,
  signal?: AbortSignal,
): Promise<Filled> {
  const filled: Filled = { stored: 0, backdated: 0, refused: 0 };
  for (let id = 1; filled.refused < REFUSED_WRITES_WANTED; id += 1) {
    const response = await fetch(new URL(`/products/${id}`, shopUrl), { signal: signal ?? null });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`The shop answered ${response.status} for product ${id}.`);
    const cache = response.headers.get("x-cache");
    if (cache === "not-stored") filled.refused += 1;
    if (cache !== "stored") continue;
    filled.stored += 1;
    if (id <= oldPages) {
      const ageHours = 26 + (id % 46);
      const then = new Date(Date.now() - ageHours * HOUR_MS);
      await utimes(join(cacheFolder, pagePath(id)), then, then);
      filled.backdated += 1;
    }
  }
  return filled;
}
