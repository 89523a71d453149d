import "./contracts.css";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { RevisionDetail } from "../../../../src/contracts/lifecycle-contract.ts";
import { shortHash } from "../../app/format.ts";
import { usePageTitle } from "../../app/title.ts";
import { useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Copy } from "../../ui/copy.tsx";
import { Fact, Facts } from "../../ui/facts.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { useOpened } from "../../ui/use-opened.ts";
import { tenantQuery } from "../tenants/queries.ts";
import { AgentTerms } from "./agent-terms.tsx";
import { BodyText } from "./body-text.tsx";
import { History, OtherRevisions } from "./history.tsx";
import { Lifecycle } from "./lifecycle.tsx";
import { revisionQuery, revisionsQuery } from "./queries.ts";
import { StatusMark } from "./status.tsx";

/** One revision: what it says, what may be done with it, and how it came to be what it is. */
export function RevisionPage() {
  const { t } = useWords();
  const { revisionId } = useParams({ from: "/console/contracts/$revisionId" });
  const revision = useQuery(revisionQuery(revisionId));
  const found = useWhole(revision.data);
  usePageTitle(found ? `${found.contract_id} ${found.version}` : t("nav.pages.contracts"));
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/contracts">{t("nav.pages.contracts")}</Link>
        {found && (
          <>
            <Glyph name="right" className="sm" />
            <Link to="/contracts" search={{ contract: found.contract_id }}>
              {found.contract_id}
            </Link>
          </>
        )}
      </div>
      {!found && <h1 className="sr-only">{t("nav.pages.contracts")}</h1>}
      {!found && !revision.isError && <Bones rows={12} label={t("common.loading")} />}
      {revision.isError && (
        <ProblemNote error={revision.error} onRetry={() => revision.refetch()} />
      )}
      {found && <Loaded revision={found} />}
    </div>
  );
}

/** The revision once it is known what may be done with it and which others there are; then as it is now. */
function useWhole(revision: RevisionDetail | undefined): RevisionDetail | undefined {
  const { project_id = "", contract_id = "", revision_id = "" } = revision ?? {};
  const enabled = revision !== undefined;
  const project = useQuery({ ...tenantQuery(project_id), enabled });
  const others = useQuery({ ...revisionsQuery(project_id, contract_id), enabled });
  const areThere = enabled && !project.isPending && !others.isPending;
  return useOpened(revision_id, areThere) ? revision : undefined;
}

function Loaded(props: { revision: RevisionDetail }) {
  const { t } = useWords();
  const { revision } = props;
  return (
    <>
      <div className="head mt-0.5 mb-3">
        <h1 className="num min-w-0 wrap-anywhere">
          {revision.contract_id} {revision.version}
        </h1>
        <span className="pt-0.5">
          <StatusMark status={revision.lifecycle_status} />
        </span>
        <span className="flex-1" />
        <PageActions revision={revision} />
      </div>
      <RevisionFacts revision={revision} />
      <p className="explain">{t(`contracts.means.${revision.lifecycle_status}`)}</p>
      <div className="sides">
        <section>
          {revision.contract_family === "agent" && <AgentTerms body={revision.body} />}
          <BodyText body={revision.body} />
        </section>
        <aside aria-label={t("contracts.life")}>
          <Lifecycle revision={revision} />
          {revision.change_reasons.length > 0 && (
            <section className="part">
              <h2>{t("contracts.why_major")}</h2>
              <ul className="list-disc pl-4 text-ink-2">
                {revision.change_reasons.map((reason) => (
                  <li key={reason.text}>{reason.text}</li>
                ))}
              </ul>
            </section>
          )}
          <History revision={revision} />
          <OtherRevisions revision={revision} />
        </aside>
      </div>
    </>
  );
}

function PageActions(props: { revision: RevisionDetail }) {
  const { t } = useWords();
  const { revision } = props;
  const isAdmin = useSession()?.role === "admin";
  const others = useQuery(revisionsQuery(revision.project_id, revision.contract_id));
  const active = others.data?.contracts.find((each) => each.lifecycle_status === "active");
  const base = active?.revision_id === revision.revision_id ? undefined : active?.revision_id;
  const compared = base ?? revision.base_revision_id;
  return (
    <div className="line flex-wrap justify-end">
      {compared && (
        <Link
          className="btn"
          to="/contracts/$a/diff/$b"
          params={{ a: compared, b: revision.revision_id }}
        >
          {base ? t("contracts.compare_active") : t("contracts.compare_base")}
        </Link>
      )}
      {isAdmin && (
        <Link className="btn" to="/contracts/new" search={{ from: revision.revision_id }}>
          <Glyph name="write" className="sm" />
          {t("contracts.edit")}
        </Link>
      )}
    </div>
  );
}

function RevisionFacts(props: { revision: RevisionDetail }) {
  const { t, when } = useWords();
  const { revision } = props;
  return (
    <Facts>
      <Fact name={t("project.label")}>{revision.project_id}</Fact>
      <Fact name={t("contracts.heads.family")}>
        {t(`contracts.families.${revision.contract_family}`)}
      </Fact>
      <Fact name={t("contracts.author")}>{revision.created_by}</Fact>
      <Fact name={t("contracts.created")}>
        <time dateTime={revision.created_at}>{when(revision.created_at, Date.now())}</time>
      </Fact>
      <Fact name={t("contracts.change")}>{t(`contracts.levels.${revision.change_level}`)}</Fact>
      <Fact name={t("contracts.hash")}>
        <code>{shortHash(revision.body_hash)}</code>
        <Copy text={revision.body_hash} label={t("contracts.copy_hash")} />
      </Fact>
    </Facts>
  );
}
