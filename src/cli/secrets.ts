import type { z } from "zod";
import type { secretListSchema, secretSchema } from "../secrets/contract.ts";
import { segment } from "./api.ts";
import { type Command, moreHint, PAGING } from "./command.ts";
import { moment, table } from "./table.ts";
import { usageError } from "./usage.ts";

export const secretsList: Command = {
  name: "secrets list",
  summary: "List the names of a project's secrets",
  takes: [],
  options: { project: { value: "PROJECT_ID", help: "whose" }, ...PAGING },
  async run({ api, option, required, show }) {
    const answer = await api.get<z.output<typeof secretListSchema>>("/secrets", {
      project_id: required("project"),
      limit: option("limit"),
      cursor: option("cursor"),
    });
    show(
      answer,
      () =>
        table(
          answer.secrets,
          [
            ["name", (row) => row.name],
            ["changed", (row) => moment(row.updated_at)],
            ["by", (row) => row.created_by],
          ],
          "There are no secrets.",
        ) + moreHint(answer),
    );
  },
};

export const secretsSet: Command = {
  name: "secrets set",
  summary: "Store a secret; its value is read from standard input",
  details: `One line break at the end of the value is left out.

  printf %s "$TOKEN" | awooop secrets set ALERTS_TOKEN --project acme`,
  takes: ["NAME"],
  options: { project: { value: "PROJECT_ID", help: "whose" } },
  async run({ args, api, readInput, required, show }) {
    const [name = ""] = args;
    const project_id = required("project");
    const value = (await readInput()).replace(/\r?\n$/, "");
    if (value === "") throw usageError("There is no value on standard input.");
    const path = `/secrets/${segment(name)}`;
    const secret = await api.send<z.output<typeof secretSchema>>("PUT", path, {
      project_id,
      value,
    });
    show(secret, () => `The secret ${secret.name} of ${secret.project_id} is set.`);
  },
};
