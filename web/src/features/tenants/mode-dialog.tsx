import { useId, useState } from "react";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Choices } from "../../ui/choices.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import type { Mode, Tenant } from "./queries.ts";
import { useChange } from "./use-change.ts";

export const MODES = ["legacy", "shadow", "canary", "active"] as const satisfies readonly Mode[];

/** How far the project is handed over; each step says what it means. */
export function ModeDialog(props: { tenant: Tenant; onClose: () => void }) {
  const { t } = useWords();
  const { tenant } = props;
  const [mode, setMode] = useState<Mode>(tenant.migration_mode);
  const [percent, setPercent] = useState(String(tenant.canary_percent));
  const name = t(`project.modes.${mode}`);
  const change = useChange(
    tenant.project_id,
    t("tenants.mode_changed", { mode: name }),
    props.onClose,
  );
  const isPercent = /^(100|[1-9]?\d)$/.test(percent);
  const isReady = !change.isPending && (mode !== "canary" || isPercent);
  const send = () =>
    change.mutate({
      migration_mode: mode,
      ...(mode === "canary" ? { canary_percent: Number(percent) } : {}),
    });
  return (
    <Dialog
      title={t("tenants.mode_title", { name: tenant.display_name })}
      onClose={props.onClose}
      wide
    >
      <Choices
        label={t("tenants.mode")}
        value={mode}
        onChange={setMode}
        options={MODES.map((value) => ({
          value,
          label: t(`project.modes.${value}`),
          why: t(`tenants.means.${value}`, { percent: isPercent ? percent : "…" }),
        }))}
      />
      {mode === "canary" && <Percent value={percent} isWrong={!isPercent} onChange={setPercent} />}
      <p className="text-ink-2 mt-3">{t("tenants.lower_counts")}</p>
      {change.error && <ProblemNote error={change.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="ink" aria-disabled={!isReady} onClick={send}>
          {t("tenants.mode_set", { mode: name })}
        </Button>
      </div>
    </Dialog>
  );
}

function Percent(props: { value: string; isWrong: boolean; onChange: (text: string) => void }) {
  const { t } = useWords();
  const id = useId();
  return (
    <>
      <label htmlFor={id}>{t("tenants.percent")}</label>
      <input
        id={id}
        className="field max-w-24"
        inputMode="numeric"
        value={props.value}
        aria-invalid={props.isWrong}
        onChange={(event) => props.onChange(event.target.value.trim())}
      />
    </>
  );
}
