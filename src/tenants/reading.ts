import { sql } from "kysely";
import type { Tx } from "../platform/database/index.ts";
import type { OpenRuns, Spend, SpentMonth, Tenant, TenantPage } from "./contract.ts";

const COUNTED_EXACTLY = 10_000;

type TenantRow = Tenant &
  Pick<TenantPage, "retention_ran_at"> & {
    month: string;
    spent_usd: number;
    remaining_usd: number | null;
    share: number | null;
  };

/** Reads a project with its month's money and its open runs; undefined when there is none that the transaction may see. */
export async function readTenantPage(tx: Tx, projectId: string): Promise<TenantPage | undefined> {
  // Of a limit of nothing, everything is used up from the start.
  const { rows } = await sql<TenantRow>`
    select p.project_id, p.display_name, p.migration_mode, p.budget_limit_usd, p.is_active, p.created_at, p.canary_percent,
      p.drains, p.separate_approver, p.retention_payload_days, p.retention_run_days, p.retention_ran_at,
      p.calls_per_minute, p.calls_per_day,
      to_char(now_in.month, 'YYYY-MM') as month, spent.usd as spent_usd,
      case when spent.usd > p.budget_limit_usd then 0 else p.budget_limit_usd - spent.usd end as remaining_usd,
      case when p.budget_limit_usd = 0 then 1 else round(spent.usd / p.budget_limit_usd, 4) end as share
    from projects p cross join awooop_month() as now_in (month)
      left join project_budgets b on b.project_id = p.project_id and b.month = now_in.month
      cross join lateral (select coalesce(b.spent_usd, 0) as usd) as spent
    where p.project_id = ${projectId}`.execute(tx);
  const row = rows[0];
  if (!row) return undefined;
  const { month, spent_usd, remaining_usd, share, ...tenant } = row;
  return {
    ...tenant,
    month: { month, spent_usd, limit_usd: tenant.budget_limit_usd, remaining_usd, share },
    open_runs: await countOpenRuns(tx, projectId),
  };
}

async function countOpenRuns(tx: Tx, projectId: string): Promise<OpenRuns> {
  const upTo = (state: string) => sql`(select count(*) from (
    select from runs where project_id = ${projectId} and state = ${state} limit ${COUNTED_EXACTLY + 1}) as counted)`;
  const { rows } = await sql<Omit<OpenRuns, "is_exact">>`
    select ${upTo("pending")} as pending, ${upTo("running")} as running,
      ${upTo("waiting_approval")} as waiting_approval`.execute(tx);
  const { pending = 0, running = 0, waiting_approval = 0 } = rows[0] ?? {};
  return {
    pending: Math.min(pending, COUNTED_EXACTLY),
    running: Math.min(running, COUNTED_EXACTLY),
    waiting_approval: Math.min(waiting_approval, COUNTED_EXACTLY),
    is_exact: Math.max(pending, running, waiting_approval) <= COUNTED_EXACTLY,
  };
}

/** Reads the money of a project's last months and what their deleted runs left behind. */
export async function readSpend(
  tx: Tx,
  projectId: string,
  months: number,
): Promise<Spend | undefined> {
  const project = await tx
    .selectFrom("projects")
    .select(["project_id", "budget_limit_usd"])
    .where("project_id", "=", projectId)
    .executeTakeFirst();
  if (!project) return undefined;
  type Row = Omit<SpentMonth, "forgotten"> & SpentMonth["forgotten"];
  const { rows } = await sql<Row>`
    select to_char(m.month, 'YYYY-MM') as month, coalesce(b.spent_usd, 0) as spent_usd,
      coalesce(sum(t.runs), 0) as runs, coalesce(sum(t.steps), 0) as steps, coalesce(sum(t.calls), 0) as calls,
      coalesce(sum(t.cost_usd), 0) as cost_usd
    from awooop_month() as now_in (month) cross join generate_series(0, ${months - 1}::int) as back
      cross join lateral (select (now_in.month - make_interval(months => back))::date as month) as m
      left join project_budgets b on b.project_id = ${projectId} and b.month = m.month
      left join run_totals t on t.project_id = ${projectId} and t.month = m.month
    group by m.month, b.spent_usd order by m.month desc`.execute(tx);
  return {
    ...project,
    months: rows.map(({ month, spent_usd, ...forgotten }) => ({ month, spent_usd, forgotten })),
  };
}
