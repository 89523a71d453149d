import { z } from "zod";
import { projectId, text } from "../platform/contract.ts";
import { type FieldError, fieldError } from "../platform/errors.ts";
import { type Finding, says } from "../platform/findings-contract.ts";
import type { AgentBody } from "./agent-body.ts";
import { FAMILIES, type Family } from "./contract.ts";
import { explainIssues, under } from "./fields.ts";
import { plainJsonErrors } from "./plain-json.ts";

/** What a family asks of its bodies. The features to the right bring theirs; `main.ts` hands them over. */
export interface FamilyRules {
  schema: z.ZodType;
  /** Further rules, for a body that fits the schema; paths are relative to the body (`triggers.0.when`). */
  check?(body: unknown, context: { projectId: string; contractId: string }): FieldError[];
  /** What else is wrong with a valid body, or worth saying, given the project's tools; paths as for `check`. */
  checkTools?(
    body: unknown,
    known: KnownTools,
  ): Promise<{ errors: FieldError[]; warnings: Finding[] }>;
  /** What two bodies are compared by, where that is not the body itself: of a policy contract its policies. */
  compared?(body: unknown): unknown;
}

/** Of each tool server, its tools with the JSON Schemas of their arguments; one that has listed none yet is missing. */
export interface KnownTools {
  servers: ReadonlySet<string>;
  tools: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

export type Families = Record<Family, FamilyRules>;

/** What other features know about bodies. */
export interface Rules {
  families: Families;
  /** Why a JSON Schema can't be used, if it can't. */
  schemaProblem(schema: unknown): string | undefined;
}

/** A body as its family reads it; undefined when it does not fit. */
function parsedBody(families: Families, family: Family, body: unknown): unknown {
  return families[family].schema.safeParse(body).data;
}

/** What a body of the family is compared by; undefined when it does not fit. */
export function comparedBy(families: Families, family: Family, body: unknown): unknown {
  const parsed = parsedBody(families, family, body);
  const { compared } = families[family];
  if (parsed === undefined || !compared) return parsed;
  try {
    return compared(parsed);
  } catch (error) {
    // It was valid once, by the rules of an earlier version.
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Which contract a document is about. */
export interface Identity {
  project_id: string;
  contract_id: string;
  contract_family: Family;
}

/** A document with everything that can be said about it without the database. */
export interface ReadDocument {
  /** Where it stands in the request: `documents.1`; empty when it is the whole request. */
  root: string;
  /** Undefined when the document does not say it well enough. */
  identity: Identity | undefined;
  /** As it was given: what is stored and hashed. */
  body: unknown;
  /** With the family's defaults; undefined when it does not fit. */
  parsed: unknown;
  errors: FieldError[];
}

const CONTRACT_ID = /^[a-z0-9]([a-z0-9._-]{0,126}[a-z0-9])?$/;

const head = {
  contract_family: z.enum(FAMILIES),
  contract_id: text(1, 128).regex(CONTRACT_ID, says("no_contract_id")),
  project_id: projectId.optional(),
};

const documentSchema = z.strictObject(
  { ...head, body: z.record(z.string(), z.unknown(), says("no_object")) },
  says("no_document"),
);
const identitySchema = z.object(head);

/**
 * Reads one document and finds everything that is wrong with it.
 *
 * @param defaultProject the project of a document that does not name one
 */
export function readDocument(
  given: unknown,
  root: string,
  rules: Rules,
  defaultProject: string | undefined,
): ReadDocument {
  const shape = documentSchema.safeParse(given);
  const errors = shape.success ? [] : explainIssues(shape.error, given, root);
  const body = (given as { body?: unknown } | null)?.body;
  const known = identitySchema.safeParse(given);
  const projectId = known.success ? (known.data.project_id ?? defaultProject) : undefined;
  if (known.success && projectId === undefined) {
    errors.push(fieldError(under(root, "project_id"), "project_needed"));
  }
  const family = identitySchema.shape.contract_family.safeParse(
    (given as { contract_family?: unknown } | null)?.contract_family,
  );
  const read: ReadDocument = { root, identity: undefined, body, parsed: undefined, errors };
  if (known.success && projectId !== undefined) {
    const { contract_id, contract_family } = known.data;
    read.identity = { project_id: projectId, contract_id, contract_family };
  }
  if (family.success && body !== null && typeof body === "object" && !Array.isArray(body)) {
    checkBody(read, family.data, rules);
  }
  return read;
}

function checkBody(read: ReadDocument, name: Family, rules: Rules): void {
  const root = under(read.root, "body");
  const family = rules.families[name];
  const unfit = plainJsonErrors(read.body, root);
  if (unfit.length > 0) {
    read.errors.push(...unfit);
    return;
  }
  const parsed = family.schema.safeParse(read.body);
  if (!parsed.success) {
    read.errors.push(...explainIssues(parsed.error, read.body, root));
    return;
  }
  read.parsed = parsed.data;
  const context = {
    projectId: read.identity?.project_id ?? "",
    contractId: read.identity?.contract_id ?? "",
  };
  const found = family.check?.(parsed.data, context) ?? [];
  if (name === "agent") found.push(...argsErrors(parsed.data as AgentBody, rules));
  read.errors.push(...found.map((error) => ({ ...error, path: `${root}.${error.path}` })));
}

/** The constraints on arguments that could not be checked on a call. */
function argsErrors(body: AgentBody, rules: Rules): FieldError[] {
  return body.tools.flatMap(({ args }, at) => {
    const problem = args === undefined ? undefined : rules.schemaProblem(args);
    return problem === undefined
      ? []
      : [fieldError(`tools.${at}.args`, "schema_unusable", { said: problem })];
  });
}

/** The tools that a document's agent may use. */
export function toolsNamed({
  identity,
  parsed,
}: ReadDocument): { project_id: string; server_id: string; tool: string }[] {
  if (identity?.contract_family !== "agent" || parsed === undefined) return [];
  const { project_id } = identity;
  return (parsed as AgentBody).tools.map(({ server, tool }) => ({
    project_id,
    server_id: server,
    tool,
  }));
}

/** The tool servers that a document's agent observes. */
export function serversObserved({
  identity,
  parsed,
}: ReadDocument): { project_id: string; server_id: string }[] {
  if (identity?.contract_family !== "agent" || parsed === undefined) return [];
  const { project_id } = identity;
  return ((parsed as AgentBody).observe?.servers ?? []).map((server_id) => ({
    project_id,
    server_id,
  }));
}

/** What is wrong between the documents of one request: a contract that is given twice. */
export function doubleErrors(documents: readonly ReadDocument[]): FieldError[] {
  const first = new Map<string, string>();
  return documents.flatMap(({ identity, root }) => {
    if (!identity) return [];
    const name = `${identity.project_id}/${identity.contract_id}`;
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, root);
      return [];
    }
    const twice = { contract: identity.contract_id, place: earlier };
    return [fieldError(under(root, "contract_id"), "contract_twice", twice)];
  });
}
