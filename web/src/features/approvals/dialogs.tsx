import { type KeyboardEvent, type ReactNode, useState } from "react";
import type { Approval } from "../../app/api.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ArgumentRows } from "./argument-rows.tsx";

export interface DecisionDialogProps {
  approval: Approval;
  draft: string;
  onDraft: (text: string) => void;
  onClose: () => void;
  onConfirm: (reason: string) => void;
}

const REASON_MAX = 4000;

/** ⌘↵ on a Mac, Ctrl+↵ elsewhere: a chord, because a single key must not do what can't be undone. */
export const isConfirm = (event: KeyboardEvent) =>
  event.key === "Enter" && (event.metaKey || event.ctrlKey) && !event.nativeEvent.isComposing;
export const CHORD = /mac|iphone|ipad/i.test(navigator.userAgent) ? "⌘↵" : "Ctrl ↵";

export function Reason(props: {
  draft: string;
  onDraft: (text: string) => void;
  label: string;
  missing?: boolean;
  onConfirm: () => void;
}) {
  const [text, setText] = useState(props.draft);
  return (
    <>
      <label htmlFor="decision-reason">{props.label}</label>
      <textarea
        id="decision-reason"
        className="field"
        rows={3}
        maxLength={REASON_MAX}
        value={text}
        aria-invalid={props.missing ?? false}
        onChange={(event) => {
          setText(event.target.value);
          props.onDraft(event.target.value);
        }}
        onKeyDown={(event) => isConfirm(event) && props.onConfirm()}
      />
    </>
  );
}

export function useReason(props: Pick<DecisionDialogProps, "draft" | "onDraft">) {
  const [reason, setReason] = useState(props.draft);
  const onDraft = (text: string) => {
    setReason(text);
    props.onDraft(text);
  };
  return { reason: reason.trim(), onDraft };
}

/** High risk: the exact effect once more, and only the chord or the button goes on. */
export function SecondLook(props: DecisionDialogProps) {
  const { t } = useWords();
  const { approval } = props;
  const { reason, onDraft } = useReason(props);
  const confirm = () => props.onConfirm(reason);
  return (
    <Dialog title={<Title>{t("decide.cant_be_undone")}</Title>} onClose={props.onClose} wide>
      <p className="strong">{approval.headline}</p>
      {approval.blast_radius && <p className="text-ink-2 mt-1">{approval.blast_radius}</p>}
      <p className="text-ink-2 mt-1">
        {t("decide.will_run", { server: approval.server, tool: approval.tool })}
      </p>
      <div className="mt-2">
        <ArgumentRows table={approval.arguments_table} />
      </div>
      <Reason
        draft={props.draft}
        onDraft={onDraft}
        label={t("decide.reason_optional")}
        onConfirm={confirm}
      />
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="you" onClick={confirm}>
          <Glyph name="granted" />
          {t("decide.approve_tool", { tool: approval.tool })}
          <Kbd>{CHORD}</Kbd>
        </Button>
      </div>
    </Dialog>
  );
}

/** A rejection without a reason teaches nobody anything, so it demands one. */
export function RejectDialog(props: DecisionDialogProps) {
  const { t } = useWords();
  const says =
    props.approval.on_reject === "return" ? t("decide.reject_returns") : t("decide.reject_cancels");
  return (
    <WithReason
      {...props}
      title={t("decide.reject_title")}
      says={says}
      label={t("decide.reason_needed")}
      missing={t("decide.reason_missing")}
    >
      <Glyph name="refused" />
      {t("decide.reject_tool", { tool: props.approval.tool })}
    </WithReason>
  );
}

/** Neither yes nor no: the words are all that the agent gets. */
export function ChangesDialog(props: DecisionDialogProps) {
  const { t } = useWords();
  return (
    <WithReason
      {...props}
      title={t("decide.changes_title")}
      says={t("decide.changes_why")}
      label={t("decide.changes_label")}
      missing={t("decide.changes_missing")}
    >
      <Glyph name="retry" />
      {t("decide.changes_send")}
    </WithReason>
  );
}

/** A dialog that goes on only with words. */
function WithReason(
  props: DecisionDialogProps & {
    title: string;
    says: string;
    label: string;
    missing: string;
    children: ReactNode;
  },
) {
  const { t } = useWords();
  const { reason, onDraft } = useReason(props);
  const [missing, setMissing] = useState(false);
  const confirm = () => {
    if (reason === "") setMissing(true);
    else props.onConfirm(reason);
  };
  return (
    <Dialog title={<Title>{props.title}</Title>} onClose={props.onClose}>
      <p className="text-ink-2">{props.says}</p>
      <Reason
        draft={props.draft}
        onDraft={onDraft}
        label={props.label}
        missing={missing && reason === ""}
        onConfirm={confirm}
      />
      {missing && reason === "" && (
        <p className="text-stop-text text-xs mt-1" role="alert">
          {props.missing}
        </p>
      )}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="ink" onClick={confirm}>
          {props.children}
          <Kbd>{CHORD}</Kbd>
        </Button>
      </div>
    </Dialog>
  );
}

export function Title(props: { children: ReactNode }) {
  return (
    <>
      <Glyph name="waiting" className="text-you-text" />
      {props.children}
    </>
  );
}
