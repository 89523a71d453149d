import "./contracts.css";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import type { ContractsResponse } from "../../../../src/contracts/contract.ts";
import type { DiffResponse, RevisionHead } from "../../../../src/contracts/lifecycle-contract.ts";
import { shortHash } from "../../app/format.ts";
import { fieldOf } from "../../app/send.ts";
import { usePageTitle } from "../../app/title.ts";
import { useMayAct } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Fact, Facts } from "../../ui/facts.tsx";
import { At, FindingText } from "../../ui/finding.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { Lifecycle } from "./lifecycle.tsx";
import { PermissionList } from "./permission-list.tsx";
import { diffQuery, revisionQuery, revisionsQuery, validationQuery } from "./queries.ts";
import { StatusMark } from "./status.tsx";
import { TextDiff } from "./text-diff.tsx";
import { Notes } from "./verdict.tsx";

/** Two revisions side by side: first what becomes permitted, then the text; and the next step with the later one. */
export function DiffPage() {
  const { t } = useWords();
  const { a, b } = useParams({ from: "/console/contracts/$a/diff/$b" });
  const diff = useQuery(diffQuery(a, b));
  const found = diff.data;
  usePageTitle(
    found
      ? `${found.to.contract_id} ${found.from.version} → ${found.to.version}`
      : t("contracts.compare"),
  );
  return (
    <div className="page">
      <div className="crumb">
        <Link to="/contracts">{t("nav.pages.contracts")}</Link>
        <Glyph name="right" className="sm" />
        {found && (
          <>
            <Link to="/contracts" search={{ contract: found.to.contract_id }}>
              {found.to.contract_id}
            </Link>
            <Glyph name="right" className="sm" />
          </>
        )}
        {t("contracts.compare")}
      </div>
      {!found && <h1 className="sr-only">{t("contracts.compare")}</h1>}
      {diff.isPending && <Bones rows={12} label={t("common.loading")} />}
      {diff.isError && <ProblemNote error={diff.error} onRetry={() => diff.refetch()} />}
      {found && <Loaded diff={found} />}
    </div>
  );
}

function Loaded(props: { diff: DiffResponse }) {
  const { diff } = props;
  const before = useQuery(revisionQuery(diff.from.revision_id)).data;
  const after = useQuery(revisionQuery(diff.to.revision_id)).data;
  return (
    <>
      <DiffHead diff={diff} />
      <DiffFacts diff={diff} />
      <div className="sides">
        <section>
          <PermissionList diff={diff} before={before?.body} after={after?.body} />
          {before && after && <TextDiff before={before.body} after={after.body} diff={diff} />}
        </section>
        <Review revision={diff.to} body={after?.body} replaced={diff.from} />
      </div>
    </>
  );
}

function DiffHead(props: { diff: DiffResponse }) {
  const { from, to } = props.diff;
  const revisions = useQuery(revisionsQuery(to.project_id, to.contract_id)).data?.contracts ?? [];
  return (
    <div className="head items-center mt-0.5 mb-3 flex-wrap">
      <h1 className="num min-w-0 wrap-anywhere">
        {to.contract_id} <span className="text-ink-2">{from.version}</span>{" "}
        <span className="text-ink-3" aria-hidden="true">
          →
        </span>{" "}
        {to.version}
      </h1>
      <StatusMark status={to.lifecycle_status} />
      <span className="flex-1" />
      <Choose from={from} to={to} revisions={revisions} />
    </div>
  );
}

