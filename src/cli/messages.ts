import type { z } from "zod";
import type { OutboxMessage, outboxAnswer } from "../channels/outbox-contract.ts";
import { segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, oneLine, table } from "./table.ts";

const PROJECT = { value: "PROJECT_ID", help: "whose" };

export const messagesList: Command = {
  name: "messages list",
  summary: "List what goes out on channels and what became of it, newest first",
  takes: [],
  options: {
    project: PROJECT,
    channel: { value: "CHANNEL_ID", help: "only on this channel" },
    status: { value: "STATUS", help: "only queued, sent, failed or suppressed ones" },
    ...PAGING,
  },
  async run({ api, option, required, show }) {
    const answer = await api.get<z.output<typeof outboxAnswer>>("/outbound-messages", {
      project_id: required("project"),
      channel_id: option("channel"),
      send_status: option("status"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.messages,
          [
            ["queued", (row) => moment(row.queued_at)],
            ["message", (row) => row.message_id],
            ["channel", (row) => row.channel_id],
            ["type", (row) => row.message_type],
            ["status", statusOf],
            ["tries", (row) => row.attempt_count],
            ["text", (row) => oneLine(row.content_preview ?? "")],
            ["why", (row) => oneLine(row.send_error ?? "")],
          ],
          "There are no such messages.",
        ) + moreHint(answer),
    );
  },
};

const statusOf = ({ send_status, may_be_double }: OutboxMessage) =>
  may_be_double ? `${send_status} (maybe twice)` : send_status;

export const messagesResend: Command = {
  name: "messages resend",
  summary: "Have a message that was given up tried again",
  takes: ["MESSAGE_ID"],
  options: { project: PROJECT },
  async run({ api, args, required, show }) {
    const path = `/outbound-messages/${segment(args[0] ?? "")}/resend`;
    const body = { project_id: required("project") };
    const message = await api.send<OutboxMessage>("POST", path, body);
    show(message, () => `${message.message_id} is queued again for ${message.channel_id}.`);
  },
};
