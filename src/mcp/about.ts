import type { McpGrants } from "./deps.ts";

/** How the gateway introduces itself. */
export const SERVER_INFO = { name: "awooop", title: "AwoooP gateway", version: "0.1.0" };

export const INSTRUCTIONS =
  "Every call passes the operator's gates. BLOCKED says which gate refused it and why: do not repeat it unchanged. PENDING says that a person has to approve the call first: repeat the identical call, or call awooop_wait with the name after PENDING. UNKNOWN says that a write may or may not have happened: find out before you try again. You may give your reason for a call in its _meta, as awooop/reason.";

/** What the gateway says it can do, by what the agent's contract grants. */
export function capabilitiesOf(grants: McpGrants) {
  // Sessions are told of changes on their stream, clients of the newer protocol on one they ask for.
  const listChanged = true;
  return {
    tools: { listChanged },
    ...(grants.resources ? { resources: { listChanged, subscribe: true } } : {}),
    ...(grants.prompts ? { prompts: { listChanged } } : {}),
    ...(grants.resources || grants.prompts ? { completions: {} } : {}),
    logging: {},
  };
}
