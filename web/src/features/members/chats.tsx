import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useProject, useSession, useSeveralProjects } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { CopyBlock } from "../../ui/copy.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { ListTable } from "../../ui/lists.tsx";
import { FormDialog, ProjectField, useFirstProject } from "./form.tsx";
import { type ChatLink, chatLinksQuery, type LinkCode, requests } from "./queries.ts";
import { Section, useMayAdminister } from "./section.tsx";

/** Who acts from which chat account, and how to link one's own. */
export function Chats() {
  const { t } = useWords();
  const pages = useInfiniteQuery(chatLinksQuery(useProject()));
  const rows = pages.data?.pages.flatMap((page) => page.chat_links) ?? [];
  const [asking, setAsking] = useState(false);
  const [made, setMade] = useState<LinkCode>();
  const [removing, setRemoving] = useState<ChatLink>();
  return (
    <>
      <Section
        why={t("members.chats.why")}
        make={t("members.chats.link")}
        onMake={() => setAsking(true)}
        mayMake
        pages={pages}
        isEmpty={rows.length === 0}
        empty={{ title: t("members.chats.nothing"), why: t("members.chats.nothing_why") }}
      >
        <Table rows={rows} onRemove={setRemoving} />
      </Section>
      {asking && <AskDialog onMade={setMade} onClose={() => setAsking(false)} />}
      {made && <CodeDialog made={made} onClose={() => setMade(undefined)} />}
      {removing && (
        <FormDialog
          title={t("members.chats.remove_title", { name: removing.member_id })}
          why={t("members.chats.remove_why", { chat: CHATS[removing.channel_type] })}
          confirm={t("members.chats.remove_confirm")}
          done={t("members.chats.removed")}
          send={() => requests.unlinkChat(removing.link_id)}
          onClose={() => setRemoving(undefined)}
        />
      )}
    </>
  );
}

/** Names of products, the same in every language. */
const CHATS: Record<ChatLink["channel_type"], string> = { telegram: "Telegram", slack: "Slack" };

function Table(props: { rows: ChatLink[]; onRemove: (link: ChatLink) => void }) {
  const { t, when } = useWords();
  const severalProjects = useSeveralProjects();
  const isAdmin = useMayAdminister();
  const me = useSession()?.actor.name;
  const heads = [
    { label: t("members.member") },
    { label: t("members.chats.chat") },
    { label: t("members.chats.channel"), isMinor: true },
    severalProjects && { label: t("project.label"), isMinor: true },
    { label: t("members.chats.since"), isMinor: true, isNumber: true },
    { label: t("members.actions"), isNumber: true },
  ];
  return (
    <ListTable caption={t("members.tabs.chats")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={row.link_id}>
          <td className="main">
            <b>{row.member_id}</b>
          </td>
          <td className="wrap-anywhere">
            {CHATS[row.channel_type]} <bdi className="text-ink-2">{row.user_name}</bdi>{" "}
            <code className="text-ink-3">{row.user_id}</code>
          </td>
          <td className="minor">{row.channel_id}</td>
          {severalProjects && <td className="minor">{row.project_id}</td>}
          <td className="minor n">{when(row.created_at, Date.now())}</td>
          <td className="n">
            {(isAdmin || row.member_id === me) && (
              <Button
                size="small"
                aria-label={t("members.chats.remove_of", {
                  name: row.member_id,
                  chat: CHATS[row.channel_type],
                })}
                onClick={() => props.onRemove(row)}
              >
                {t("members.chats.remove")}
              </Button>
            )}
          </td>
        </tr>
      ))}
    </ListTable>
  );
}

function AskDialog(props: { onMade: (code: LinkCode) => void; onClose: () => void }) {
  const { t } = useWords();
  const [project, setProject] = useState(useFirstProject());
  return (
    <FormDialog
      title={t("members.chats.link_title")}
      why={t("members.chats.link_why")}
      confirm={t("members.chats.make")}
      done={t("members.chats.made")}
      send={() => requests.makeLinkCode(project)}
      onDone={props.onMade}
      onClose={props.onClose}
    >
      <ProjectField value={project} onChange={setProject} />
    </FormDialog>
  );
}

/** The only time a code is shown. */
function CodeDialog(props: { made: LinkCode; onClose: () => void }) {
  const { t, when } = useWords();
  const { code, say, expires_at } = props.made;
  return (
    <Dialog title={t("members.chats.made")} onClose={props.onClose}>
      <p className="mb-2">{t("members.chats.once", { until: when(expires_at, Date.now()) })}</p>
      <p className="mb-1 text-ink-2">{t("members.chats.in_telegram")}</p>
      <CopyBlock text={say} label={t("members.chats.copy", { chat: CHATS.telegram })} />
      <p className="mt-3 mb-1 text-ink-2">{t("members.chats.in_slack")}</p>
      <CopyBlock
        text={`/awooop link ${code}`}
        label={t("members.chats.copy", { chat: CHATS.slack })}
      />
      <div className="foot">
        <Button tone="ink" onClick={props.onClose}>
          {t("common.close")}
        </Button>
      </div>
    </Dialog>
  );
}
