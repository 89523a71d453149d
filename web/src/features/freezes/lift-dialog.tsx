import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ended } from "../../app/format.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { ReasonField } from "../../ui/reason-field.tsx";
import { useFrozenWords } from "./frozen-words.ts";
import { type Freeze, liftFreeze } from "./queries.ts";

const REASON_MAX = 500;

/** Setting something going again takes words: why it is safe now. */
export default function LiftDialog(props: { freeze: Freeze; onClose: () => void }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const words = useFrozenWords();
  const [reason, setReason] = useState("");
  const [missing, setMissing] = useState(false);
  const lift = useMutation({
    mutationFn: () => liftFreeze(props.freeze.freeze_id, reason.trim()),
    onSuccess: async ({ still_standing: standing }) => {
      announce(
        standing.length > 0
          ? t("freeze.still_standing", { count: standing.length })
          : t("freeze.lifted"),
      );
      props.onClose();
      await client.invalidateQueries({ queryKey: ["freezes"] });
    },
  });
  const confirm = () => {
    if (reason.trim() === "") setMissing(true);
    else if (!lift.isPending) lift.mutate();
  };
  return (
    <Dialog title={t("freeze.lift_title")} onClose={props.onClose}>
      <p className="text-ink-2">
        <b>{ended(words(props.freeze), language)}</b> {t("freeze.lift_effect")}
      </p>
      <ReasonField
        value={reason}
        onChange={setReason}
        label={t("decide.reason_needed")}
        missing={missing && reason.trim() === "" ? t("freeze.reason_missing") : undefined}
        max={REASON_MAX}
        onConfirm={confirm}
      />
      {lift.error && <ProblemNote error={lift.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="ink" onClick={confirm}>
          {lift.isPending ? t("decide.sending") : t("freeze.lift_now")}
        </Button>
      </div>
    </Dialog>
  );
}
