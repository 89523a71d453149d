import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useProject, useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { ListTable } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import {
  ChoiceField,
  FormDialog,
  ProjectField,
  TextField,
  useFirstProject,
  written,
} from "./form.tsx";
import { type OAuthClient, oauthClientsQuery, requests } from "./queries.ts";
import { Section, useMayAdminister } from "./section.tsx";

/** Clients of an authorization server that come as agents. */
export function OAuthClients() {
  const { t } = useWords();
  const mayAdminister = useMayAdminister();
  const isPlatform = useSession()?.is_platform ?? false;
  const pages = useInfiniteQuery({ ...oauthClientsQuery(useProject()), enabled: mayAdminister });
  const rows = pages.data?.pages.flatMap((page) => page.oauth_clients) ?? [];
  const [adding, setAdding] = useState(false);
  const [revoking, setRevoking] = useState<OAuthClient>();
  if (!mayAdminister) return <p className="text-ink-2 py-4">{t("members.keys.for_admins")}</p>;
  return (
    <>
      <Section
        why={t("members.clients.why")}
        make={t("members.clients.add")}
        onMake={() => setAdding(true)}
        mayMake={isPlatform}
        pages={pages}
        isEmpty={rows.length === 0}
        empty={{ title: t("members.clients.nothing"), why: t("members.clients.nothing_why") }}
      >
        <Table rows={rows} onRevoke={setRevoking} />
      </Section>
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {revoking && (
        <FormDialog
          title={t("members.clients.revoke_title", { name: nameOf(revoking) })}
          why={t("members.clients.revoke_why")}
          confirm={t("members.clients.revoke_confirm")}
          done={t("members.clients.revoked")}
          send={() => requests.revokeClient(revoking.oauth_client_id)}
          onClose={() => setRevoking(undefined)}
        />
      )}
    </>
  );
}

const nameOf = ({ client_id, sub }: OAuthClient): string => client_id ?? sub ?? "";

function Table(props: { rows: OAuthClient[]; onRevoke: (client: OAuthClient) => void }) {
  const { t, when } = useWords();
  const heads = [
    { label: t("members.clients.client") },
    { label: t("run.agent") },
    { label: t("members.clients.issuer"), isMinor: true },
    { label: t("project.label"), isMinor: true },
    { label: t("members.keys.last_used"), isMinor: true, isNumber: true },
    { label: t("members.actions"), isNumber: true },
  ];
  return (
    <ListTable caption={t("members.tabs.oauth")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={row.oauth_client_id}>
          <td className="main">
            <b>{nameOf(row)}</b> {row.revoked_at && <Tag>{t("members.keys.is_revoked")}</Tag>}
          </td>
          <td>{row.agent_id}</td>
          <td className="minor">{row.issuer}</td>
          <td className="minor">{row.project_id}</td>
          <td className="minor n">
            {row.last_used_at ? when(row.last_used_at, Date.now()) : t("members.keys.never")}
          </td>
          <td className="n">
            {row.revoked_at === null && (
              <Button
                size="small"
                aria-label={t("members.keys.revoke_of", { name: nameOf(row) })}
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

function AddDialog(props: { onClose: () => void }) {
  const { t } = useWords();
  const [project, setProject] = useState(useFirstProject());
  const [by, setBy] = useState<"client_id" | "sub">("client_id");
  const send = (form: FormData) =>
    requests.addClient({
      project_id: project,
      agent_id: written(form, "agent"),
      issuer: written(form, "issuer"),
      [by]: written(form, "client"),
    });
  return (
    <FormDialog
      title={t("members.clients.add_title")}
      why={t("members.clients.add_why")}
      confirm={t("members.clients.add_confirm")}
      done={t("members.clients.added")}
      send={send}
      onClose={props.onClose}
    >
      <ProjectField value={project} onChange={setProject} />
      <TextField
        label={t("members.keys.agent")}
        name="agent"
        required
        maxLength={128}
        autoComplete="off"
      />
      <TextField
        label={t("members.clients.issuer")}
        name="issuer"
        type="url"
        required
        autoComplete="off"
      />
      <ChoiceField
        label={t("members.clients.named_by")}
        name="by"
        value={by}
        options={[
          { value: "client_id", label: "client_id" },
          { value: "sub", label: "sub" },
        ]}
        onChange={setBy}
      />
      <TextField
        label={t("members.clients.client")}
        name="client"
        required
        maxLength={500}
        autoComplete="off"
      />
    </FormDialog>
  );
}
