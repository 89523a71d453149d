import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { usePageTitle } from "../../app/title.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Empty } from "../../ui/empty.tsx";
import { ListHead, ListTable, Older } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { NewTenantDialog } from "./new-tenant.tsx";
import { type Tenant, tenantPagesQuery } from "./queries.ts";
import { useIsPlatformAdmin } from "./rights.ts";

export function TenantsPage() {
  const { t } = useWords();
  usePageTitle(t("nav.pages.tenants"));
  const mayMake = useIsPlatformAdmin();
  const [making, setMaking] = useState(false);
  const pages = useInfiniteQuery(tenantPagesQuery);
  const first = pages.data?.pages[0];
  const rows = pages.data?.pages.flatMap((page) => page.tenants) ?? [];
  const heads = [
    { label: t("project.label") },
    { label: t("tenants.mode") },
    { label: t("tenants.budget"), isMinor: true, isNumber: true },
    { label: t("contracts.created"), isMinor: true, isNumber: true },
  ];
  return (
    <div className="page">
      <ListHead title={t("nav.pages.tenants")} total={first}>
        {mayMake && (
          <Button tone="ink" onClick={() => setMaking(true)}>
            {t("tenants.new")}
          </Button>
        )}
      </ListHead>
      {pages.isPending && <Bones head rows={6} label={t("common.loading")} />}
      {pages.isError && <ProblemNote error={pages.error} onRetry={() => pages.refetch()} />}
      {first && rows.length === 0 && (
        <Empty title={t("tenants.nothing")} why={t("tenants.nothing_why")} />
      )}
      {rows.length > 0 && (
        <ListTable caption={t("nav.pages.tenants")} heads={heads}>
          {rows.map((tenant) => (
            <Row key={tenant.project_id} tenant={tenant} />
          ))}
        </ListTable>
      )}
      <Older pages={pages} label={t("tenants.more")} />
      {making && <NewTenantDialog onClose={() => setMaking(false)} />}
    </div>
  );
}

function Row(props: { tenant: Tenant }) {
  const { t, moneyLimit, when } = useWords();
  const { tenant } = props;
  return (
    <tr>
      <td className="main">
        <Link className="what" to="/tenants/$projectId" params={{ projectId: tenant.project_id }}>
          {tenant.display_name}
        </Link>{" "}
        <code className="text-ink-2">{tenant.project_id}</code>
      </td>
      <td>
        <ModeTag tenant={tenant} />
      </td>
      <td className="minor n">
        {tenant.budget_limit_usd === null ? (
          <span className="text-ink-3">{t("servers.no_limit")}</span>
        ) : (
          moneyLimit(tenant.budget_limit_usd)
        )}
      </td>
      <td className="minor n">
        <time dateTime={tenant.created_at}>{when(tenant.created_at, Date.now())}</time>
      </td>
    </tr>
  );
}

/** How far a project has been handed over; one that is not active says so instead. */
export function ModeTag(props: { tenant: Tenant }) {
  const { t } = useWords();
  const { tenant } = props;
  if (!tenant.is_active) return <Tag tone="stopped">{t("project.inactive")}</Tag>;
  const mode = tenant.migration_mode;
  return (
    <Tag {...(mode === "shadow" ? { tone: "shadow-run" } : {})}>
      {t(`project.modes.${mode}`)}
      {mode === "canary" && ` ${tenant.canary_percent} %`}
    </Tag>
  );
}