/** Which two are compared; other contracts of the family keep what was asked for. */
function Choose(props: {
  from: RevisionHead;
  to: RevisionHead;
  revisions: ContractsResponse["contracts"];
}) {
  const { t } = useWords();
  const navigate = useNavigate({ from: "/contracts/$a/diff/$b" });
  const { from, to } = props;
  const choice = (side: "a" | "b", chosen: RevisionHead) => (
    <select
      className="field is-small"
      aria-label={side === "a" ? t("contracts.from") : t("contracts.to")}
      value={chosen.revision_id}
      onChange={(event) =>
        navigate({ params: (old) => ({ ...old, [side]: event.target.value }), search: true })
      }
    >
      {withChosen(props.revisions, chosen).map((each) => (
        <option key={each.revision_id} value={each.revision_id}>
          {each.version_major}.{each.version_minor} {t(`contracts.status.${each.lifecycle_status}`)}
        </option>
      ))}
    </select>
  );
  return (
    <span className="line">
      <span className="text-xs text-ink-3">{t("contracts.compare")}</span>
      {choice("a", from)}
      <span className="text-ink-3" aria-hidden="true">
        →
      </span>
      {choice("b", to)}
    </span>
  );
}

function withChosen(revisions: ContractsResponse["contracts"], chosen: RevisionHead) {
  const isThere = revisions.some((each) => each.revision_id === chosen.revision_id);
  return isThere ? revisions : [chosen, ...revisions];
}

function DiffFacts(props: { diff: DiffResponse }) {
  const { t, when } = useWords();
  const { to, level, reasons } = props.diff;
  return (
    <Facts>
      <Fact name={t("contracts.author")}>{to.created_by}</Fact>
      <Fact name={t("contracts.created")}>
        <time dateTime={to.created_at}>{when(to.created_at, Date.now())}</time>
      </Fact>
      <Fact name={t("contracts.change")}>
        <b>{t(`contracts.levels.${level}`)}</b>
        {reasons.length > 0 && (
          <span className="text-ink-2"> {t("contracts.widened", { count: reasons.length })}</span>
        )}
      </Fact>
      <Fact name={t("contracts.hash")}>
        <code>{shortHash(to.body_hash)}</code>
      </Fact>
    </Facts>
  );
}

function Review(props: { revision: RevisionHead; body: unknown; replaced: RevisionHead }) {
  const { t } = useWords();
  const { revision, replaced } = props;
  const isOpen = revision.lifecycle_status === "draft" || revision.lifecycle_status === "review";
  return (
    <aside aria-label={t("contracts.review")}>
      {isOpen && props.body !== undefined && <Checked revision={revision} body={props.body} />}
      {isOpen && (
        <section className="part">
          <h2>{t("contracts.when_active")}</h2>
          <p className="text-ink-2">
            {replaced.lifecycle_status === "active"
              ? t("contracts.when_active_replaces", { version: replaced.version })
              : t("contracts.when_active_first")}
          </p>
        </section>
      )}
      <Lifecycle revision={revision} />
      <section className="part">
        <Link to="/contracts/$revisionId" params={{ revisionId: revision.revision_id }}>
          {t("contracts.open_revision", { version: revision.version })}
        </Link>
      </section>
    </aside>
  );
}

/** Whether it could become active as things stand now: what it names may have gone since it was drafted. */
function Checked(props: { revision: RevisionHead; body: unknown }) {
  const { t } = useWords();
  const { project_id, contract_family, contract_id } = props.revision;
  const typed = { project_id, contract_family, contract_id, body: props.body };
  const checked = useQuery({
    ...validationQuery(typed),
    enabled: useMayAct(),
  }).data;
  if (!checked) return null;
  return (
    <section className="part">
      <h2>{t("contracts.checked")}</h2>
      <ul className="past-steps">
        {checked.valid && (
          <li>
            <Glyph name="check" className="sm text-ok-text" />
            <span>{t("contracts.valid_now")}</span>
          </li>
        )}
        {checked.errors.map((error) => (
          <li key={`${error.path} ${error.message}`}>
            <Glyph name="close" className="sm text-stop-text" />
            <span>
              <At field={fieldOf(error.path)} />
              <FindingText found={error} />
            </span>
          </li>
        ))}
        <Notes notes={checked.notes} />
      </ul>
    </section>
  );
}
