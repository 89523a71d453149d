import { setImmediate } from "node:timers/promises";
import { type Caller, isPlatformAdmin, sees, unknownProject } from "../identity/index.ts";
import { canonicalHash } from "../platform/canonical.ts";
import type { Tx } from "../platform/database/index.ts";
import { AppError, type FieldError, fieldError } from "../platform/errors.ts";
import type { Finding } from "../platform/findings-contract.ts";
import { type Comparison, compareBodies, comparedWithNothing, NO_DIFFERENCE } from "./compare.ts";
import type { ChangeLevel } from "./contract.ts";
import { danglingErrors, type Hints, type Known, warningsOf } from "./crosscheck.ts";
import {
  comparedBy,
  doubleErrors,
  type Families,
  type Identity,
  type ReadDocument,
  type Rules,
} from "./documents.ts";
import { type PinnedTools, projectsAmong, type ToolSchemas, whatExists } from "./existing.ts";
import { under } from "./fields.ts";
import { bodiesOf, lockContracts, type Standing, standings } from "./standing.ts";
import { nextVersion, type Version } from "./versions.ts";

const MOST_HINTS = 20;

/** What is needed to judge contracts. */
export interface Judging extends Rules {
  pinnedTools: PinnedTools;
  toolSchemas: ToolSchemas;
  /** Has active tool servers list their tools anew; what can't be reached stays as it was. */
  relist(servers: readonly { project_id: string; server_id: string }[]): Promise<void>;
  /** Whether tool servers may be programs on this machine. */
  allowStdio: boolean;
}

/** A valid document, where its contract stands, and what it would change. */
export interface Checked {
  /** Where it stands in the request. */
  root: string;
  identity: Identity;
  body: unknown;
  hash: string;
  standing: Standing | undefined;
  /** Whether its body is the active revision's. */
  isUnchanged: boolean;
  /** Whether another person than its author has to approve it. */
  needsSecond: boolean;
  /** Whether it starts a program on this machine. */
  isStdio: boolean;
  level: ChangeLevel;
  /** Compared with what is active. */
  comparison: Pick<Comparison, "permissions" | "reasons">;
  /** The number of a revision with this body. */
  version: Version;
  warnings: Finding[];
}

/** What is asked about a set of documents. */
export interface Question {
  caller: Caller;
  /** The project the whole request is for, if it says so. */
  projectId: string | undefined;
  /** Whether nothing but these documents stays active in their projects. */
  isAll?: boolean;
}

/**
 * Locks the contracts until the transaction ends and checks all documents against the database.
 *
 * @returns everything that is wrong, or else what each document would change
 * @throws AppError E-NOT-FOUND (the request's project), E-CONTRACT-FAMILY
 */
async function examine(
  tx: Tx,
  judging: Judging,
  documents: readonly ReadDocument[],
  { caller, projectId, isAll = false }: Question,
): Promise<{ errors: FieldError[]; checked: Checked[] }> {
  const named = new Set(documents.flatMap(({ identity }) => identity?.project_id ?? []));
  if (projectId !== undefined) named.add(projectId);
  const projects = await projectsAmong(
    tx,
    [...named].filter((id) => sees(caller, id)),
  );
  if (projectId !== undefined && !projects.has(projectId)) throw unknownProject(projectId);
  const identities = documents.flatMap(({ identity }) => identity ?? []);
  await lockContracts(tx, identities, isAll ? [...projects.keys()] : []);
  const known = await whatExists(tx, judging, [...projects.keys()], documents, isAll);
  const hints = { left: MOST_HINTS };
  const errors = documents.flatMap((read) => [
    ...read.errors,
    ...errorsInProject(read, known, hints),
  ]);
  errors.push(...doubleErrors(documents));
  if (errors.length > 0) return { errors, checked: [] };
  const standing = new Map((await standings(tx, identities)).map((of) => [nameOf(of), of]));
  const judged = documents.map((read) => {
    const here = judgedBefore(read, standing);
    const needsSecond = projects.get(here.identity.project_id)?.needsSecond ?? true;
    return { ...here, needsSecond, warnings: warningsOf(read, knownTo(here.identity, known)) };
  });
  for (const [at, here] of judged.entries()) {
    const read = documents[at];
    if (read) errors.push(...(await toolErrors(read, here, known, judging.families)));
  }
  if (errors.length > 0) return { errors, checked: [] };
  const active = judged.flatMap(({ identity, standing: of, isUnchanged }) =>
    of?.active_id && !isUnchanged
      ? [{ project_id: identity.project_id, revision_id: of.active_id }]
      : [],
  );
  const bodies = await bodiesOf(tx, active);
  const checked: Checked[] = [];
  for (const here of judged) {
    checked.push(compared(here, bodies, judging.families));
    // Policies take half a second to be taken apart: others are served in between.
    await setImmediate();
  }
  return { errors: [], checked };
}

/**
 * As `examine`, for documents that are to be valid.
 *
 * @param outcome what has not happened, for the error: `Nothing was applied.`
 * @throws AppError also E-CONTRACT-INVALID with all that is wrong, E-STDIO-OFF for a program that is new
 */
