import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { LifecycleEvent } from "../../../../src/contracts/contract.ts";
import type { RevisionHead } from "../../../../src/contracts/lifecycle-contract.ts";
import { useKeys } from "../../app/keys.ts";
import { Problem } from "../../app/send.ts";
import { useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph, type GlyphName } from "../../ui/glyphs.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { ReasonField } from "../../ui/reason-field.tsx";
import { tenantQuery } from "../tenants/queries.ts";
import { type Offer, offersOf } from "./offers.ts";
import { actOnRevision } from "./queries.ts";

const GLYPHS: Record<LifecycleEvent, GlyphName> = {
  submit: "outbound",
  approve: "granted",
  reject: "refused",
  activate: "start",
  deprecate: "cancelled",
  retire: "cancelled",
};

/** What may be done with a revision, by whom, and the next step as the one filled button. */
export function Lifecycle(props: { revision: RevisionHead }) {
  const { t } = useWords();
  const { revision } = props;
  const session = useSession();
  const project = useQuery(tenantQuery(revision.project_id)).data;
  const [asked, setAsked] = useState<LifecycleEvent>();
  const needsSecond = project?.separate_approver ?? false;
  const reader = { isAdmin: session?.role === "admin", id: session?.actor.name ?? "" };
  const offers = offersOf(revision, reader, needsSecond);
  const open = (event: LifecycleEvent) => () => {
    if (offers.some((offer) => offer.event === event && !offer.hindrance)) setAsked(event);
  };
  useKeys({ a: open("approve"), r: open("reject") });
  if (offers.length === 0) return null;
  const next = offers.find(({ event, hindrance }) => event !== "reject" && !hindrance)?.event;
  return (
    <section className="part">
      <h2>{t("contracts.next")}</h2>
      {needsSecond && revision.lifecycle_status === "review" && (
        <p className="text-ink-2">
          {revision.is_approved ? t("contracts.second_said_yes") : t("contracts.second_needed")}
        </p>
      )}
      <div className="flex flex-wrap gap-2 my-2">
        {offers.map((offer) => (
          <Step key={offer.event} offer={offer} isNext={offer.event === next} onAsk={setAsked} />
        ))}
      </div>
      <Hindrances offers={offers} author={revision.created_by} />
      {asked && (
        <StepDialog revision={revision} event={asked} onClose={() => setAsked(undefined)} />
      )}
    </section>
  );
}

function Step(props: { offer: Offer; isNext: boolean; onAsk: (event: LifecycleEvent) => void }) {
  const { t } = useWords();
  const { event, hindrance } = props.offer;
  // A person answers with a yes; every other step is a person's own doing.
  const tone = props.isNext ? (event === "approve" ? "you" : "ink") : "plain";
  return (
    <Button tone={tone} aria-disabled={hindrance !== undefined} onClick={() => props.onAsk(event)}>
      <Glyph name={GLYPHS[event]} />
      {t(`contracts.steps.${event}`)}
      {!hindrance && event === "approve" && <Kbd>A</Kbd>}
      {!hindrance && event === "reject" && <Kbd>R</Kbd>}
    </Button>
  );
}

/** Each reason once, in words. */
function Hindrances(props: { offers: Offer[]; author: string }) {
  const { t } = useWords();
  const reasons = new Set(props.offers.flatMap(({ hindrance }) => hindrance ?? []));
  return [...reasons].map((reason) => (
    <p key={reason} className="text-ink-2 text-xs mt-1">
      {t(`contracts.hindered.${reason}`, { author: props.author })}
    </p>
  ));
}

function StepDialog(props: { revision: RevisionHead; event: LifecycleEvent; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const { revision, event } = props;
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const named = { name: `${revision.contract_id} ${revision.version}` };
  const act = useMutation({
    mutationFn: () => actOnRevision(revision.revision_id, event, reason.trim()),
    onSuccess: async () => {
      announce(t(`contracts.done.${event}`, named));
      props.onClose();
      await client.invalidateQueries({ queryKey: ["contracts"] });
    },
  });
  const needsReason = event === "reject";
  const confirm = () => {
    if (needsReason && reason.trim() === "") setMissing(true);
    else if (!act.isPending) act.mutate();
  };
  return (
    <Dialog title={t(`contracts.ask.${event}`, named)} onClose={props.onClose}>
      <p className="text-ink-2">{t(`contracts.effect.${event}`)}</p>
      <ReasonField
        value={reason}
        onChange={setReason}
        label={needsReason ? t("contracts.reason_needed") : t("decide.reason_optional")}
        missing={missing && reason.trim() === "" ? t("contracts.reason_missing") : undefined}
        onConfirm={confirm}
      />
      {act.error && <Refusal error={act.error} revision={revision} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone={event === "approve" ? "you" : "ink"} onClick={confirm}>
          <Glyph name={GLYPHS[event]} />
          {act.isPending ? t("decide.sending") : t(`contracts.steps.${event}`)}
        </Button>
      </div>
    </Dialog>
  );
}

/** Why the server did not do it, and the way on where there is one. */
function Refusal(props: { error: Error; revision: RevisionHead }) {
  const { t } = useWords();
  const problem = props.error instanceof Problem ? props.error : undefined;
  const needsDraft = ["E-CONTRACT-STALE", "E-CONTRACT-INVALID"].includes(problem?.code ?? "");
  return (
    <ProblemNote error={props.error}>
      {needsDraft && (
        <Link
          className="btn is-small"
          to="/contracts/new"
          search={{ from: props.revision.revision_id }}
        >
          {t("contracts.edit")}
        </Link>
      )}
    </ProblemNote>
  );
}
