import type { z } from "zod";
import type { channelsAnswer } from "../channels/channels-contract.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";

export const channelsList: Command = {
  name: "channels list",
  summary: "List a project's channels and how they are",
  takes: [],
  options: { project: { value: "PROJECT_ID", help: "whose" }, ...PAGING },
  async run({ api, option, required, show }) {
    const answer = await api.get<z.output<typeof channelsAnswer>>("/channels", {
      project_id: required("project"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.channels,
          [
            ["channel", (row) => row.channel_id],
            ["type", (row) => row.channel_type],
            ["direction", (row) => row.direction],
            ["health", (row) => row.health.code],
            ["last event", (row) => moment(row.last_event_at)],
            ["last sent", (row) => moment(row.last_sent_at)],
            ["queued", (row) => row.queued],
            ["failed", (row) => row.failed],
            ["receive error", (row) => row.receive_error],
            ["last error", (row) => row.last_error],
          ],
          "The project has no channels.",
        ) + moreHint(answer),
    );
  },
};
