import pg from "pg";
import { PgBoss } from "pg-boss";
import { QUEUES } from "./queues.ts";

/** The connection option that makes every session of the job engine act as its own role. */
export const JOBS_ROLE = "-c role=awooop_jobs";
const SENDERS = "awooop_app, awooop_platform, awooop_system";

/**
 * Installs or upgrades the job engine's schema and its queues, and lets the tenant roles send (not read) jobs inside
 * their own transactions.
 */
export async function installJobs(url: string): Promise<void> {
  const boss = new PgBoss({
    connectionString: url,
    options: JOBS_ROLE,
    schema: "pgboss",
    migrate: true,
    createSchema: false,
    supervise: false,
    schedule: false,
  });
  boss.on("error", () => {}); // the call that failed rejects with the same error
  await boss.start();
  try {
    for (const [name, options] of Object.entries(QUEUES)) {
      if (await boss.getQueue(name)) await boss.updateQueue(name, without(options, "policy"));
      else await boss.createQueue(name, { ...options, notify: true });
    }
  } finally {
    await boss.stop({ graceful: false });
  }
  await grantSending(url);
}

function without<T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> {
  const { [key]: _, ...rest } = value;
  return rest;
}

async function grantSending(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: JOBS_ROLE });
  await client.connect();
  try {
    // Sending reads back what it inserted, so a sender may read jobs, but not what they carry: a tenant's statement
    // would else see the ids of all tenants.
    const { rows } = await client.query<{ columns: string }>(`
      select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute
      where attrelid = 'pgboss.job'::regclass and attnum > 0 and not attisdropped
        and attname not in ('data', 'output', 'source_output', 'trace_context')`);
    const readable = rows[0]?.columns ?? "id";
    await client.query(`
      grant usage on schema pgboss to ${SENDERS};
      revoke select on pgboss.job, pgboss.job_common from ${SENDERS};
      grant insert, select (${readable}) on pgboss.job, pgboss.job_common to ${SENDERS};
      grant select on pgboss.queue to ${SENDERS};
      grant execute on all functions in schema pgboss to ${SENDERS};
    `);
  } finally {
    await client.end();
  }
}
