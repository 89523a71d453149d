import { z } from "zod";
import { moment, projectId, text, timestamp } from "../platform/contract.ts";

/** A contract that was written for a person to read and apply. */
const written = {
  /** As `POST /contracts/apply` takes it. */
  document: z.object({
    contract_family: z.literal("agent"),
    contract_id: z.string(),
    project_id: z.string(),
    body: z.record(z.string(), z.unknown()),
  }),
  /** The same as a file for `contracts apply`, with comments that say why. */
  yaml: z.string(),
};

export const agentParams = z.object({ agent_id: text(1, 128) });

export const templateQuery = z.object({
  project_id: projectId,
  server_id: text(1, 128).describe("The tool server whose tools the contract is to list"),
});

export const templateAnswer = z.object({
  project_id: z.string(),
  agent_id: z.string(),
  server_id: z.string(),
  ...written,
});
export type TemplateAnswer = z.infer<typeof templateAnswer>;

export const proposalQuery = z.object({
  project_id: projectId,
  since: moment.optional().describe("Runs that began then or later; by default a week ago"),
});

/** What an agent wanted of one tool. */
const calledTool = z.object({
  /** Null for a name that no tool server of the project has, or more than one. */
  server: z.string().nullable(),
  tool: z.string(),
  /** Whether the active contract lists it. */
  is_listed: z.boolean(),
  effect: z.enum(["read", "write"]),
  /** What its server claims; null for a tool that is not pinned. */
  hint: z.enum(["read_only", "destructive", "unsaid"]).nullable(),
  /** Times that it was wanted; a call that asked a person counts once it was decided. */
  calls: z.number().int(),
  /** How many of them a gate stopped. */
  blocked: z.number().int(),
  runs: z.number().int(),
  most_in_a_run: z.number().int(),
});
export type CalledTool = z.infer<typeof calledTool>;

export const proposalAnswer = z.object({
  project_id: z.string(),
  agent_id: z.string(),
  since: timestamp,
  until: timestamp,
  runs: z.number().int(),
  calls: z.number().int(),
  /** False when there were more than are looked at: the newest 500 runs and 5,000 calls. */
  is_complete: z.boolean(),
  tools: z.array(calledTool),
  ...written,
});
export type ProposalAnswer = z.infer<typeof proposalAnswer>;
