import { useQuery } from "@tanstack/react-query";
import { useWords } from "../../app/words.ts";
import { cx } from "../../ui/cx.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { type Spend, spendQuery, type TenantPage } from "./queries.ts";

/** From there on somebody should know. */
const CLOSE = 0.9;

/** This month's money against the limit, and the months before, as bars beside their numbers. */
export function Spending(props: { tenant: TenantPage }) {
  const { t } = useWords();
  const { tenant } = props;
  const spend = useQuery(spendQuery(tenant.project_id));
  return (
    <section>
      <div className="sec">
        <h2>{t("tenants.spending")}</h2>
      </div>
      <Share month={tenant.month} />
      {spend.isPending && <Bones head rows={4} label={t("common.loading")} />}
      {spend.isError && <ProblemNote error={spend.error} onRetry={() => spend.refetch()} />}
      {spend.data && <Months spend={spend.data} since={tenant.created_at.slice(0, 7)} />}
    </section>
  );
}

function Share(props: { month: TenantPage["month"] }) {
  const { t, language, money } = useWords();
  const { share, remaining_usd: remaining } = props.month;
  if (share === null || remaining === null) return null;
  const percent = new Intl.NumberFormat(language, { style: "percent" }).format(share);
  const isClose = share >= CLOSE;
  return (
    <div className={cx("note", isClose && "is-stop")}>
      {isClose && <Glyph name="alert" className="text-stop-text" />}
      <span>
        <b>{t("tenants.share", { percent })}</b>{" "}
        {remaining > 0
          ? t("tenants.remaining", { money: money(remaining) })
          : t("tenants.nothing_left")}
      </span>
    </div>
  );
}

/** @param props.since the month in which the project was made: before, there was nothing to spend */
function Months(props: { spend: Spend; since: string }) {
  const { t, language, money, number } = useWords();
  const { budget_limit_usd: limit } = props.spend;
  const months = props.spend.months.filter(({ month }) => month >= props.since);
  const most = Math.max(limit ?? 0, ...months.map((each) => each.spent_usd), Number.MIN_VALUE);
  const name = new Intl.DateTimeFormat(language, {
    year: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  return (
    <table className="rows">
      <caption className="sr-only">{t("tenants.by_month")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("tenants.month")}</th>
          <th scope="col" className="minor">
            <span className="sr-only">{t("tenants.bar")}</span>
          </th>
          <th scope="col" className="n">
            {t("tenants.money")}
          </th>
          <th scope="col" className="minor n">
            {t("tenants.forgotten")}
          </th>
        </tr>
      </thead>
      <tbody>
        {months.map((each) => (
          <tr key={each.month}>
            <td>{name.format(new Date(`${each.month}-15T00:00:00Z`))}</td>
            <td className="minor main">
              <span className="money-bar">
                <i style={{ width: `${(each.spent_usd / most) * 100}%` }} />
                {limit !== null && <b style={{ left: `${(limit / most) * 100}%` }} />}
              </span>
            </td>
            <td className="n">{money(each.spent_usd)}</td>
            <td className="minor n text-ink-2">
              {each.forgotten.runs > 0 &&
                t("tenants.forgotten_runs", {
                  count: each.forgotten.runs,
                  number: number(each.forgotten.runs),
                })}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
