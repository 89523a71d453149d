import type { FieldError } from "../platform/errors.ts";
import type { AgentBody } from "./agent-body.ts";
import type { ReadDocument } from "./documents.ts";
import { under } from "./fields.ts";
import { nearMisses } from "./near-misses.ts";
import { channelsNamed, type Reference, secretsNamed, serversNamed } from "./references.ts";

/** What exists in a project, before or because of the request. */
export interface Known {
  servers: ReadonlySet<string>;
  channels: ReadonlySet<string>;
  secrets: ReadonlySet<string>;
  /** The tools of each server that has listed them since its contract last changed. */
  tools: ReadonlyMap<string, ReadonlySet<string>>;
  /** The same of all servers, with the schemas of the tools' arguments; read only where a policy is looked at. */
  schemas: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

/** For how many wrong names those that come close are still looked for. */
export interface Hints {
  left: number;
}

/**
 * The things a document names that its project does not have.
 *
 * @param hints of the whole request: each takes up to a tenth of a second
 */
export function danglingErrors(read: ReadDocument, known: Known, hints: Hints): FieldError[] {
  if (read.identity?.contract_family !== "agent" || read.parsed === undefined) return [];
  const body = read.parsed as AgentBody;
  const missing = (references: Reference[], there: ReadonlySet<string>, what: string) =>
    references
      .filter(({ name }) => !there.has(name))
      .map(({ path, name }) => ({
        path: under(read.root, ["body", ...path].join(".")),
        message: `there is no ${what} "${name}" in the project; apply its contract before or together with this one`,
      }));
  return [
    ...missing(serversNamed(body), known.servers, "tool server"),
    ...unknownTools(body, known, hints).map(({ path, message }) => ({
      path: under(read.root, `body.${path}`),
      message,
    })),
    ...missing(channelsNamed(body), known.channels, "channel"),
  ];
}

function unknownTools(body: AgentBody, known: Known, hints: Hints): FieldError[] {
  const wrong = body.tools.flatMap(({ server, tool }, at) => {
    const there = known.servers.has(server) ? known.tools.get(server) : undefined;
    return !there || there.has(tool) ? [] : [{ server, tool, at, there }];
  });
  return wrong.map(({ server, tool, at, there }) => {
    const near = hints.left-- > 0 ? nearMisses(tool, there) : [];
    const instead = near.length === 0 ? "" : `; did you mean ${near.join(" or ")}?`;
    return {
      path: `tools.${at}.tool`,
      message: `the tool server "${server}" has no tool "${tool}"${instead}`,
    };
  });
}

/** What is allowed and yet worth saying: what is not there yet, and runbook calls that gate 2 will block. */
export function warningsOf(read: ReadDocument, known: Known): string[] {
  const unset = secretsNamed(read.body)
    .filter((name) => !known.secrets.has(name))
    .map((name) => `The secret ${name} is not set; set it before this contract is used.`);
  if (read.identity?.contract_family !== "agent") return unset;
  const body = read.parsed as AgentBody;
  return [...unset, ...unlistedServers(body, known), ...unlistedCalls(body), ...observed(body)];
}

function observed({ observe }: AgentBody): string[] {
  return (observe?.servers ?? []).map(
    (server) =>
      `It observes ${server}: tools that it does not list pass where ${server} says that they only read. That is for finding out what it needs; contracts propose then writes the contract without it.`,
  );
}

function unlistedServers(body: AgentBody, known: Known): string[] {
  const servers = new Set(body.tools.map(({ server }) => server));
  return [...servers]
    .filter((server) => !known.tools.has(server))
    .map(
      (server) =>
        `The tool server ${server} has not listed its tools yet, so that they could not be looked up.`,
    );
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
