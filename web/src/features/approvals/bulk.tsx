import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Approval } from "../../app/api.ts";
import { api, type ManyDecisions } from "../../app/client.ts";
import { Problem } from "../../app/send.ts";
import { useMayAct } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { ArgumentRows } from "./argument-rows.tsx";
import { CHORD, Reason, Title, useReason } from "./dialogs.tsx";
import { newKey } from "./use-decision.tsx";

type Decision = ManyDecisions["decision"];

/** What can be done with the marked questions. */
export function BulkBar(props: { marked: readonly Approval[]; onClear: () => void }) {
  const { t } = useWords();
  const mayDecide = useMayAct();
  const [asking, setAsking] = useState<Decision | null>(null);
  const { marked } = props;
  if (marked.length === 0) return null;
  return (
    <section className="bulk" aria-label={t("bulk.label")}>
      <b className="num">{t("bulk.marked", { count: marked.length })}</b>
      <span className="flex-1" />
      <Button size="small" aria-disabled={!mayDecide} onClick={() => setAsking("approve")}>
        {t("bulk.approve")}
      </Button>
      <Button size="small" aria-disabled={!mayDecide} onClick={() => setAsking("reject")}>
        {t("decide.reject")}
      </Button>
      <Button size="small" tone="bare" onClick={props.onClear}>
        {t("bulk.clear")}
      </Button>
      {asking && (
        <BulkDialog
          decision={asking}
          marked={marked}
          onClose={() => setAsking(null)}
          onDone={() => {
            setAsking(null);
            props.onClear();
          }}
        />
      )}
    </section>
  );
}

function useSendMany(onAll: () => void) {
  const { t } = useWords();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: ManyDecisions) => api.decideMany(request),
    retry: (count, error) => error instanceof Problem && error.isConnection && count < 6,
    retryDelay: (count) => Math.min(4000, 500 * 2 ** count),
    onSuccess: ({ decided, results }) => {
      announce(t("bulk.decided", { count: decided }));
      if (decided === results.length) onAll();
    },
    onSettled: () => client.invalidateQueries({ queryKey: ["approvals"] }),
  });
}

interface BulkDialogProps {
  decision: Decision;
  marked: readonly Approval[];
  onClose: () => void;
  onDone: () => void;
}

/** The decision about what the dialog showed when it was opened, though the list goes on changing behind it. */
function useBulk({ decision, marked, onDone }: BulkDialogProps) {
  const [shown] = useState(marked);
  const [draft, setDraft] = useState("");
  const [missing, setMissing] = useState(false);
  const { reason, onDraft } = useReason({ draft, onDraft: setDraft });
  const key = useRef(newKey());
  const send = useSendMany(onDone);
  const confirm = () => {
    const [first] = shown;
    if (send.isPending || send.isSuccess || !first) return;
    if (decision === "reject" && reason === "") return setMissing(true);
    send.mutate({
      projectId: first.project_id,
      decision,
      reason,
      questions: shown.map(({ run_id, approval_id, args_hash }) => ({
        run_id,
        approval_id,
        args_hash,
      })),
      idempotencyKey: key.current,
    });
  };
  return { shown, draft, onDraft, isMissing: missing && reason === "", send, confirm };
}

/** Exactly what would be decided, each call with its own arguments; then what came of each. */
function BulkDialog(props: BulkDialogProps) {
  const { t } = useWords();
  const { decision } = props;
  const { shown, draft, onDraft, isMissing, send, confirm } = useBulk(props);
  const [first] = shown;
  if (!first) return null;
  const count = shown.length;
  const isYes = decision === "approve";
  const onClose = send.isSuccess ? props.onDone : props.onClose;
  return (
    <Dialog
      title={
        <Title>
          {isYes ? t("bulk.approve_title", { count }) : t("bulk.reject_title", { count })}
        </Title>
      }
      onClose={onClose}
      wide
    >
      <p className="text-ink-2">
        {first.server} / <code>{first.tool}</code>. {first.demanded_by.text}
      </p>
      {shown.some(({ undoable }) => undoable === false) && (
        <p className="text-stop-text mt-1">{t("decide.cant_be_undone")}</p>
      )}
      <Shown questions={shown} answer={send.data} />
      {!send.isSuccess && (
        <Reason
          draft={draft}
          onDraft={onDraft}
          label={isYes ? t("decide.reason_optional") : t("decide.reason_needed")}
          missing={isMissing}
          onConfirm={confirm}
        />
      )}
      {isMissing && (
        <p className="text-stop-text text-xs mt-1" role="alert">
          {t("decide.reason_missing")}
        </p>
      )}
      {send.error && <ProblemNote error={send.error} />}
      {send.isSuccess && <p role="status">{t("bulk.decided", { count: send.data.decided })}</p>}
      <div className="foot">
        <Button onClick={onClose}>
          {send.isSuccess ? t("common.close") : t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        {!send.isSuccess && (
          <Confirm {...{ isYes, count, confirm }} tool={first.tool} sending={send.isPending} />
        )}
      </div>
    </Dialog>
  );
}

function Shown(props: { questions: readonly Approval[]; answer: Answer | undefined }) {
  return (
    <ol className="many">
      {props.questions.map((approval) => (
        <li key={approval.approval_id}>
          <p className="strong">{approval.headline}</p>
          <p className="text-ink-2 text-xs">
            {approval.agent.display_name}, {approval.run_title}
          </p>
          <ArgumentRows table={approval.arguments_table} />
          <Refused problem={problemOf(props.answer, approval)} />
        </li>
      ))}
    </ol>
  );
}

function Confirm(props: {
  isYes: boolean;
  count: number;
  tool: string;
  sending: boolean;
  confirm: () => void;
}) {
  const { t } = useWords();
  const { isYes, count, tool, sending } = props;
  const says = isYes
    ? t("bulk.approve_all", { count, tool })
    : t("bulk.reject_all", { count, tool });
  const tone = isYes ? "you" : "ink";
  const glyph = isYes ? "granted" : "refused";
  return (
    <Button tone={sending ? "plain" : tone} aria-disabled={sending} onClick={props.confirm}>
      <Glyph name={sending ? "waiting" : glyph} />
      {sending ? t("decide.sending") : says}
      <Kbd>{CHORD}</Kbd>
    </Button>
  );
}

type Answer = Awaited<ReturnType<typeof api.decideMany>>;

const problemOf = (answer: Answer | undefined, { approval_id }: Approval) =>
  answer?.results.find((result) => result.approval_id === approval_id)?.problem;

function Refused(props: { problem: Answer["results"][number]["problem"] | undefined }) {
  const { language, codeText } = useWords();
  const { problem } = props;
  if (!problem) return null;
  return (
    <p className="text-stop-text text-xs">
      {(language === "en" ? undefined : codeText(problem.code)) ?? problem.detail}{" "}
      <code>{problem.code}</code>
    </p>
  );
}
