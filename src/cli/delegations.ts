import type { z } from "zod";
import type { delegationListSchema, delegationSchema } from "../identity/member-contract.ts";
import { segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";

type Delegation = z.output<typeof delegationSchema>;

const PROJECT = { value: "PROJECT_ID", help: "whose" };

export const delegationsCreate: Command = {
  name: "delegations create",
  summary: "Lend your right to approve to another member until a time",
  takes: ["MEMBER_ID"],
  options: {
    project: PROJECT,
    until: { value: "TIME", help: "when it ends, at most 90 days from now: 2027-01-31T12:00:00Z" },
    group: { value: "GROUP", help: "only what you may as one of this group; else of any" },
    from: { value: "MEMBER_ID", help: "whose right, where it is not yours (admins)" },
  },
  async run({ args, api, option, required, show }) {
    const made = await api.send<Delegation>("POST", "/delegations", {
      project_id: required("project"),
      delegated_by: option("from"),
      delegated_to: args[0],
      group: option("group"),
      ends_at: required("until"),
    });
    const what = made.group === null ? "all groups" : made.group;
    show(
      made,
      () =>
        `${oneLine(made.delegated_to)} may approve for ${oneLine(made.delegated_by)} (${what}) until ${moment(made.ends_at)} UTC.\nTake it back with: delegations revoke ${made.delegation_id}`,
    );
  },
};

export const delegationsList: Command = {
  name: "delegations list",
  summary: "List rights that are or were lent, newest first",
  takes: [],
  options: { project: PROJECT, standing: { help: "only those that hold now" }, ...PAGING },
  async run({ api, option, isSet, show }) {
    const answer = await api.get<z.output<typeof delegationListSchema>>("/delegations", {
      project_id: option("project"),
      standing: isSet("standing") ? "true" : undefined,
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const stateOf = (row: Delegation) => {
      if (row.revoked_at !== null) return `revoked by ${row.revoked_by}`;
      return row.is_standing ? "stands" : "ended";
    };
    const words = () =>
      table(
        answer.delegations,
        [
          ["delegation", (row) => row.delegation_id],
          ["project", (row) => row.project_id],
          ["from", (row) => row.delegated_by],
          ["to", (row) => row.delegated_to],
          ["group", (row) => row.group ?? "all"],
          ["until", (row) => moment(row.ends_at)],
          ["state", stateOf],
        ],
        "Nothing is lent.",
      );
    show(answer, () => words() + moreHint(answer));
  },
};

export const delegationsRevoke: Command = {
  name: "delegations revoke",
  summary: "Take a right back that was lent",
  takes: ["DELEGATION_ID"],
  options: {},
  async run({ args, api, show }) {
    const [id = ""] = args;
    await api.send("DELETE", `/delegations/${segment(id)}`);
    show({ delegation_id: id, revoked: true }, () => "The right is taken back.");
  },
};
