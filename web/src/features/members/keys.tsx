import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { CopyBlock } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ListTable } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { ChoiceField, FormDialog, TextField, useFirstProject, written } from "./form.tsx";
import { type Key, keysQuery, requests } from "./queries.ts";
import { Section, useMayAdminister } from "./section.tsx";
import { namesIn } from "./tabs.ts";

const ROLES = ["viewer", "operator", "admin", "agent"] as const;

/** The keys that people and agents come with. */
export function Keys() {
  const { t } = useWords();
  const pages = useInfiniteQuery({ ...keysQuery(), enabled: useMayAdminister() });
  const rows = pages.data?.pages.flatMap((page) => page.keys) ?? [];
  const mayAdminister = useMayAdminister();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string>();
  const [revoking, setRevoking] = useState<Key>();
  if (!mayAdminister) return <p className="text-ink-2 py-4">{t("members.keys.for_admins")}</p>;
  return (
    <>
      <Section
        why={t("members.keys.why")}
        make={t("members.keys.make")}
        onMake={() => setMaking(true)}
        mayMake
        pages={pages}
        isEmpty={rows.length === 0}
        empty={{ title: t("members.keys.nothing"), why: t("members.keys.nothing_why") }}
      >
        <Table rows={rows} onRevoke={setRevoking} />
      </Section>
      {making && <MakeDialog onMade={setMade} onClose={() => setMaking(false)} />}
      {made !== undefined && <MadeDialog text={made} onClose={() => setMade(undefined)} />}
      {revoking && (
        <FormDialog
          title={t("members.keys.revoke_title", { name: revoking.name })}
          why={t("members.keys.revoke_why")}
          confirm={t("members.keys.revoke_confirm")}
          done={t("members.keys.revoked")}
          send={() => requests.revokeKey(revoking.key_id)}
          onClose={() => setRevoking(undefined)}
        />
      )}
    </>
  );
}

function Table(props: { rows: Key[]; onRevoke: (key: Key) => void }) {
  const { t, when } = useWords();
  const heads = [
    { label: t("members.keys.name") },
    { label: t("members.role") },
    { label: t("members.keys.opens"), isMinor: true },
    { label: t("members.keys.last_used"), isMinor: true, isNumber: true },
    { label: t("members.keys.expires"), isMinor: true, isNumber: true },
    { label: t("members.actions"), isNumber: true },
  ];
  const isOver = ({ expires_at: at }: Key) => at !== null && Date.parse(at) < Date.now();
  return (
    <ListTable caption={t("members.tabs.keys")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={row.key_id}>
          <td className="main">
            <b>{row.name}</b> <code className="text-ink-3">awp_{row.key_id}_…</code>{" "}
            {row.revoked_at && <Tag>{t("members.keys.is_revoked")}</Tag>}
            {!row.revoked_at && isOver(row) && <Tag>{t("members.keys.is_expired")}</Tag>}
          </td>
          <td>{row.agent_id ?? t(`account.roles.${row.role}`)}</td>
          <td className="minor">{row.project_ids?.join(", ") ?? t("project.all")}</td>
          <td className="minor n">
            {row.last_used_at ? when(row.last_used_at, Date.now()) : t("members.keys.never")}
          </td>
          <td className="minor n">
            {row.expires_at ? when(row.expires_at, Date.now()) : t("members.keys.never")}
          </td>
          <td className="n">
            {row.revoked_at === null && (
              <Button
                size="small"
                aria-label={t("members.keys.revoke_of", { name: row.name })}
                onClick={() => props.onRevoke(row)}
              >
                {t("members.keys.revoke")}
              </Button>
            )}
          </td>
        </tr>
      ))}
    </ListTable>
  );
}

function MakeDialog(props: { onMade: (key: string) => void; onClose: () => void }) {
  const { t } = useWords();
  const isPlatform = useSession()?.is_platform ?? false;
  const first = useFirstProject();
  const [role, setRole] = useState<(typeof ROLES)[number]>("operator");
  const send = (form: FormData) => {
    const projects = namesIn(written(form, "projects"));
    const until = written(form, "until");
    return requests.makeKey({
      name: written(form, "name"),
      role,
      ...(projects.length > 0 ? { project_ids: projects } : {}),
      ...(role === "agent" ? { agent_id: written(form, "agent") } : {}),
      ...(until ? { expires_at: new Date(until).toISOString() } : {}),
    });
  };
  return (
    <FormDialog
      title={t("members.keys.make_title")}
      why={t("members.keys.make_why")}
      confirm={t("members.keys.make_confirm")}
      done={t("members.keys.made")}
      send={send}
      onDone={({ key }) => props.onMade(key)}
      onClose={props.onClose}
    >
      <TextField
        label={t("members.keys.name")}
        name="name"
        required
        maxLength={200}
        autoComplete="off"
        hint={t("members.keys.name_hint")}
      />
      <ChoiceField
        label={t("members.role")}
        name="role"
        value={role}
        options={ROLES.map((value) => ({ value, label: t(`account.roles.${value}`) }))}
        onChange={setRole}
      />
      {role === "agent" && (
        <TextField
          label={t("members.keys.agent")}
          name="agent"
          required
          maxLength={128}
          autoComplete="off"
        />
      )}
      <Reach isPlatform={isPlatform} first={first} />
    </FormDialog>
  );
}

/** What the key opens, and until when. */
function Reach(props: { isPlatform: boolean; first: string }) {
  const { t } = useWords();
  const { isPlatform, first } = props;
  return (
    <>
      <TextField
        label={t("members.keys.opens")}
        name="projects"
        defaultValue={first}
        required={!isPlatform}
        autoComplete="off"
        hint={isPlatform ? t("members.keys.opens_all_hint") : t("members.keys.opens_hint")}
      />
      <TextField
        label={t("members.keys.expires")}
        name="until"
        type="datetime-local"
        hint={t("members.keys.expires_hint")}
      />
    </>
  );
}

/** The only time a key is shown. */
function MadeDialog(props: { text: string; onClose: () => void }) {
  const { t } = useWords();
  return (
    <Dialog title={t("members.keys.made")} onClose={props.onClose}>
      <p className="mb-2">{t("members.keys.once")}</p>
      <CopyBlock text={props.text} label={t("members.keys.copy")} />
      <div className="foot">
        <Button tone="ink" onClick={props.onClose}>
          {t("members.keys.kept")}
        </Button>
      </div>
    </Dialog>
  );
}
