import type { z } from "zod";
import type { runRef } from "../runs/contract.ts";
import { segment } from "./api.ts";
import type { Command } from "./command.ts";

type RunRef = z.output<typeof runRef>;

const PROJECT = { value: "PROJECT_ID", help: "the project it must belong to" };

export const runsCancel: Command = {
  name: "runs cancel",
  summary: "Cancel a run",
  takes: ["RUN_ID"],
  options: { project: PROJECT, reason: { value: "TEXT", help: "why, for the timeline" } },
  async run({ api, args, option, required, show }) {
    const body = { project_id: option("project"), reason: required("reason") };
    const run = await api.send<RunRef>("POST", `/runs/${segment(args[0] ?? "")}/cancel`, body);
    show(run, () => `The run is ${run.state}.`);
  },
};

export const runsRetry: Command = {
  name: "runs retry",
  summary: "Start a run that is over anew, as a new run",
  takes: ["RUN_ID"],
  options: { project: PROJECT },
  async run({ api, args, option, show }) {
    const body = { project_id: option("project") };
    const run = await api.send<RunRef>("POST", `/runs/${segment(args[0] ?? "")}/retry`, body);
    show(run, () => `Started ${run.run_id}. It is ${run.state}.`);
  },
};
