import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useMayAct, useProject, useSession } from "../../app/use-session.ts";
import { useWords } from "../../app/words.ts";
import { Button } from "../../ui/button.tsx";
import { ListTable } from "../../ui/lists.tsx";
import { Tag } from "../../ui/marks.tsx";
import { FormDialog, ProjectField, TextField, useFirstProject, written } from "./form.tsx";
import { type Delegation, delegationsQuery, requests } from "./queries.ts";
import { Section } from "./section.tsx";
import { localIn } from "./tabs.ts";

/** Rights to approve that are lent for a time. */
export function Delegations() {
  const { t } = useWords();
  const pages = useInfiniteQuery(delegationsQuery(useProject()));
  const rows = pages.data?.pages.flatMap((page) => page.delegations) ?? [];
  const mayAct = useMayAct();
  const [lending, setLending] = useState(false);
  const [ending, setEnding] = useState<Delegation>();
  return (
    <>
      <Section
        why={t("members.lent.why")}
        make={t("members.lent.lend")}
        onMake={() => setLending(true)}
        mayMake={mayAct}
        pages={pages}
        isEmpty={rows.length === 0}
        empty={{ title: t("members.lent.nothing"), why: t("members.lent.nothing_why") }}
      >
        <Table rows={rows} onEnd={mayAct ? setEnding : undefined} />
      </Section>
      {ending && (
        <FormDialog
          title={t("members.lent.end_title", { to: ending.delegated_to })}
          why={t("members.lent.end_why", { by: ending.delegated_by })}
          confirm={t("members.lent.end")}
          done={t("members.lent.ended")}
          send={() => requests.takeBack(ending.delegation_id)}
          onClose={() => setEnding(undefined)}
        />
      )}
      {lending && <LendDialog onClose={() => setLending(false)} />}
    </>
  );
}

function Table(props: { rows: Delegation[]; onEnd: ((of: Delegation) => void) | undefined }) {
  const { t, when } = useWords();
  const { onEnd } = props;
  const heads = [
    { label: t("members.lent.whose") },
    { label: t("members.lent.group"), isMinor: true },
    { label: t("project.label"), isMinor: true },
    { label: t("members.lent.until"), isNumber: true },
    onEnd !== undefined && { label: t("members.actions"), isNumber: true },
  ];
  return (
    <ListTable caption={t("members.tabs.delegations")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={row.delegation_id}>
          <td className="main">
            <b>{t("members.lent.from_to", { by: row.delegated_by, to: row.delegated_to })}</b>{" "}
            {!row.is_standing && (
              <Tag>
                {row.revoked_at ? t("members.lent.was_revoked") : t("members.lent.has_ended")}
              </Tag>
            )}
          </td>
          <td className="minor">{row.group ?? t("members.lent.any_group")}</td>
          <td className="minor">{row.project_id}</td>
          <td className="n">{when(row.revoked_at ?? row.ends_at, Date.now())}</td>
          {onEnd && (
            <td className="n">
              {row.is_standing && (
                <Button
                  size="small"
                  aria-label={t("members.lent.end_of", { to: row.delegated_to })}
                  onClick={() => onEnd(row)}
                >
                  {t("members.lent.end")}
                </Button>
              )}
            </td>
          )}
        </tr>
      ))}
    </ListTable>
  );
}

const WEEK_DAYS = 7;

function LendDialog(props: { onClose: () => void }) {
  const { t } = useWords();
  const session = useSession();
  const [project, setProject] = useState(useFirstProject());
  const isAdmin = session?.role === "admin";
  const send = (form: FormData) => {
    const by = written(form, "by");
    const group = written(form, "group");
    return requests.lend({
      project_id: project,
      delegated_to: written(form, "to"),
      ends_at: new Date(written(form, "until")).toISOString(),
      ...(by ? { delegated_by: by } : {}),
      ...(group ? { group } : {}),
    });
  };
  return (
    <FormDialog
      title={t("members.lent.lend_title")}
      why={t("members.lent.lend_why")}
      confirm={t("members.lent.lend_confirm")}
      done={t("members.lent.done")}
      send={send}
      onClose={props.onClose}
    >
      <ProjectField value={project} onChange={setProject} />
      {isAdmin && (
        <TextField
          label={t("members.lent.by")}
          name="by"
          hint={t("members.lent.by_hint")}
          autoComplete="off"
        />
      )}
      <TextField label={t("members.lent.to")} name="to" required autoComplete="off" />
      <TextField
        label={t("members.lent.group")}
        name="group"
        hint={t("members.lent.group_hint")}
        autoComplete="off"
      />
      <TextField
        label={t("members.lent.until")}
        name="until"
        type="datetime-local"
        required
        defaultValue={localIn(WEEK_DAYS, new Date())}
      />
    </FormDialog>
  );
}
