import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMayAct, useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { announce } from "../../ui/announce.tsx";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ListTable } from "../../ui/lists.tsx";
import { Kbd } from "../../ui/marks.tsx";
import { Bones, ProblemNote } from "../../ui/problem.tsx";
import { TextField } from "../../ui/text-field.tsx";
import { deleteSecret, type Secret, secretsQuery, setSecret } from "./queries.ts";

type Asked = { what: "set"; name: string } | { what: "delete"; name: string };

/** What a project's secrets are called, asked only for those who may know. */
export function useSecrets(projectId: string) {
  const mayList = useMayAct();
  return useQuery({ ...secretsQuery(projectId), enabled: mayList });
}

/** The names of a project's secrets: values go in and never come out. */
export function Secrets(props: { projectId: string }) {
  const { t } = useWords();
  const mayList = useMayAct();
  const isAdmin = useSession()?.role === "admin";
  const secrets = useSecrets(props.projectId);
  const [asked, setAsked] = useState<Asked>();
  const rows = secrets.data?.secrets ?? [];
  return (
    <section id="secrets">
      <div className="sec mt-3">
        <h2>{t("secrets.title")}</h2>
        <span className="flex-1" />
        {isAdmin && (
          <Button size="small" onClick={() => setAsked({ what: "set", name: "" })}>
            {t("secrets.new")}
          </Button>
        )}
      </div>
      {!mayList && <p className="text-ink-2">{t("secrets.role")}</p>}
      {mayList && secrets.isPending && <Bones head rows={3} label={t("common.loading")} />}
      {secrets.isError && <ProblemNote error={secrets.error} onRetry={() => secrets.refetch()} />}
      {secrets.data && rows.length === 0 && <p className="text-ink-2">{t("secrets.nothing")}</p>}
      {rows.length > 0 && <Rows rows={rows} onAsk={isAdmin ? setAsked : undefined} />}
      {asked?.what === "set" && (
        <SetDialog {...props} name={asked.name} onClose={() => setAsked(undefined)} />
      )}
      {asked?.what === "delete" && (
        <DeleteDialog {...props} name={asked.name} onClose={() => setAsked(undefined)} />
      )}
    </section>
  );
}

function Rows(props: { rows: Secret[]; onAsk: ((asked: Asked) => void) | undefined }) {
  const { t, when } = useWords();
  const { onAsk } = props;
  const heads = [
    { label: t("secrets.name") },
    { label: t("secrets.updated"), isMinor: true, isNumber: true },
    onAsk !== undefined && { label: t("secrets.actions"), isNumber: true },
  ];
  return (
    <ListTable caption={t("secrets.title")} heads={heads}>
      {props.rows.map(({ name, updated_at, created_by }) => (
        <tr key={name}>
          <td className="main">
            <code>{name}</code> <span className="text-ink-2">{created_by}</span>
          </td>
          <td className="minor n">
            <time dateTime={updated_at}>{when(updated_at, Date.now())}</time>
          </td>
          {onAsk && (
            <td className="n">
              <Button
                size="small"
                aria-label={t("secrets.replace_named", { name })}
                onClick={() => onAsk({ what: "set", name })}
              >
                {t("secrets.replace")}
              </Button>{" "}
              <Button
                size="small"
                aria-label={t("secrets.delete_named", { name })}
                onClick={() => onAsk({ what: "delete", name })}
              >
                {t("secrets.delete")}
              </Button>
            </td>
          )}
        </tr>
      ))}
    </ListTable>
  );
}

interface DialogProps {
  projectId: string;
  name: string;
  onClose: () => void;
}

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,127}$/;

function SetDialog(props: DialogProps) {
  const { t } = useWords();
  const client = useQueryClient();
  const isNew = props.name === "";
  const [name, setName] = useState(props.name);
  const [value, setValue] = useState("");
  const set = useMutation({
    mutationFn: () => setSecret(props.projectId, name, value),
    onSuccess: async () => {
      announce(t("secrets.stored", { name }));
      props.onClose();
      await client.invalidateQueries({ queryKey: ["secrets"] });
    },
  });
  const isName = NAME.test(name);
  return (
    <Dialog
      title={isNew ? t("secrets.new") : t("secrets.replace_named", { name })}
      onClose={props.onClose}
    >
      <p className="text-ink-2">{t("secrets.how")}</p>
      {isNew && (
        <TextField
          label={t("secrets.name")}
          value={name}
          isCode
          fault={name === "" || isName ? undefined : t("secrets.name_form")}
          onChange={(text) => setName(text.trim())}
        />
      )}
      <TextField label={t("secrets.value")} value={value} isSecret onChange={setValue} />
      {set.error && <ProblemNote error={set.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button
          tone="ink"
          aria-disabled={!isName || value === "" || set.isPending}
          onClick={() => set.mutate()}
        >
          {t("secrets.store")}
        </Button>
      </div>
    </Dialog>
  );
}

function DeleteDialog(props: DialogProps) {
  const { t } = useWords();
  const client = useQueryClient();
  const { name } = props;
  const remove = useMutation({
    mutationFn: () => deleteSecret(props.projectId, name),
    onSuccess: async () => {
      announce(t("secrets.deleted", { name }));
      props.onClose();
      await client.invalidateQueries({ queryKey: ["secrets"] });
    },
  });
  return (
    <Dialog title={t("secrets.delete_title", { name })} onClose={props.onClose}>
      <p className="text-ink-2">{t("secrets.delete_effect")}</p>
      {remove.error && <ProblemNote error={remove.error} />}
      <div className="foot">
        <Button onClick={props.onClose}>
          {t("common.back")}
          <Kbd>Esc</Kbd>
        </Button>
        <Button tone="stop" aria-disabled={remove.isPending} onClick={() => remove.mutate()}>
          {t("secrets.delete_named", { name })}
        </Button>
      </div>
    </Dialog>
  );
}
