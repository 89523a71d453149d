import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { DiffTable } from "../../ui/diff-table.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { diffLines } from "../../ui/line-diff.ts";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { ReasonField } from "../../ui/reason-field.tsx";
import { useWide } from "../../ui/use-wide.ts";
import { decideReview, type Review, reviewsQuery, type ToolServerDetail } from "./queries.ts";

/** What waits for a decision, and what was left quarantined; nothing is asked where no tool has changed. */
export function useReviews(projectId: string, serverId: string, isChanged: boolean) {
  const open = useQuery({ ...reviewsQuery(projectId, serverId, "open"), enabled: isChanged });
  const kept = useQuery({ ...reviewsQuery(projectId, serverId, "kept"), enabled: isChanged });
  return { open, kept, areComing: isChanged && (open.isPending || kept.isPending) };
}

/** Tools that are no longer what was pinned: each with what is different, and the decision. */
export function Reviews(props: { server: ToolServerDetail }) {
  const { t } = useWords();
  const { project_id: projectId, server_id: serverId } = props.server;
  const isChanged = props.server.changed_tools > 0;
  const { open, kept } = useReviews(projectId, serverId, isChanged);
  const pinned = new Map(props.server.pins.map((pin) => [pin.name, pin.changed?.hash]));
  const stillKept = kept.data?.reviews.filter(
    (review) => pinned.get(review.tool_name) === review.changed_hash,
  );
  // The two lists are fetched apart: what was just kept may stand in both.
  const keptIds = new Set(stillKept?.map((review) => review.review_id));
  const undecided = open.data?.reviews.filter((review) => !keptIds.has(review.review_id));
  const reviews = [...(undecided ?? []), ...(stillKept ?? [])];
  if (!isChanged) return null;
  return (
    <section className="reviews">
      <div className="sec">
        <h2>{t("servers.reviews")}</h2>
      </div>
      <p className="text-ink-2 max-w-[92ch]">{t("servers.reviews_why")}</p>
      {open.isError && <ProblemNote error={open.error} onRetry={() => open.refetch()} />}
      {reviews.map((review) => (
        <OneReview key={review.review_id} review={review} />
      ))}
    </section>
  );
}

const asText = (definition: Record<string, unknown>) => JSON.stringify(definition, null, 2);

function OneReview(props: { review: Review }) {
  const { t, when } = useWords();
  const isWide = useWide();
  const { review } = props;
  const rows = useMemo(
    () => diffLines(asText(review.pinned_definition), asText(review.changed_definition)),
    [review],
  );
  return (
    <article className="part" aria-label={review.tool_name}>
      <h3 className="text-md">
        <span className="mono strong">{review.tool_name}</span>{" "}
        <span className="text-ink-3 text-xs">
          {t("servers.changed_at", { when: when(review.changed_at, Date.now()) })}
        </span>
      </h3>
      <ul className="list-disc pl-4 my-1">
        {review.differences.map((difference) => (
          <li key={difference.text}>{difference.text}</li>
        ))}
        {review.flags.map(({ flag, text }) => (
          <li key={flag} className="text-stop-text strong">
            {t("servers.warning", { text })}
          </li>
        ))}
      </ul>
      <details>
        <summary>{t("servers.both_versions")}</summary>
        <DiffTable
          rows={rows}
          isInline={!isWide}
          before={t("servers.as_pinned")}
          after={t("servers.as_now")}
          caption={t("servers.both_versions")}
        />
      </details>
      <Decide review={review} />
    </article>
  );
}

function Decide(props: { review: Review }) {
  const { t } = useWords();
  const isAdmin = useSession()?.role === "admin";
  const [asked, setAsked] = useState<"accept" | "keep">();
  const { review } = props;
  if (!isAdmin) return <p className="text-ink-2 text-xs mt-2">{t("servers.decide_role")}</p>;
  return (
    <div className="flex flex-wrap gap-2 mt-2 items-center">
      <Button tone="you" onClick={() => setAsked("accept")}>
        <Glyph name="granted" />
        {t("servers.accept", { tool: review.tool_name })}
      </Button>
      {review.status === "open" ? (
        <Button onClick={() => setAsked("keep")}>
          <Glyph name="refused" />
          {t("servers.keep")}
        </Button>
      ) : (
        <span className="text-ink-2">
          {t("servers.was_kept", { who: review.decided_by ?? "" })}
          {review.reason && ` ${t("common.quoted", { text: review.reason })}`}
        </span>
      )}
      {asked && (
        <DecideDialog review={review} decision={asked} onClose={() => setAsked(undefined)} />
      )}
    </div>
  );
}

function DecideDialog(props: { review: Review; decision: "accept" | "keep"; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const { review, decision } = props;
  const [reason, setReason] = useState("");
  const named = { tool: review.tool_name };
  const decide = useMutation({
    mutationFn: () => decideReview(review, decision, reason.trim()),
    onSuccess: async () => {
      announce(t(`servers.done.${decision}`, named));
      props.onClose();
      await client.invalidateQueries({ queryKey: ["tool-servers"] });
    },
  });
  const confirm = () => !decide.isPending && decide.mutate();
  return (
    <Dialog title={t(`servers.ask.${decision}`, named)} onClose={props.onClose}>
      <p className="text-ink-2">{t(`servers.effect.${decision}`)}</p>
      <ReasonField
        value={reason}
        onChange={setReason}
        label={t("decide.reason_optional")}
        max={2_000}
        onConfirm={confirm}
      />
      {decide.error && <ProblemNote error={decide.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone={decision === "accept" ? "you" : "ink"} onClick={confirm}>
          {decide.isPending
            ? t("decide.sending")
            : decision === "accept"
              ? t("servers.accept", named)
              : t("servers.keep")}
        </Button>
      </div>
    </Dialog>
  );
}
