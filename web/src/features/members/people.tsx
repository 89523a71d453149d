import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useProject, useSeveralProjects } from "../../app/use-session.ts";
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
import { type Member, membersQuery, requests } from "./queries.ts";
import { Section, useMayAdminister } from "./section.tsx";
import { namesIn } from "./tabs.ts";

const ROLES = ["viewer", "operator", "admin"] as const;

/** The people of the projects, and the most that each of them may do. */
export function People() {
  const { t } = useWords();
  const pages = useInfiniteQuery(membersQuery(useProject()));
  const rows = pages.data?.pages.flatMap((page) => page.members) ?? [];
  const mayAdminister = useMayAdminister();
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<Member>();
  return (
    <>
      <Section
        why={t("members.people.why")}
        make={t("members.people.add")}
        onMake={() => setAdding(true)}
        mayMake={mayAdminister}
        pages={pages}
        isEmpty={rows.length === 0}
        empty={{ title: t("members.people.nothing"), why: t("members.people.nothing_why") }}
      >
        <PeopleTable rows={rows} onChange={mayAdminister ? setChanging : undefined} />
      </Section>
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      {changing && <ChangeDialog member={changing} onClose={() => setChanging(undefined)} />}
    </>
  );
}

function PeopleTable(props: { rows: Member[]; onChange: ((member: Member) => void) | undefined }) {
  const { t, when } = useWords();
  const severalProjects = useSeveralProjects();
  const { onChange } = props;
  const heads = [
    { label: t("members.member") },
    { label: t("members.role") },
    { label: t("members.groups"), isMinor: true },
    severalProjects && { label: t("project.label"), isMinor: true },
    { label: t("members.since"), isMinor: true, isNumber: true },
    onChange !== undefined && { label: t("members.actions"), isNumber: true },
  ];
  return (
    <ListTable caption={t("members.tabs.people")} heads={heads}>
      {props.rows.map((row) => (
        <tr key={`${row.project_id} ${row.member_id}`}>
          <td className="main">
            <b>{row.member_id}</b>{" "}
            {row.display_name !== row.member_id && (
              <span className="text-ink-2">{row.display_name}</span>
            )}{" "}
            {!row.is_active && <Tag tone="stopped">{t("members.inactive")}</Tag>}
          </td>
          <td>{t(`account.roles.${row.role}`)}</td>
          <td className="minor">{row.groups.join(", ")}</td>
          {severalProjects && <td className="minor">{row.project_id}</td>}
          <td className="minor n">{when(row.created_at, Date.now())}</td>
          {onChange && (
            <td className="n">
              <Button
                size="small"
                aria-label={t("members.change_of", { name: row.member_id })}
                onClick={() => onChange(row)}
              >
                {t("members.change")}
              </Button>
            </td>
          )}
        </tr>
      ))}
    </ListTable>
  );
}

const useRoleOptions = () => {
  const { t } = useWords();
  return ROLES.map((value) => ({ value, label: t(`account.roles.${value}`) }));
};

function AddDialog(props: { onClose: () => void }) {
  const { t } = useWords();
  const [project, setProject] = useState(useFirstProject());
  const [role, setRole] = useState<Member["role"]>("operator");
  const send = (form: FormData) => {
    const display_name = written(form, "name");
    return requests.addMember({
      project_id: project,
      member_id: written(form, "member"),
      role,
      groups: namesIn(written(form, "groups")),
      ...(display_name ? { display_name } : {}),
    });
  };
  return (
    <FormDialog
      title={t("members.people.add_title")}
      why={t("members.people.add_why")}
      confirm={t("members.people.add_confirm")}
      done={t("members.people.added")}
      send={send}
      onClose={props.onClose}
    >
      <ProjectField value={project} onChange={setProject} />
      <TextField
        label={t("members.member")}
        name="member"
        required
        maxLength={200}
        autoComplete="off"
      />
      <TextField label={t("members.name")} name="name" maxLength={200} autoComplete="off" />
      <ChoiceField
        label={t("members.role")}
        name="role"
        value={role}
        options={useRoleOptions()}
        onChange={setRole}
      />
      <TextField
        label={t("members.groups")}
        name="groups"
        hint={t("members.groups_hint")}
        autoComplete="off"
      />
    </FormDialog>
  );
}

function ChangeDialog({ member, onClose }: { member: Member; onClose: () => void }) {
  const { t } = useWords();
  const [role, setRole] = useState(member.role);
  const [state, setState] = useState<"active" | "inactive">(
    member.is_active ? "active" : "inactive",
  );
  const send = (form: FormData) =>
    requests.changeMember(member.member_id, {
      project_id: member.project_id,
      display_name: written(form, "name") || member.member_id,
      role,
      groups: namesIn(written(form, "groups")),
      is_active: state === "active",
    });
  return (
    <FormDialog
      title={t("members.people.change_title", {
        name: member.member_id,
        project: member.project_id,
      })}
      confirm={t("members.save")}
      done={t("members.saved")}
      send={send}
      onClose={onClose}
    >
      <TextField
        label={t("members.name")}
        name="name"
        defaultValue={member.display_name}
        maxLength={200}
      />
      <ChoiceField
        label={t("members.role")}
        name="role"
        value={role}
        options={useRoleOptions()}
        onChange={setRole}
      />
      <TextField
        label={t("members.groups")}
        name="groups"
        defaultValue={member.groups.join(", ")}
        hint={t("members.groups_hint")}
      />
      <ChoiceField
        label={t("members.state")}
        name="state"
        value={state}
        options={[
          { value: "active", label: t("members.active") },
          { value: "inactive", label: t("members.inactive_means") },
        ]}
        onChange={setState}
      />
    </FormDialog>
  );
}
