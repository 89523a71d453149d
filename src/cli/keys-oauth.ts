import type { z } from "zod";
import type { oauthClientListSchema, oauthClientSchema } from "../identity/oauth-contract.ts";
import { segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";
import { usageError } from "./usage.ts";

export const keysOAuthList: Command = {
  name: "keys oauth list",
  summary: "List the OAuth clients that are agents, newest first",
  takes: [],
  options: { project: { value: "PROJECT_ID", help: "only those of the project" }, ...PAGING },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof oauthClientListSchema>>("/oauth-clients", {
      project_id: option("project"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.oauth_clients,
          [
            ["id", (row) => row.oauth_client_id],
            ["project", (row) => row.project_id],
            ["agent", (row) => row.agent_id],
            ["state", (row) => (row.revoked_at === null ? "valid" : "revoked")],
            ["last used", (row) => moment(row.last_used_at)],
            ["client", (row) => row.client_id ?? `sub ${row.sub}`],
            ["issuer", (row) => row.issuer],
          ],
          "There are no OAuth clients.",
        ) + moreHint(answer),
    );
  },
};

export const keysOAuthCreate: Command = {
  name: "keys oauth create",
  summary: "Let the access tokens of an OAuth client in as an agent",
  details: `The issuer has to be one of the server's AWOOOP_OAUTH_ISSUERS, to the letter.

  awooop keys oauth create --project acme --agent helper --issuer https://login.example --client acme-helper`,
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "the project the agent works in" },
    agent: { value: "AGENT_ID", help: "the contract it works under" },
    issuer: { value: "URL", help: "the authorization server" },
    client: { value: "CLIENT_ID", help: "the client_id in its tokens" },
    sub: { value: "SUBJECT", help: "instead of --client: the subject of its tokens" },
    hold: { value: "SECONDS", help: "how long a call may be held while a person thinks" },
  },
  async run({ api, option, required, show }) {
    const hold = option("hold");
    if (hold !== undefined && !/^\d+$/.test(hold)) {
      throw usageError(`--hold must be a number of seconds, not "${hold}".`);
    }
    const made = await api.send<z.output<typeof oauthClientSchema>>("POST", "/oauth-clients", {
      project_id: required("project"),
      agent_id: required("agent"),
      issuer: required("issuer"),
      client_id: option("client"),
      sub: option("sub"),
      hold_seconds: hold === undefined ? undefined : Number(hold),
    });
    show(
      made,
      () =>
        `Access tokens of ${made.client_id ?? made.sub} are now the agent ${made.agent_id} of ${made.project_id} (${made.oauth_client_id}).`,
    );
  },
};

export const keysOAuthRevoke: Command = {
  name: "keys oauth revoke",
  summary: "Let the access tokens of an OAuth client in no more",
  takes: ["ID"],
  options: {},
  async run({ args, api, show }) {
    const [id = ""] = args;
    await api.send("DELETE", `/oauth-clients/${segment(id)}`);
    show({ oauth_client_id: id, revoked: true }, () => `The OAuth client ${id} is revoked.`);
  },
};
