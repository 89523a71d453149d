import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { usePageTitle } from "../../app/title.ts";
import { useMayAct } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useOpened } from "../../ui/use-opened.ts";
import { askToFreeze } from "../freezes/asked.ts";
import { Secrets, useSecrets } from "../secrets/secrets.tsx";
import { ActivateDialog, DeactivateDialog } from "./activity-dialogs.tsx";
import { EditDialog } from "./edit-dialog.tsx";
import { ModeDialog } from "./mode-dialog.tsx";
import { spendQuery, type TenantPage as Tenant, tenantNowQuery } from "./queries.ts";
import { useIsPlatformAdmin } from "./rights.ts";
import { Spending } from "./spending.tsx";
import { ModeTag } from "./tenants-page.tsx";

/** One project: how far it has been handed over, its money, what is open in it, what it keeps, and its secrets' names. */
export function TenantPage() {
  const { t } = useWords();
  const { projectId } = useParams({ from: "/console/tenants/$projectId" });
  const tenant = useQuery(tenantNowQuery(projectId));
  const spend = useQuery(spendQuery(projectId));
  const secrets = useSecrets(projectId);
  const areThere = tenant.data !== undefined && !spend.isPending && !secrets.isLoading;
  const found = useOpened(projectId, areThere) ? tenant.data : undefined;
  usePageTitle(found?.display_name ?? projectId);
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/tenants">{t("nav.pages.tenants")}</Link>
        <Glyph name="right" className="sm" />
        <code>{projectId}</code>
      </div>
      <div className="head mt-0.5 mb-3">
        <h1 className="min-w-0 wrap-anywhere">{found?.display_name ?? projectId}</h1>
        {found && (
          <span className="pt-1">
            <ModeTag tenant={found} />
          </span>
        )}
        <span className="flex-1" />
        {found && <Actions tenant={found} />}
      </div>
      {!found && !tenant.isError && <Bones rows={10} label={t("common.loading")} />}
      {tenant.isError && <ProblemNote error={tenant.error} onRetry={() => tenant.refetch()} />}
      {found && <Loaded tenant={found} />}
    </div>
  );
}

type Asked = "mode" | "edit" | "deactivate" | "activate";

function Actions(props: { tenant: Tenant }) {
  const { t } = useWords();
  const { tenant } = props;
  const mayChange = useIsPlatformAdmin();
  const mayFreeze = useMayAct();
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  return (
    <div className="line flex-wrap">
      {mayFreeze && (
        <Button onClick={() => askToFreeze({ projectId: tenant.project_id })}>
          <Glyph name="freeze" className="text-stop-text" />
          {t("tenants.freeze")}
        </Button>
      )}
      {mayChange && (
        <>
          <Button onClick={() => setAsked("mode")}>{t("tenants.change_mode")}</Button>
          <Button onClick={() => setAsked("edit")}>{t("tenants.edit")}</Button>
          <Button onClick={() => setAsked(tenant.is_active ? "deactivate" : "activate")}>
            {tenant.is_active ? t("tenants.deactivate") : t("tenants.activate")}
          </Button>
        </>
      )}
      {asked === "mode" && <ModeDialog tenant={tenant} onClose={close} />}
      {asked === "edit" && <EditDialog tenant={tenant} onClose={close} />}
      {asked === "deactivate" && <DeactivateDialog tenant={tenant} onClose={close} />}
      {asked === "activate" && <ActivateDialog tenant={tenant} onClose={close} />}
    </div>
  );
}

function Loaded(props: { tenant: Tenant }) {
  const { t } = useWords();
  const { tenant } = props;
  const meaning = tenant.is_active
    ? t(`tenants.means.${tenant.migration_mode}`, { percent: tenant.canary_percent })
    : tenant.drains
      ? t("tenants.inactive_drains")
      : t("tenants.inactive");
  return (
    <>
      <TenantFacts tenant={tenant} />
      <p className="explain">{meaning}</p>
      <div className="sides">
        <section>
          <Spending tenant={tenant} />
          <Secrets projectId={tenant.project_id} />
        </section>
        <aside aria-label={t("tenants.rules")}>
          <Open tenant={tenant} />
          <Rules tenant={tenant} />
        </aside>
      </div>
    </>
  );
}

function TenantFacts(props: { tenant: Tenant }) {
  const { t, money, moneyLimit, number, when } = useWords();
  const { month, open_runs: open, created_at: created } = props.tenant;
  const total = open.pending + open.running + open.waiting_approval;
  return (
    <Facts>
      <Fact name={t("tenants.spent")}>
        <b>{money(month.spent_usd)}</b>{" "}
        <span className="text-ink-2">
          {month.limit_usd === null
            ? t("tenants.without_limit")
            : t("tenants.of_limit", { limit: moneyLimit(month.limit_usd) })}
        </span>
      </Fact>
      <Fact name={t("tenants.open_runs")}>
        {number(total)}
        {open.is_exact ? "" : "+"}
      </Fact>
      <Fact name={t("contracts.created")}>
        <time dateTime={created}>{when(created, Date.now())}</time>
      </Fact>
    </Facts>
  );
}

const OPEN = ["pending", "running", "waiting_approval"] as const;

/** Runs that are not over, each state a link to its list. */
function Open(props: { tenant: Tenant }) {
  const { t, number } = useWords();
  const { project_id: projectId, open_runs: open } = props.tenant;
  return (
    <section className="part">
      <h2>{t("tenants.open_runs")}</h2>
      <dl className="kv">
        {OPEN.map((state) => (
          <div key={state} className="contents">
            <dt>{t(`state.${state}`)}</dt>
            <dd>
              <Link
                className="inline-block min-w-6"
                to="/runs"
                search={{ project: projectId, state }}
              >
                {number(open[state])}
              </Link>
            </dd>
          </div>
        ))}
      </dl>
      <p className="mt-2">
        <Link to="/freezes" search={{ project: projectId }}>
          {t("freeze.title")}
        </Link>
      </p>
    </section>
  );
}

function Rules(props: { tenant: Tenant }) {
  const { t, number, when } = useWords();
  const { tenant } = props;
  const limit = (count: number | null) => (count === null ? t("servers.no_limit") : number(count));
  const days = (count: number | null) =>
    count === null ? t("tenants.for_ever") : t("tenants.days", { count });
  const rules: [string, string][] = [
    [t("tenants.second"), tenant.separate_approver ? t("tenants.yes") : t("tenants.no")],
    [t("tenants.per_minute"), limit(tenant.calls_per_minute)],
    [t("tenants.per_day"), limit(tenant.calls_per_day)],
    [t("tenants.payload_days"), days(tenant.retention_payload_days)],
    [t("tenants.run_days"), days(tenant.retention_run_days)],
    [
      t("tenants.forgotten_at"),
      tenant.retention_ran_at === null
        ? t("servers.never")
        : when(tenant.retention_ran_at, Date.now()),
    ],
  ];
  return (
    <section className="part">
      <h2>{t("tenants.rules")}</h2>
      <dl className="kv">
        {rules.map(([name, value]) => (
          <div key={name} className="contents">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
