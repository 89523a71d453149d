import { writeFile } from "node:fs/promises";
import type { ProposalAnswer, TemplateAnswer } from "../agents/authoring-contract.ts";
import { AppError, fieldError } from "../platform/errors.ts";
import { segment } from "./api.ts";
import type { Call, Command } from "./command.ts";

const WRITTEN = {
  agent: { value: "AGENT_ID", help: "the agent's contract" },
  project: { value: "PROJECT_ID", help: "its project" },
  out: { value: "FILE", help: "a new file to write it to, instead of printing it" },
} as const;

export const contractsInit: Command = {
  name: "contracts init",
  summary: "Draft a first contract for an agent from a tool server's list of tools",
  details: `What the tool server itself calls read-only becomes a read, everything else a write that asks a person.
The file says so, tool by tool; read it, take out what the agent does not need, then apply it.`,
  takes: [],
  options: {
    from: { value: "SERVER_ID", help: "the tool server" },
    ...WRITTEN,
  },
  async run(call) {
    const [server_id, agent, project_id] = ["from", "agent", "project"].map(call.required);
    const path = `/agents/${segment(agent ?? "")}/template`;
    await put(call, await call.api.get<TemplateAnswer>(path, { project_id, server_id }));
  },
};

export const contractsPropose: Command = {
  name: "contracts propose",
  summary: "Propose a contract for an agent from what it has called",
  details: `For an agent whose contract observes a tool server: what it called is added to what the contract lists, with
the arguments that came again and again and limits with some head-room, and the observing is taken out.`,
  takes: [],
  options: {
    ...WRITTEN,
    since: { value: "TIME", help: "look at runs since then; by default since a week ago" },
  },
  async run(call) {
    const [agent, project_id] = ["agent", "project"].map(call.required);
    const query = { project_id, since: call.option("since") };
    const path = `/agents/${segment(agent ?? "")}/proposal`;
    await put(call, await call.api.get<ProposalAnswer>(path, query));
  },
};

/** Prints the contract, or writes it to a file that is not there yet. */
async function put(
  { option, show }: Call,
  answer: Pick<TemplateAnswer, "yaml" | "document">,
): Promise<void> {
  const file = option("out");
  if (file === undefined) {
    show(answer, () => answer.yaml.trimEnd());
    return;
  }
  try {
    await writeFile(file, answer.yaml, { flag: "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = code === "EEXIST" ? "is there already; name another file" : message;
    throw new AppError("E-CLI-FILE", "The contract was not written:", {
      errors: [fieldError(file, "other", { said: problem })],
    });
  }
  show(answer, () => `Written to ${file}. Read it, then: contracts apply ${file} --dry-run`);
}
