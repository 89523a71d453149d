import type { z } from "zod";
import type { chatLinkListSchema, linkCodeSchema } from "../identity/chat-contract.ts";
import { segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";

const PROJECT = { value: "PROJECT_ID", help: "whose" };

export const chatLink: Command = {
  name: "chat link",
  summary: "Ask for the one-time code that links your chat account to your key",
  takes: [],
  options: { project: PROJECT },
  async run({ api, required, show }) {
    const made = await api.send<z.output<typeof linkCodeSchema>>("POST", "/chat-links/codes", {
      project_id: required("project"),
    });
    show(
      made,
      () =>
        `Send this to the bot, where nobody else reads it, before ${moment(made.expires_at)} UTC:\n${made.say}`,
    );
  },
};

export const chatLinks: Command = {
  name: "chat links",
  summary: "List who is linked with which chat account, newest first",
  takes: [],
  options: { project: PROJECT, ...PAGING },
  async run({ api, option, show }) {
    const answer = await api.get<z.output<typeof chatLinkListSchema>>("/chat-links", {
      project_id: option("project"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    const words = () =>
      table(
        answer.chat_links,
        [
          ["link", (row) => row.link_id],
          ["project", (row) => row.project_id],
          ["member", (row) => row.member_id],
          ["chat", (row) => row.channel_type],
          ["user", (row) => row.user_id],
          ["since", (row) => moment(row.created_at)],
          ["calls themselves", (row) => row.user_name],
        ],
        "Nobody is linked.",
      );
    show(answer, () => words() + moreHint(answer));
  },
};

export const chatUnlink: Command = {
  name: "chat unlink",
  summary: "Take a link with a chat back",
  takes: ["LINK_ID"],
  options: {},
  async run({ args, api, show }) {
    const [id = ""] = args;
    await api.send("DELETE", `/chat-links/${segment(id)}`);
    show({ link_id: id, unlinked: true }, () => "The link is taken back.");
  },
};
