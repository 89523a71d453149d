import { type Caller, sees, unknownProject } from "../identity/index.ts";
import { canonicalHash } from "../platform/canonical.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError, type FieldError } from "../platform/errors.ts";
import { readProject } from "../tenants/index.ts";
import { danglingErrors, type Known, warningsOf } from "./crosscheck.ts";
import { doubleErrors, type Identity, type ReadDocument } from "./documents.ts";
import { activeNames, lockContracts, type Standing, secretNames, standings } from "./queries.ts";

/** A document that may be applied, and where its contract stands. */
export interface Checked {
  identity: Identity;
  body: unknown;
  hash: string;
  standing: Standing | undefined;
  /** Whether its body is the active revision's. */
  isUnchanged: boolean;
  /** Whether it starts a program on this machine. */
  isStdio: boolean;
  warnings: string[];
}

/**
 * Locks the contracts until the transaction ends and checks all documents against the database.
 *
 * @param requestProject the project the whole request is for, if it says so
 * @throws AppError E-NOT-FOUND (that project), E-CONTRACT-INVALID with all that is wrong, E-CONTRACT-FAMILY
 */
export async function checkDocuments(
  tx: Tx,
  caller: Caller,
  documents: readonly ReadDocument[],
  requestProject: string | undefined,
): Promise<Checked[]> {
  const named = new Set(documents.flatMap(({ identity }) => identity?.project_id ?? []));
  if (requestProject !== undefined) named.add(requestProject);
  const projects = await visibleProjects(tx, caller, named);
  if (requestProject !== undefined && !projects.has(requestProject)) {
    throw unknownProject(requestProject);
  }
  const identities = documents.flatMap(({ identity }) => identity ?? []);
  await lockContracts(tx, identities);
  const known = await whatExists(tx, [...projects], identities);
  const errors = documents.flatMap((read) => [...read.errors, ...errorsInProject(read, known)]);
  errors.push(...doubleErrors(documents));
  if (errors.length > 0) throw invalid(errors);
  const standing = new Map((await standings(tx, identities)).map((of) => [nameOf(of), of]));
  return documents.map((read) => checked(read, known, standing));
}

async function visibleProjects(
  tx: Tx,
  caller: Caller,
  named: ReadonlySet<string>,
): Promise<Set<string>> {
  const found = new Set<string>();
  for (const id of named) {
    if (sees(caller, id) && (await readProject(tx, id))) found.add(id);
  }
  return found;
}

/** What each project has once the request is applied, by project. */
async function whatExists(
  tx: Tx,
  projects: readonly string[],
  applied: readonly Identity[],
): Promise<Map<string, Known>> {
  if (projects.length === 0) return new Map();
  const contracts = [...(await activeNames(tx, projects)), ...applied];
  const secrets = await secretNames(tx, projects);
  return new Map(
    projects.map((id) => {
      const here = contracts.filter((of) => of.project_id === id);
      const ids = (family: string) =>
        new Set(here.flatMap((of) => (of.contract_family === family ? of.contract_id : [])));
      const set = secrets.filter((secret) => secret.project_id === id);
      const known: Known = {
        servers: ids("tool_server"),
        channels: ids("channel"),
        secrets: new Set(set.map((secret) => secret.name)),
      };
      return [id, known];
    }),
  );
}

function errorsInProject(read: ReadDocument, known: ReadonlyMap<string, Known>): FieldError[] {
  if (!read.identity) return [];
  const { project_id } = read.identity;
  const here = known.get(project_id);
  return here
    ? danglingErrors(read, here)
    : [{ path: `${read.root}.project_id`, message: `there is no project "${project_id}"` }];
}

function checked(
  read: ReadDocument,
  known: ReadonlyMap<string, Known>,
  standings: ReadonlyMap<string, Standing>,
): Checked {
  const here = read.identity && known.get(read.identity.project_id);
  if (!read.identity || !here) throw new TypeError("a document with errors can't be applied");
  const standing = standings.get(nameOf(read.identity));
  if (standing && standing.contract_family !== read.identity.contract_family) {
    throw new AppError(
      "E-CONTRACT-FAMILY",
      `${read.root}: "${read.identity.contract_id}" is a ${standing.contract_family} contract in project "${read.identity.project_id}" and can't become a ${read.identity.contract_family} contract; choose another contract_id.`,
    );
  }
  const hash = canonicalHash(read.body);
  return {
    identity: read.identity,
    body: read.body,
    hash,
    standing,
    isUnchanged: standing?.active_hash === hash,
    isStdio:
      read.identity.contract_family === "tool_server" &&
      (read.parsed as { transport?: unknown }).transport === "stdio",
    warnings: warningsOf(read, here),
  };
}

function nameOf(of: { project_id: string; contract_id: string }): string {
  return `${of.project_id}/${of.contract_id}`;
}

function invalid(errors: readonly FieldError[]): AppError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new AppError(
    "E-CONTRACT-INVALID",
    `Nothing was applied. ${first?.path}: ${first?.message}${more}`,
    { errors },
  );
}
