import type { z } from "zod";
import type { memberListSchema, memberSchema } from "../identity/member-contract.ts";
import { segment } from "./api.ts";
import { type Call, type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";
import { usageError } from "./usage.ts";

type Member = z.output<typeof memberSchema>;

const PROJECT = { value: "PROJECT_ID", help: "whose" };
const SETTINGS = {
  name: { value: "TEXT", help: "how they are called; their id by default" },
  role: { value: "ROLE", help: "the most that they may do: viewer, operator or admin" },
  group: { value: "GROUP", multiple: true, help: "a group they are in" },
};

/** The groups that `--group` names; `none` is no group at all. */
function groupsOf(call: Call): string[] | undefined {
  const named = call.all("group");
  if (named.length === 0) return undefined;
  if (!named.includes("none")) return [...named];
  if (named.length > 1) throw usageError("--group none stands alone.");
  return [];
}

const inWords = ({ member_id, project_id, role, groups, is_active }: Member) =>
  `${oneLine(member_id)} of ${project_id}: ${role}, ${groups.length > 0 ? `in ${groups.join(", ")}` : "in no group"}${is_active ? "" : ", deactivated"}.`;

export const membersList: Command = {
  name: "members list",
  summary: "List the people of projects, by id",
  takes: [],
  options: {
    project: PROJECT,
    group: { value: "GROUP", help: "only those in this group" },
    active: { help: "only those who are active" },
    ...PAGING,
  },
  async run({ api, option, isSet, show }) {
    const answer = await api.get<z.output<typeof memberListSchema>>("/members", {
      project_id: option("project"),
      group: option("group"),
      is_active: isSet("active") ? "true" : undefined,
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const words = () =>
      table(
        answer.members,
        [
          ["member", (row) => row.member_id],
          ["project", (row) => row.project_id],
          ["role", (row) => row.role],
          ["groups", (row) => row.groups.join(", ")],
          ["state", (row) => (row.is_active ? "active" : "deactivated")],
          ["since", (row) => moment(row.created_at)],
          ["name", (row) => row.display_name],
        ],
        "There are no members.",
      );
    show(answer, () => words() + moreHint(answer));
  },
};

export const membersAdd: Command = {
  name: "members add",
  summary: "Make somebody a member of a project; keys named like them are theirs (admins)",
  takes: ["MEMBER_ID"],
  options: { project: PROJECT, ...SETTINGS },
  async run(call) {
    const made = await call.api.send<Member>("POST", "/members", {
      project_id: call.required("project"),
      member_id: call.args[0],
      display_name: call.option("name"),
      role: call.option("role"),
      groups: groupsOf(call),
    });
    call.show(made, () => inWords(made));
  },
};

export const membersUpdate: Command = {
  name: "members update",
  summary: "Change a member: name, role, groups, or whether they are active (admins)",
  takes: ["MEMBER_ID"],
  options: {
    project: PROJECT,
    ...SETTINGS,
    group: {
      ...SETTINGS.group,
      help: "a group they are in, in place of all so far; none: no group",
    },
    activate: { help: "let them decide again" },
    deactivate: { help: "refuse their decisions from now on" },
  },
  async run(call) {
    if (call.isSet("activate") && call.isSet("deactivate")) {
      throw usageError("--activate and --deactivate contradict each other.");
    }
    const isActive = call.isSet("activate") ? true : call.isSet("deactivate") ? false : undefined;
    const path = `/members/${segment(call.args[0] ?? "")}`;
    const changed = await call.api.send<Member>("PATCH", path, {
      project_id: call.required("project"),
      display_name: call.option("name"),
      role: call.option("role"),
      groups: groupsOf(call),
      is_active: isActive,
    });
    call.show(changed, () => inWords(changed));
  },
};
