import { useState } from "react";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Choices } from "../../ui/choices.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import type { TenantPage } from "./queries.ts";
import { useChange } from "./use-change.ts";

type Runs = "finish" | "cancel";

/** Ends a project: no run starts any more, and one says what becomes of those that are open. */
export function DeactivateDialog(props: { tenant: TenantPage; onClose: () => void }) {
  const { t, number } = useWords();
  const { tenant } = props;
  const { pending, running, waiting_approval: waiting } = tenant.open_runs;
  const open = pending + running + waiting;
  const [runs, setRuns] = useState<Runs>("finish");
  const named = { name: tenant.display_name };
  const change = useChange(tenant.project_id, t("tenants.deactivated", named), props.onClose);
  const send = () => change.mutate({ is_active: false, running_runs: runs });
  return (
    <Dialog title={t("tenants.deactivate_title", named)} onClose={props.onClose}>
      <p className="text-ink-2 mb-2">
        {t("tenants.deactivate_effect")}{" "}
        {t("tenants.deactivate_open", { count: open, number: number(open) })}
      </p>
      <Choices<Runs>
        label={t("tenants.running_runs")}
        value={runs}
        onChange={setRuns}
        options={[
          { value: "finish", label: t("tenants.finish"), why: t("tenants.finish_means") },
          { value: "cancel", label: t("tenants.cancel"), why: t("tenants.cancel_means") },
        ]}
      />
      {change.error && <ProblemNote error={change.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="stop" aria-disabled={change.isPending} onClick={send}>
          {runs === "finish" ? t("tenants.deactivate_finish") : t("tenants.deactivate_cancel")}
        </Button>
      </div>
    </Dialog>
  );
}

export function ActivateDialog(props: { tenant: TenantPage; onClose: () => void }) {
  const { t } = useWords();
  const { tenant } = props;
  const named = { name: tenant.display_name };
  const change = useChange(tenant.project_id, t("tenants.activated", named), props.onClose);
  return (
    <Dialog title={t("tenants.activate_title", named)} onClose={props.onClose}>
      <p className="text-ink-2">{t("tenants.activate_effect")}</p>
      {change.error && <ProblemNote error={change.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button
          tone="ink"
          aria-disabled={change.isPending}
          onClick={() => change.mutate({ is_active: true })}
        >
          {t("tenants.activate")}
        </Button>
      </div>
    </Dialog>
  );
}
