import type { ContractsResponse } from "../contracts/contract.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";

export const contractsList: Command = {
  name: "contracts list",
  summary: "List contract revisions, newest first",
  takes: [],
  options: {
    project: { value: "PROJECT_ID", help: "only of this project" },
    family: { value: "FAMILY", help: "only agent, tool_server, policy or channel" },
    status: { value: "STATUS", help: "only in this status, such as active" },
    id: { value: "CONTRACT_ID", help: "only of this contract" },
    ...PAGING,
  },
  async run({ api, option, show }) {
    const answer = await api.get<ContractsResponse>("/contracts", {
      project_id: option("project"),
      contract_family: option("family"),
      lifecycle_status: option("status"),
      contract_id: option("id"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.contracts,
          [
            ["project", (row) => row.project_id],
            ["family", (row) => row.contract_family],
            ["contract", (row) => row.contract_id],
            ["version", (row) => `${row.version_major}.${row.version_minor}`],
            ["status", (row) => row.lifecycle_status],
            ["created", (row) => moment(row.created_at)],
            ["revision", (row) => row.revision_id],
          ],
          "There are no such contracts.",
        ) + moreHint(answer),
    );
  },
};
