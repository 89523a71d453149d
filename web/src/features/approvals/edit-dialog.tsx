import { useState } from "react";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Glyph } from "../../ui/glyphs.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import {
  CHORD,
  type DecisionDialogProps,
  isConfirm,
  Reason,
  Title,
  useReason,
} from "./dialogs.tsx";
import { readArguments } from "./read-arguments.ts";

interface EditDialogProps extends Omit<DecisionDialogProps, "onConfirm"> {
  /** The edited JSON, kept when the dialog is closed. */
  text: string | undefined;
  onText: (text: string) => void;
  sending: boolean;
  /** What the server said of the edit: the words of the gate that did not let it pass. */
  problem: Error | null;
  onConfirm: (reason: string, args: Record<string, unknown>) => void;
}

/** Other arguments in the place of those the agent asked for; they pass the gates before anything is approved. */
export function EditDialog(props: EditDialogProps) {
  const { t } = useWords();
  const { approval, sending } = props;
  const [text, setText] = useState(props.text ?? JSON.stringify(approval.arguments, null, 2));
  const [touched, setTouched] = useState(false);
  const { reason, onDraft } = useReason(props);
  const read = readArguments(text, approval.arguments);
  const wrong = touched && "wrong" in read ? read : undefined;
  const confirm = () => {
    setTouched(true);
    if (!sending && "args" in read) props.onConfirm(reason, read.args);
  };
  return (
    <Dialog title={<Title>{t("decide.edit_title")}</Title>} onClose={props.onClose} wide>
      <p className="text-ink-2">{t("decide.edit_gates")}</p>
      <label htmlFor="edited-arguments">
        {t("decide.edit_arguments", { tool: approval.tool })}
      </label>
      <textarea
        id="edited-arguments"
        className="field code"
        rows={8}
        value={text}
        spellCheck={false}
        autoCapitalize="off"
        autoComplete="off"
        aria-invalid={wrong !== undefined || props.problem !== null}
        aria-describedby="edit-problem"
        onChange={(event) => {
          setText(event.target.value);
          props.onText(event.target.value);
        }}
        onKeyDown={(event) => isConfirm(event) && confirm()}
      />
      <div id="edit-problem">
        {wrong ? <Wrong read={wrong} /> : props.problem && <ProblemNote error={props.problem} />}
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
        <Button tone={sending ? "plain" : "you"} aria-disabled={sending} onClick={confirm}>
          <Glyph name={sending ? "waiting" : "granted"} />
          {sending ? t("decide.sending") : t("decide.edit_tool", { tool: approval.tool })}
          <Kbd>{CHORD}</Kbd>
        </Button>
      </div>
    </Dialog>
  );
}

/** Why the text can't be sent, said before it is. */
function Wrong({ read }: { read: Exclude<ReturnType<typeof readArguments>, { args: unknown }> }) {
  const { t } = useWords();
  return (
    <p className="text-stop-text text-xs mt-1" role="alert">
      {read.wrong === "json"
        ? t("decide.edit_not_json", { why: read.why })
        : read.wrong === "object"
          ? t("decide.edit_not_object")
          : t("decide.edit_masked")}
    </p>
  );
}
