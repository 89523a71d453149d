import { type FieldError, fieldError } from "../platform/errors.ts";
import { type Finding, finding } from "../platform/findings-contract.ts";
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
  const missing = (
    references: Reference[],
    there: ReadonlySet<string>,
    code: "no_such_server" | "no_such_channel",
  ) =>
    references
      .filter(({ name }) => !there.has(name))
      .map(({ path, name }) =>
        fieldError(under(read.root, ["body", ...path].join(".")), code, { name }),
      );
  return [
    ...missing(serversNamed(body), known.servers, "no_such_server"),
    ...unknownTools(body, known, hints).map((error) => ({
      ...error,
      path: under(read.root, `body.${error.path}`),
    })),
    ...missing(channelsNamed(body), known.channels, "no_such_channel"),
  ];
}

function unknownTools(body: AgentBody, known: Known, hints: Hints): FieldError[] {
  const wrong = body.tools.flatMap(({ server, tool }, at) => {
    const there = known.servers.has(server) ? known.tools.get(server) : undefined;
    return !there || there.has(tool) ? [] : [{ server, tool, at, there }];
  });
  return wrong.map(({ server, tool, at, there }) => {
    const near = hints.left-- > 0 ? nearMisses(tool, there) : [];
    const path = `tools.${at}.tool`;
    return near.length === 0
      ? fieldError(path, "no_such_tool", { server, tool })
      : fieldError(path, "no_such_tool_but", {
          server,
          tool,
          near: near.join(" or "),
          near_zh_tw: near.join(" 或 "),
        });
  });
}

/** What is allowed and yet worth saying: what is not there yet, and runbook calls that gate 2 will block. */
export function warningsOf(read: ReadDocument, known: Known): Finding[] {
  const unset = secretsNamed(read.body)
    .filter((name) => !known.secrets.has(name))
    .map((name) => finding("secret_unset", { name }));
  if (read.identity?.contract_family !== "agent") return unset;
  const body = read.parsed as AgentBody;
  return [...unset, ...unlistedServers(body, known), ...unlistedCalls(body), ...observed(body)];
}

function observed({ observe }: AgentBody): Finding[] {
  return (observe?.servers ?? []).map((server) => finding("observes", { server }));
}

function unlistedServers(body: AgentBody, known: Known): Finding[] {
  const servers = new Set(body.tools.map(({ server }) => server));
  return [...servers]
    .filter((server) => !known.tools.has(server))
    .map((server) => finding("server_unlisted", { server }));
}

function unlistedCalls(body: AgentBody): Finding[] {
  const listed = new Set(body.tools.map((grant) => `${grant.server}/${grant.tool}`));
  return (body.runbook?.steps ?? []).flatMap((step) => {
    if (!("call" in step)) return [];
    const tool = `${step.call.server}/${step.call.tool}`;
    return listed.has(tool) ? [] : [finding("call_unlisted", { key: step.key, tool })];
  });
}
