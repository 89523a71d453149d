import { TABLES } from "./rls-cases.ts";
import { withClient } from "./server.ts";

/** What every table holds, and how many jobs there are: two of these are equal when nothing was written in between. */
export type Digests = Record<string, string>;

/** Noted by asking alone: when a key was last used, and when a run last gave a sign of life. */
const LEFT_OUT = "- 'last_used_at' - 'heartbeat_at'";

function readableBy(role: "platform" | "system"): string[] {
  return Object.keys(TABLES).filter((table) => TABLES[table]?.grants[role]?.includes("s"));
}

const digestOf = (table: string) => `
  select '${table}' as name, count(*) || ' ' || coalesce(md5(string_agg(row, e'\\n' order by row)), '') as digest
  from (select (to_jsonb(t) ${LEFT_OUT})::text as row from awooop.${table} t) rows`;

const PLATFORM = readableBy("platform").map(digestOf).join(" union all ");
const SYSTEM = readableBy("system")
  .filter((table) => !readableBy("platform").includes(table))
  .map(digestOf)
  .join(" union all ");
const JOBS = "select 'pgboss.job' as name, count(*)::text as digest from pgboss.job";

/** Reads everything, with the rights of the roles that see all of a table. */
export async function digestTables(url: string): Promise<Digests> {
  return withClient(url, async (client) => {
    await client.query("set role awooop_platform");
    const { rows } = await client.query(`${PLATFORM} union all ${JOBS}`);
    await client.query("set role awooop_system");
    const more = await client.query(SYSTEM);
    return Object.fromEntries([...rows, ...more.rows].map(({ name, digest }) => [name, digest]));
  });
}

/** The tables that differ. */
export function changedTables(before: Digests, after: Digests): string[] {
  return Object.keys(after).filter((table) => before[table] !== after[table]);
}
