import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type {
  RevisionDetail,
  RevisionTransition,
} from "../../../../src/contracts/lifecycle-contract.ts";
import { useWords } from "../../app/words.ts";
import { Glyph } from "../../ui/glyphs.tsx";
import { revisionsQuery } from "./queries.ts";
import { StatusMark } from "./status.tsx";

/** What was done with a revision, by whom, when and why; newest last. */
export function History(props: { revision: RevisionDetail }) {
  const { t } = useWords();
  return (
    <section className="part">
      <h2>{t("contracts.history")}</h2>
      <ol className="past-steps">
        {props.revision.transitions.map((step) => (
          <Step key={`${step.at} ${step.event}`} step={step} />
        ))}
      </ol>
    </section>
  );
}

function Step(props: { step: RevisionTransition }) {
  const { t, when } = useWords();
  const { step } = props;
  return (
    <li>
      <Glyph name={step.event === "approve" ? "granted" : "approvals"} className="sm" />
      <span>
        {t(`contracts.past.${step.event}`, { who: step.actor_id })}
        {step.reason && (
          <span className="text-ink-2"> {t("common.quoted", { text: step.reason })}</span>
        )}
      </span>
      <time dateTime={step.at} className="text-ink-3 text-xs">
        {when(step.at, Date.now())}
      </time>
    </li>
  );
}

/** The other revisions of the contract, each beside this one at a press. */
export function OtherRevisions(props: { revision: RevisionDetail }) {
  const { t } = useWords();
  const { revision } = props;
  const all = useQuery(revisionsQuery(revision.project_id, revision.contract_id)).data;
  const others = (all?.contracts ?? []).filter((of) => of.revision_id !== revision.revision_id);
  if (others.length === 0) return null;
  return (
    <section className="part">
      <h2>{t("contracts.others")}</h2>
      <ul className="past-steps">
        {others.map((other) => (
          <li key={other.revision_id} className="is-revision">
            <Link to="/contracts/$revisionId" params={{ revisionId: other.revision_id }}>
              {other.version_major}.{other.version_minor}
            </Link>
            <StatusMark status={other.lifecycle_status} />
            <Link
              className="text-xs"
              to="/contracts/$a/diff/$b"
              params={inOrder(other.revision_id, revision.revision_id)}
            >
              {t("contracts.compare")}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The earlier one first: ids begin with their time. */
const inOrder = (one: string, other: string) =>
  one < other ? { a: one, b: other } : { a: other, b: one };