export async function requireValid(
  tx: Tx,
  judging: Judging,
  documents: readonly ReadDocument[],
  question: Question,
  outcome: string,
): Promise<Checked[]> {
  const { errors, checked } = await examine(tx, judging, documents, question);
  if (errors.length > 0) throw invalid(errors, outcome);
  for (const document of checked) refuseStdio(document, question.caller, judging.allowStdio);
  return checked;
}

function errorsInProject(
  read: ReadDocument,
  known: ReadonlyMap<string, Known>,
  hints: Hints,
): FieldError[] {
  if (!read.identity) return [];
  const { project_id } = read.identity;
  const here = known.get(project_id);
  return here
    ? danglingErrors(read, here, hints)
    : [fieldError(under(read.root, "project_id"), "no_project", { project: project_id })];
}

/**
 * What is wrong with a body given the project's tools; what is only worth saying is added to the warnings. An active body
 * was right when it was activated: what tools have become since is no reason to refuse the set of which it is a part.
 */
async function toolErrors(
  read: ReadDocument,
  { identity, isUnchanged, warnings }: Pick<Judged, "identity" | "isUnchanged" | "warnings">,
  known: ReadonlyMap<string, Known>,
  families: Families,
): Promise<FieldError[]> {
  const { servers, schemas } = knownTo(identity, known);
  const family = families[identity.contract_family];
  const found = await family.checkTools?.(read.parsed, { servers, tools: schemas });
  if (!found) return [];
  warnings.push(...found.warnings);
  if (isUnchanged) warnings.push(...found.errors.map(({ path: _, ...fault }) => fault));
  const root = under(read.root, "body");
  return isUnchanged
    ? []
    : found.errors.map((error) => ({ ...error, path: `${root}.${error.path}` }));
}

type Judged = Omit<Checked, "level" | "comparison" | "version">;

function judgedBefore(
  read: ReadDocument,
  standings: ReadonlyMap<string, Standing>,
): Omit<Judged, "needsSecond" | "warnings"> {
  const { identity, body } = read;
  if (!identity) throw new TypeError("a document with errors can't be applied");
  const standing = standings.get(nameOf(identity));
  if (standing && standing.contract_family !== identity.contract_family) {
    const where = read.root === "" ? "" : `${read.root}: `;
    const taken = fieldError(under(read.root, "contract_id"), "family_taken", {
      contract: identity.contract_id,
      family: standing.contract_family,
      project: identity.project_id,
      wanted: identity.contract_family,
    });
    throw new AppError("E-CONTRACT-FAMILY", `${where}${taken.message}.`, { errors: [taken] });
  }
  const hash = canonicalHash(body);
  return {
    root: read.root,
    identity,
    body,
    hash,
    standing,
    isUnchanged: standing?.active_hash === hash,
    isStdio:
      identity.contract_family === "tool_server" &&
      (read.parsed as { transport?: unknown }).transport === "stdio",
  };
}

function knownTo(identity: Identity, known: ReadonlyMap<string, Known>): Known {
  const here = known.get(identity.project_id);
  if (!here) throw new TypeError("a document with errors can't be applied");
  return here;
}

function compared(
  judged: Judged,
  bodies: ReadonlyMap<string, unknown>,
  families: Families,
): Checked {
  const { standing, identity } = judged;
  const { level, ...comparison } = comparisonOf(judged, bodies, families);
  const taken = standing && {
    activeMajor: standing.active_major,
    highestMajor: standing.highest_major,
    highestMinor: standing.highest_minor,
  };
  const version = nextVersion(taken, level);
  return { ...judged, identity, level, comparison, version };
}

function comparisonOf(
  { standing, identity, isUnchanged, body }: Judged,
  bodies: ReadonlyMap<string, unknown>,
  families: Families,
): { level: ChangeLevel } & Checked["comparison"] {
  if (standing?.activated_major == null) return { ...NO_DIFFERENCE, level: "initial" };
  if (isUnchanged) return NO_DIFFERENCE;
  if (standing.active_id === null) return comparedWithNothing();
  const { contract_family: family } = identity;
  return compareBodies(
    family,
    comparedBy(families, family, bodies.get(standing.active_id)),
    comparedBy(families, family, body),
  );
}

function nameOf(of: { project_id: string; contract_id: string }): string {
  return `${of.project_id}/${of.contract_id}`;
}

function invalid(errors: readonly FieldError[], outcome: string): AppError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  return new AppError("E-CONTRACT-INVALID", `${outcome} ${first?.path}: ${first?.message}${more}`, {
    errors,
  });
}

/**
 * A program on this machine has this machine's rights, so only who runs the machine may name one.
 *
 * @throws AppError E-STDIO-OFF
 */
function refuseStdio(document: Checked, caller: Caller, allowStdio: boolean): void {
  if (!document.isStdio || document.isUnchanged) return;
  if (allowStdio && isPlatformAdmin(caller)) return;
  const code = allowStdio ? "stdio_of_admins" : "stdio_off";
  const server = document.identity.contract_id;
  const error = fieldError(under(document.root, "body.transport"), code, { server });
  const detail = `${error.message.replace(/^the/, "The")}.`;
  throw new AppError("E-STDIO-OFF", detail, { errors: [error] });
}
