import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Choices } from "../../ui/choices.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { ProblemNote } from "../../ui/problem.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { readAmount } from "./amounts.ts";
import { MODES } from "./mode-dialog.tsx";
import { type Mode, makeTenant } from "./queries.ts";

const ID = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

function useMake(onDone: () => void) {
  const { t } = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: makeTenant,
    onSuccess: async (made) => {
      announce(t("tenants.made", { name: made.display_name }));
      onDone();
      await Promise.all([
        client.invalidateQueries({ queryKey: ["tenants"] }),
        client.invalidateQueries({ queryKey: ["session"] }),
      ]);
      await navigate({ to: "/tenants/$projectId", params: { projectId: made.project_id } });
    },
  });
}

/** A new project. It starts in shadow unless one says otherwise. */
export function NewTenantDialog(props: { onClose: () => void }) {
  const { t } = useWords();
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const [budget, setBudget] = useState("");
  const [mode, setMode] = useState<Mode>("shadow");
  const limit = readAmount(budget, 6);
  const make = useMake(props.onClose);
  const isId = ID.test(id);
  const isReady = isId && name.trim() !== "" && limit.ok && !make.isPending;
  const send = () =>
    limit.ok &&
    make.mutate({
      project_id: id,
      display_name: name.trim(),
      migration_mode: mode,
      budget_limit_usd: limit.value,
    });
  return (
    <Dialog title={t("tenants.new")} onClose={props.onClose} wide>
      <TextField
        label={t("tenants.id")}
        value={id}
        isCode
        fault={id === "" || isId ? undefined : t("tenants.id_form")}
        onChange={(text) => setId(text.trim())}
      />
      <TextField label={t("tenants.name")} value={name} onChange={setName} max={200} />
      <TextField
        label={t("tenants.fields.budget_limit_usd")}
        value={budget}
        isNumber
        hint={t("servers.no_limit")}
        fault={limit.ok ? undefined : t("tenants.not_a_number")}
        onChange={setBudget}
      />
      <Choices
        label={t("tenants.mode")}
        value={mode}
        onChange={setMode}
        options={MODES.filter((each) => each !== "canary").map((value) => ({
          value,
          label: t(`project.modes.${value}`),
          why: t(`tenants.means.${value}`, { percent: 0 }),
        }))}
      />
      {make.error && <ProblemNote error={make.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="ink" aria-disabled={!isReady} onClick={send}>
          {t("tenants.make")}
        </Button>
      </div>
    </Dialog>
  );
}
