import { useState } from "react";
import type { Found } from "../../app/findings.ts";
import { fieldOf, Problem } from "../../app/send.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { FindingText } from "../../ui/finding.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { type Amount, amountText, readAmount } from "./amounts.ts";
import type { Tenant, TenantPatch } from "./queries.ts";
import { useChange } from "./use-change.ts";

const AMOUNTS = [
  { field: "budget_limit_usd", decimals: 6 },
  { field: "calls_per_minute", decimals: 0 },
  { field: "calls_per_day", decimals: 0 },
  { field: "retention_payload_days", decimals: 0 },
  { field: "retention_run_days", decimals: 0 },
] as const;
type Field = (typeof AMOUNTS)[number]["field"];
type Typed = Record<Field, string>;

/** A project's name, its limits, and what it keeps for how long; an empty limit is none. */
export function EditDialog(props: { tenant: Tenant; onClose: () => void }) {
  const { t } = useWords();
  const { tenant } = props;
  const [name, setName] = useState(tenant.display_name);
  const [second, setSecond] = useState(tenant.separate_approver);
  const [typed, setTyped] = useState<Typed>(
    () =>
      Object.fromEntries(AMOUNTS.map(({ field }) => [field, amountText(tenant[field])])) as Typed,
  );
  const change = useChange(tenant.project_id, t("tenants.saved", { name }), props.onClose);
  const amounts = AMOUNTS.map(({ field, decimals }) => ({
    field,
    read: readAmount(typed[field], decimals),
  }));
  const isReady = name.trim() !== "" && amounts.every(({ read }) => read.ok) && !change.isPending;
  const refused = faultsOf(change.error);
  const faultOf = (field: Field, read: Amount) => {
    const found = refused.get(field);
    return read.ok ? found && <FindingText found={found} /> : t("tenants.not_a_number");
  };
  const send = () => change.mutate(patchOf(name, second, amounts));
  return (
    <Dialog title={t("tenants.edit_title")} onClose={props.onClose} wide>
      <TextField label={t("tenants.name")} value={name} onChange={setName} max={200} />
      <div className="fields mt-3">
        {amounts.map(({ field, read }) => (
          <div key={field}>
            <TextField
              label={t(`tenants.fields.${field}`)}
              value={typed[field]}
              fault={faultOf(field, read)}
              isNumber
              hint={t("servers.no_limit")}
              onChange={(text) => setTyped({ ...typed, [field]: text })}
            />
          </div>
        ))}
      </div>
      <label className="line mt-3">
        <input
          type="checkbox"
          checked={second}
          onChange={(event) => setSecond(event.target.checked)}
        />
        {t("tenants.second_long")}
      </label>
      <p className="text-ink-2 text-xs mt-2">{t("tenants.retention_why")}</p>
      {change.error && <ProblemNote error={change.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="ink" aria-disabled={!isReady} onClick={send}>
          {t("tenants.save")}
        </Button>
      </div>
    </Dialog>
  );
}

function patchOf(
  name: string,
  second: boolean,
  amounts: readonly { field: Field; read: Amount }[],
): TenantPatch {
  const values = amounts.flatMap(({ field, read }) => (read.ok ? [[field, read.value]] : []));
  return {
    display_name: name.trim(),
    separate_approver: second,
    ...(Object.fromEntries(values) as Partial<Record<Field, number | null>>),
  };
}

/** What the server has against single fields. */
function faultsOf(error: Error | null): Map<string, Found> {
  const errors = error instanceof Problem ? error.errors : [];
  return new Map(errors.map((fault) => [fieldOf(fault.path), fault]));
}
