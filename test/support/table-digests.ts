import { TABLES } from "./rls-cases.ts";
import { withClient } from "./server.ts";

/** What every table holds, and how many jobs there are: two of these are equal when nothing was written in between. */
export type Digests = Record<string, string>;

/**
 * Reads everything, except when a key was last used and a run last gave a sign of life: both are noted by asking alone.
 */
export async function digestTables(url: string): Promise<Digests> {
  return withClient(url, async (client) => {
    const digests: Digests = {};
    for (const [table, { grants }] of Object.entries(TABLES)) {
      const reader = (["platform", "system"] as const).find((role) => grants[role]?.includes("s"));
      if (reader === undefined) continue;
      await client.query(`set role awooop_${reader}`);
      const { rows } = await client.query<{ digest: string }>(
        `select count(*) || ' ' || coalesce(md5(string_agg(row, e'\\n' order by row)), '') as digest from (
           select (to_jsonb(t) - 'last_used_at' - 'heartbeat_at')::text as row from awooop.${table} t) rows`,
      );
      digests[table] = rows[0]?.digest ?? "";
    }
    const jobs = await client.query<{ digest: string }>(
      "select count(*)::text as digest from pgboss.job",
    );
    digests["pgboss.job"] = jobs.rows[0]?.digest ?? "";
    return digests;
  });
}

/** The tables that differ. */
export function changedTables(before: Digests, after: Digests): string[] {
  return Object.keys(after).filter((table) => before[table] !== after[table]);
}
