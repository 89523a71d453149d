import type { FieldError } from "../platform/errors.ts";
import type { AgentBody } from "./agent-body.ts";
import type { ReadDocument } from "./documents.ts";
import { channelsNamed, type Reference, secretsNamed, serversNamed } from "./references.ts";

/** What exists in a project, before or because of the request. */
export interface Known {
  servers: ReadonlySet<string>;
  channels: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
}

/** The things a document names that its project does not have. */
export function danglingErrors(read: ReadDocument, known: Known): FieldError[] {
  if (read.identity?.contract_family !== "agent" || read.parsed === undefined) return [];
  const body = read.parsed as AgentBody;
  const missing = (references: Reference[], there: ReadonlySet<string>, what: string) =>
    references
      .filter(({ name }) => !there.has(name))
      .map(({ path, name }) => ({
        path: [read.root, "body", ...path].join("."),
        message: `there is no ${what} "${name}" in the project; apply its contract before or together with this one`,
      }));
  return [
    ...missing(serversNamed(body), known.servers, "tool server"),
    ...missing(channelsNamed(body), known.channels, "channel"),
  ];
}

/** What is allowed and yet worth saying: secrets that are not set, runbook calls that gate 2 will block. */
export function warningsOf(read: ReadDocument, known: Known): string[] {
  const unset = secretsNamed(read.body)
    .filter((name) => !known.secrets.has(name))
    .map((name) => `The secret ${name} is not set; set it before this contract is used.`);
  return read.identity?.contract_family === "agent"
    ? [...unset, ...unlistedCalls(read.parsed as AgentBody)]
    : unset;
}

function unlistedCalls(body: AgentBody): string[] {
  const listed = new Set(body.tools.map((grant) => `${grant.server}/${grant.tool}`));
  return (body.runbook?.steps ?? []).flatMap((step) => {
    if (!("call" in step)) return [];
    const name = `${step.call.server}/${step.call.tool}`;
    return listed.has(name)
      ? []
      : [`The step ${step.key} calls ${name}, which tools does not list; gate 2 will block it.`];
  });
}
