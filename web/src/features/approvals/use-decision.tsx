import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useRef, useState } from "react";
import type { Approval } from "../../app/api.ts";
import { api, type DecisionRequest, Problem } from "../../app/client.ts";
import { useMayAct } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { RejectDialog, SecondLook } from "./dialogs.tsx";

export type Answer = "approve" | "reject";
type Asking = "second-look" | "reject" | null;

export interface Deciding {
  mayDecide: boolean;
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

/** 128 random bits; `crypto.randomUUID` is missing on plain-HTTP hosts other than localhost. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const MOST_RESENDS = 6;
// A question that has just taken the place of another must not get the answer meant for that one.
const SETTLE_MS = 400;

const isSettled = (error: Error | null): boolean =>
  error instanceof Problem &&
  (error.status === 410 || (error.status === 409 && error.code !== "E-APPR-CHANGED"));

function useSend(approval: Approval, onDecided: ((answer: Answer) => void) | undefined) {
  const { t } = useWords();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (request: DecisionRequest) => api.decide(request),
    retry: (count, error) => error instanceof Problem && error.isConnection && count < MOST_RESENDS,
    retryDelay: (count) => Math.min(4000, 500 * 2 ** count),
    onSuccess: (_answer, request) => {
      drafts.delete(approval.approval_id);
      announce(request.decision === "approve" ? t("decide.approved") : t("decide.rejected"));
      onDecided?.(request.decision);
    },
    onSettled: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["approvals"] }),
        client.invalidateQueries({ queryKey: ["run", approval.project_id, approval.run_id] }),
      ]),
  });
}

/** One question and its answer: confirmed by the server, never shown before. */
export function useDecision(approval: Approval, onDecided?: (answer: Answer) => void): Deciding {
  const [asking, setAsking] = useState<Asking>(null);
  const keys = useRef(new Map<string, string>());
  const [shownAt] = useState(() => performance.now());
  const mayDecide = useMayAct();
  const send = useSend(approval, onDecided);
  const decide = (decision: Answer, reason: string) => {
    if (send.isPending || send.isSuccess) return;
    setAsking(null);
    const argsHash = approval.args_hash;
    const what = JSON.stringify([decision, reason, argsHash]);
    const idempotencyKey = keys.current.get(what) ?? newKey();
    keys.current.set(what, idempotencyKey);
    send.mutate({
      projectId: approval.project_id,
      runId: approval.run_id,
      approvalId: approval.approval_id,
      decision,
      reason,
      argsHash,
      idempotencyKey,
    });
  };
  const start = (answer: Answer) => {
    if (!mayDecide || send.isPending || send.isSuccess || isSettled(send.error)) return;
    if (performance.now() - shownAt < SETTLE_MS) return;
    send.reset();
    if (answer === "reject") setAsking("reject");
    else if (approval.undoable === false) setAsking("second-look");
    else decide("approve", "");
  };
  const shared = {
    approval,
    draft: drafts.get(approval.approval_id) ?? "",
    onDraft: (text: string) => drafts.set(approval.approval_id, text),
    onClose: () => setAsking(null),
  };
  return {
    mayDecide,
    sending: send.isPending ? send.variables.decision : null,
    resending: send.failureCount > 0 && send.isPending,
    done: send.isSuccess ? send.variables.decision : null,
    problem: send.error,
    settled: isSettled(send.error),
    start,
    dialog: (
      <>
        {asking === "second-look" && (
          <SecondLook {...shared} onConfirm={(reason) => decide("approve", reason)} />
        )}
        {asking === "reject" && (
          <RejectDialog {...shared} onConfirm={(reason) => decide("reject", reason)} />
        )}
      </>
    ),
  };
}
