const MOST = 3;

/** The names that a wrong one may have been meant as, the closest first, at most three. */
export function nearMisses(wrong: string, names: Iterable<string>): string[] {
  const least = Math.max(2, Math.floor(wrong.length / 3));
  const wanted = plain(wrong);
  return [...names]
    .filter((name) => Math.abs(name.length - wrong.length) <= least)
    .map((name) => ({ name, steps: distance(wanted, plain(name)) }))
    .filter(({ steps }) => steps <= least)
    .sort((a, b) => a.steps - b.steps || (a.name < b.name ? -1 : 1))
    .slice(0, MOST)
    .map(({ name }) => name);
}

/** `clearCache`, `clear-cache` and `clear_cache` are the same slip. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]/g, "");
}

/** How many characters have to be put in, taken out or replaced (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
