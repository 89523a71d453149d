import type { z } from "zod";
import type { rotatedKey } from "../approvals/record-contract.ts";
import type { keyListSchema, newKeySchema } from "../identity/contract.ts";
import { segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";
import { usageError } from "./usage.ts";

export const keysList: Command = {
  name: "keys list",
  summary: "List keys, newest first",
  takes: [],
  options: PAGING,
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof keyListSchema>>("/keys", {
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const stateOf = (row: (typeof answer.keys)[number]) => {
      if (row.revoked_at !== null) return "revoked";
      return row.expires_at === null ? "valid" : `valid until ${moment(row.expires_at)}`;
    };
    show(
      answer,
      () =>
        table(
          answer.keys,
          [
            ["key", (row) => row.key_id],
            ["role", (row) => row.role],
            ["projects", (row) => row.project_ids?.join(", ") ?? "all"],
            ["agent", (row) => row.agent_id],
            ["state", stateOf],
            ["last used", (row) => moment(row.last_used_at)],
            ["name", (row) => row.name],
          ],
          "There are no keys.",
        ) + moreHint(answer),
    );
  },
};

export const keysCreate: Command = {
  name: "keys create",
  summary: "Make a key; its text is shown this once",
  takes: ["NAME"],
  options: {
    role: { value: "ROLE", help: "viewer, operator, admin or agent" },
    project: {
      value: "PROJECT_ID",
      multiple: true,
      help: "a project it opens; none: every project",
    },
    agent: { value: "AGENT_ID", help: "for the role agent: the contract it works under" },
    hold: { value: "SECONDS", help: "how long a call may be held while a person thinks" },
    "may-act-for-others": { help: "may name another person as the one who decides" },
    "held-by": {
      value: "MEMBER_ID",
      help: "for the role agent: who works through it, and so never approves what it asks for",
    },
    expires: { value: "TIME", help: "when it stops working: 2027-01-31T12:00:00Z" },
  },
  async run({ args, all, api, isSet, option, required, show }) {
    const hold = option("hold");
    if (hold !== undefined && !/^\d+$/.test(hold)) {
      throw usageError(`--hold must be a number of seconds, not "${hold}".`);
    }
    const projects = all("project");
    const made = await api.send<z.output<typeof newKeySchema>>("POST", "/keys", {
      name: args[0],
      role: required("role"),
      project_ids: projects.length > 0 ? projects : null,
      agent_id: option("agent"),
      hold_seconds: hold === undefined ? undefined : Number(hold),
      may_act_for_others: isSet("may-act-for-others"),
      expires_at: option("expires"),
      held_by: option("held-by"),
    });
    show(made, () => made.key);
  },
};

export const keysRevoke: Command = {
  name: "keys revoke",
  summary: "Revoke a key and end its sessions",
  takes: ["KEY_ID"],
  options: {},
  async run({ args, api, show }) {
    const [keyId = ""] = args;
    await api.send("DELETE", `/keys/${segment(keyId)}`);
    show({ key_id: keyId, revoked: true }, () => `The key ${keyId} is revoked.`);
  },
};

export const keysSigningRotate: Command = {
  name: "keys signing rotate",
  summary: "Sign approvals and records with a new key from now on",
  details: "What the former key has signed still verifies: its public half is kept.",
  takes: [],
  options: {},
  async run({ api, show }) {
    const made = await api.send<z.output<typeof rotatedKey>>("POST", "/signing-keys/rotate");
    const former = made.retired.length > 0 ? ` in the place of ${made.retired.join(", ")}` : "";
    show(made, () => `The key ${made.kid} signs from now on${former}.`);
  },
};
