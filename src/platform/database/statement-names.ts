/** How often a statement comes before it is worth a name. */
const USES = 3;
const MOST_NAMES = 200;
const MOST_COUNTED = 2_000;

/**
 * Gives statements that come again and again a name, under which each connection prepares them once: planning a long query
 * can cost more than running it. Bounded, for every prepared statement takes memory on every connection.
 */
export interface StatementNames {
  /** The statement's name; undefined for one that is to be sent as it is. */
  nameOf(text: string): string | undefined;
}

export function createStatementNames(): StatementNames {
  const names = new Map<string, string>();
  const uses = new Map<string, number>();
  return {
    nameOf(text) {
      const known = names.get(text);
      if (known !== undefined || names.size >= MOST_NAMES) return known;
      const count = (uses.get(text) ?? 0) + 1;
      if (count < USES) {
        if (uses.size >= MOST_COUNTED) uses.clear();
        uses.set(text, count);
        return undefined;
      }
      uses.delete(text);
      const name = `awooop_${names.size + 1}`;
      names.set(text, name);
      return name;
    },
  };
}
