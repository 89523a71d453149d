import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import type { Approval } from "../../app/api.ts";
import { api, type DecisionRequest } from "../../app/client.ts";
import { Problem } from "../../app/send.ts";
import { useMayAct } from "../../app/use-session.ts";
import { useWords, type Words } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { ChangesDialog, RejectDialog, SecondLook } from "./dialogs.tsx";
import { EditDialog } from "./edit-dialog.tsx";

export type Answer = DecisionRequest["decision"];
type Asking = "second-look" | Exclude<Answer, "approve"> | null;

export interface Deciding {
  mayDecide: boolean;
  /** Why one may not say yes to this question, in words; null where one may. */
  noYes: string | null;
  sending: Answer | null;
  /** Sending again after a lost connection, under the same key. */
  resending: boolean;
  done: Answer | null;
  problem: Error | null;
  /** The server says that it is answered or expired: there is nothing left to decide. */
  settled: boolean;
  start: (answer: Answer) => void;
  dialog: ReactNode;
}

// What one has typed survives a closed dialog, a look at another question and a decision elsewhere.
const drafts = new Map<string, string>();
const edits = new Map<string, string>();

/** 128 random bits; `crypto.randomUUID` is missing on plain-HTTP hosts other than localhost. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const MOST_RESENDS = 6;
// A question that has just taken the place of another must not get the answer meant for that one.
const SETTLE_MS = 400;

const isSettled = (error: Error | null): boolean =>
  error instanceof Problem &&
  (error.status === 410 || (error.status === 409 && error.code !== "E-APPR-CHANGED"));

/** Nothing can be mended in the dialog: the question is answered, expired, or about other arguments by now. */
const isOver = (error: Error): boolean =>
  error instanceof Problem && (error.status === 409 || error.status === 410);

function doneWords(answer: Answer, t: Words["t"]): string {
  switch (answer) {
    case "approve":
      return t("decide.approved");
    case "reject":
      return t("decide.rejected");
    case "request_changes":
      return t("decide.changes_sent");
    case "edit":
      return t("decide.edited");
  }
}

function useSend(approval: Approval, onDecided: ((answer: Answer) => void) | undefined) {
  const { t } = useWords();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: DecisionRequest) => api.decide(request),
    retry: (count, error) => error instanceof Problem && error.isConnection && count < MOST_RESENDS,
    retryDelay: (count) => Math.min(4000, 500 * 2 ** count),
    onSuccess: (_answer, request) => {
      drafts.delete(approval.approval_id);
      edits.delete(approval.approval_id);
      announce(doneWords(request.decision, t));
      onDecided?.(request.decision);
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["approvals"] }),
        client.invalidateQueries({ queryKey: ["run", approval.project_id, approval.run_id] }),
      ]),
  });
}

function standOf(send: ReturnType<typeof useSend>) {
  return {
    sending: send.isPending ? send.variables.decision : null,
    resending: send.failureCount > 0 && send.isPending,
    done: send.isSuccess ? send.variables.decision : null,
    settled: isSettled(send.error),
  };
}

function whyNoYes({ may_decide }: Approval): string | null {
  return may_decide?.yes === false ? may_decide.text : null;
}

/** One question and its answer: confirmed by the server, never shown before. */
export function useDecision(approval: Approval, onDecided?: (answer: Answer) => void): Deciding {
  const [asking, setAsking] = useState<Asking>(null);
  const keys = useRef(new Map<string, string>());
  const [shownAt] = useState(() => performance.now());
  const mayDecide = useMayAct();
  const send = useSend(approval, onDecided);
  const decide = (decision: Answer, reason: string, args?: Record<string, unknown>) => {
    if (send.isPending || send.isSuccess) return;
    // What a gate says of an edit is said where it can be mended.
    if (decision !== "edit") setAsking(null);
    const argsHash = approval.args_hash;
    const what = JSON.stringify([decision, reason, argsHash, args]);
    const idempotencyKey = keys.current.get(what) ?? newKey();
    keys.current.set(what, idempotencyKey);
    send.mutate(
      {
        projectId: approval.project_id,
        runId: approval.run_id,
        approvalId: approval.approval_id,
        decision,
        reason,
        argsHash,
        idempotencyKey,
        ...(args ? { args } : {}),
      },
      {
        onSuccess: () => setAsking(null),
        onError: (error) => isOver(error) && setAsking(null),
      },
    );
  };
  const noYes = whyNoYes(approval);
  const start = (answer: Answer) => {
    if (noYes !== null && (answer === "approve" || answer === "edit")) return;
    if (!mayDecide || send.isPending || send.isSuccess || isSettled(send.error)) return;
    if (performance.now() - shownAt < SETTLE_MS) return;
    send.reset();
    if (answer !== "approve") setAsking(answer);
    else if (approval.undoable === false) setAsking("second-look");
    else decide("approve", "");
  };
  return {
    mayDecide,
    noYes,
    ...standOf(send),
    problem: asking === "edit" ? null : send.error,
    start,
    dialog: (
      <Asked
        asking={asking}
        approval={approval}
        sending={send.isPending}
        problem={send.error}
        onClose={() => setAsking(null)}
        onDecide={decide}
      />
    ),
  };
}

/** The dialog that asks for what an answer needs. */
function Asked(props: {
  asking: Asking;
  approval: Approval;
  sending: boolean;
  problem: Error | null;
  onClose: () => void;
  onDecide: (decision: Answer, reason: string, args?: Record<string, unknown>) => void;
}) {
  const { approval, onClose, onDecide } = props;
  const id = approval.approval_id;
  const shared = {
    approval,
    draft: drafts.get(id) ?? "",
    onDraft: (text: string) => drafts.set(id, text),
    onClose,
  };
  switch (props.asking) {
    case "second-look":
      return <SecondLook {...shared} onConfirm={(reason) => onDecide("approve", reason)} />;
    case "reject":
      return <RejectDialog {...shared} onConfirm={(reason) => onDecide("reject", reason)} />;
    case "request_changes":
      return (
        <ChangesDialog {...shared} onConfirm={(reason) => onDecide("request_changes", reason)} />
      );
    case "edit":
      return (
        <EditDialog
          {...shared}
          text={edits.get(id)}
          onText={(text) => edits.set(id, text)}
          sending={props.sending}
          problem={props.problem}
          onConfirm={(reason, args) => onDecide("edit", reason, args)}
        />
      );
    default:
      return null;
  }
}
