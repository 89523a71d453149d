import { readFile } from "node:fs/promises";
import { Client } from "pg";

/** What a database holds. */
export interface Size {
  /** Tenants; those without runs exist all the same. */
  projects: number;
  /** Runs of the project that is asked about. */
  own: number;
  /** Runs in all. */
  runs: number;
  /** Whether all runs belong to the project that is asked about, or go round all projects. */
  askedOnly: boolean;
  /** Open questions for `decide`, in a project of their own. */
  questions: number;
}

/** Of the one long run: 10,000 timeline items with its creation, start, end, event and 16 messages. */
const LONG_STEPS = 4_990;
const LANES = 2;

/**
 * Fills a migrated database by SQL alone. Secondary indexes are dropped first and made anew at the end, foreign keys and
 * triggers rest meanwhile; afterwards the tables are vacuumed and analyzed.
 *
 * @param url of a superuser
 */
export async function seed(url: string, size: Size): Promise<void> {
  const textOf = (name: string) => readFile(new URL(name, import.meta.url), "utf8");
  const client = await open(url);
  try {
    const indexes = await dropIndexes(client);
    const { projects, own, runs, questions, askedOnly } = size;
    await client.query(
      `set bench.projects = ${projects}; set bench.own = ${own}; set bench.runs = ${runs};
       set bench.questions = ${questions}; set bench.long_steps = ${LONG_STEPS}; set bench.asked_only = ${askedOnly}`,
    );
    await client.query(await textOf("seed-base.sql"));
    for (const name of ["seed-rows.sql", "seed-words.sql"]) {
      await inLanes(url, (await textOf(name)).split(/^-- part: .*$/m).slice(1));
    }
    await inLanes(url, indexes);
    await client.query("drop schema bench cascade");
    await inLanes(
      url,
      (await tables(client)).map((table) => `vacuum (analyze) ${table}`),
    );
    await client.query("checkpoint");
  } finally {
    await client.end();
  }
}

async function open(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on("error", () => {}); // what is under way rejects with the same error
  await client.connect();
  await client.query(
    `set search_path = awooop; set session_replication_role = replica; set maintenance_work_mem = '512MB';
     set work_mem = '64MB'; set synchronous_commit = off; set client_min_messages = warning`,
  );
  return client;
}

/** Drops the indexes that no constraint needs; answers the statements that make them. */
async function dropIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(`
    select i.indexrelid::regclass::text as name, pg_get_indexdef(i.indexrelid) as definition
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = 'awooop'::regnamespace and not exists (
      select from pg_constraint k where k.conindid = i.indexrelid)
    order by pg_relation_size(i.indrelid) desc, name`);
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition);
}

async function tables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    select oid::regclass::text as name from pg_class
    where relnamespace = 'awooop'::regnamespace and relkind = 'r' order by relpages desc`);
  return rows.map(({ name }) => name);
}

/** Runs statements in two sessions at a time. */
async function inLanes(url: string, statements: readonly string[]): Promise<void> {
  const waiting = statements.values();
  const lane = async () => {
    const client = await open(url);
    try {
      for (const statement of waiting) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}
