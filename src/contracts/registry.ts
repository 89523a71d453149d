import { type Caller, requireProject, requireRole, scopeOf } from "../identity/index.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError, type ErrorCode } from "../platform/errors.ts";
import { type Finding, finding } from "../platform/findings-contract.ts";
import { draftOf, onlyProject } from "./apply.ts";
import { changesIn, permissionsIn } from "./change-contract.ts";
import { type Checked, type Judging, requireValid } from "./check.ts";
import type { LifecycleEvent } from "./contract.ts";
import { type ReadDocument, readDocument } from "./documents.ts";
import { needsSecond } from "./existing.ts";
import { refuseLifting } from "./four-eyes.ts";
import { findHead, hasApproved, type Language } from "./heads.ts";
import {
  type DraftRequest,
  type DraftResponse,
  type RevisionHead,
  remarksOf,
  type ValidateResponse,
} from "./lifecycle-contract.ts";
import { LIFECYCLE } from "./lifecycle-table-contract.ts";
import { relistWhereUnknown } from "./relist.ts";
import { lockContracts } from "./standing.ts";
import { type Held, holdRevision, moveRevision, type Retired } from "./transition.ts";
import { isStale, versionText } from "./versions.ts";

interface Deps {
  db: Database;
  judging: Judging;
  onRetired: Retired;
}

/**
 * Stores a contract as a draft, under a number of its own.
 *
 * @throws AppError E-FORBIDDEN, E-NOT-FOUND (the project), E-CONTRACT-INVALID, E-CONTRACT-FAMILY, E-STDIO-OFF
 */
export async function draftContract(
  { db, judging }: Deps,
  caller: Caller,
  request: DraftRequest,
  language: Language,
): Promise<DraftResponse> {
  requireRole(caller, "admin");
  const { document, projectId } = readAlone(judging, caller, request);
  await relistWhereUnknown({ db, judging }, caller, [document]);
  return db.transaction(scopeOf(caller), async (tx) => {
    const question = { caller, projectId };
    const [checked] = await requireValid(
      tx,
      judging,
      [document],
      question,
      "The draft was not stored.",
    );
    if (!checked) throw new TypeError("one document was checked");
    const { revision_id } = await draftOf(tx, caller.actor, checked);
    return {
      ...(await findHead(tx, caller, revision_id, language)),
      permissions: permissionsIn(checked.comparison.permissions, language),
      ...remarksOf(warningsOf(checked)),
    };
  });
}

/**
 * Says what a draft with this body would be, and stores nothing.
 *
 * @throws AppError E-FORBIDDEN, E-NOT-FOUND (the project)
 */
export async function validateContract(
  { db, judging }: Deps,
  caller: Caller,
  request: DraftRequest,
  language: Language,
): Promise<ValidateResponse> {
  requireRole(caller, "operator");
  const { document, projectId } = readAlone(judging, caller, request);
  await relistWhereUnknown({ db, judging }, caller, [document]);
  try {
    return await db.transaction(scopeOf(caller), async (tx) => {
      const question = { caller, projectId };
      const [checked] = await requireValid(tx, judging, [document], question, "");
      if (!checked) throw new TypeError("one document was checked");
      return {
        valid: true,
        errors: [],
        ...remarksOf(warningsOf(checked)),
        version: `${checked.version.major}.${checked.version.minor}`,
        change_level: checked.level,
        change_reasons: changesIn(checked.comparison.reasons, language),
        permissions: permissionsIn(checked.comparison.permissions, language),
      };
    });
  } catch (error) {
    return refused(error);
  }
}

/** The errors that say what is wrong with a document, and so name fields. */
const OF_THE_DOCUMENT = new Set<ErrorCode>([
  "E-CONTRACT-INVALID",
  "E-CONTRACT-FAMILY",
  "E-STDIO-OFF",
]);

/** What keeps a document from being a contract, as an answer. */
function refused(error: unknown): ValidateResponse {
  if (!(error instanceof AppError) || !OF_THE_DOCUMENT.has(error.code)) throw error;
  return {
    valid: false,
    errors: [...(error.errors ?? [])],
    ...remarksOf([]),
    version: null,
    change_level: null,
    change_reasons: [],
    permissions: { gained: [], lost: [], changed: [] },
  };
}

function warningsOf({ isUnchanged, warnings }: Checked): Finding[] {
  return isUnchanged ? [finding("same_as_active"), ...warnings] : warnings;
}

/** Reads a document that is the whole request. */
function readAlone(
  judging: Judging,
  caller: Caller,
  request: DraftRequest,
): { document: ReadDocument; projectId: string | undefined } {
  if (request.project_id !== undefined) requireProject(caller, request.project_id);
  const projectId = request.project_id ?? onlyProject(caller);
  return { document: readDocument(request, "", judging, projectId), projectId };
}

/**
 * Does something with a revision, if its status allows it and all that belongs to it holds: whoever approves is another
 * person than the author where the project says so; what is submitted or activated is valid now, and what is activated
 * has been approved and carries a number that says how it differs from what is active now.
 *
 * @throws AppError E-FORBIDDEN, E-NOT-FOUND, E-CONTRACT-STATE, E-CONTRACT-AUTHOR, E-CONTRACT-APPROVAL, E-CONTRACT-STALE,
 * E-CONTRACT-INVALID, E-STDIO-OFF
 */
export async function actOnRevision(
  { db, judging, onRetired }: Deps,
  caller: Caller,
  act: { revisionId: string; event: LifecycleEvent; reason: string | undefined },
  language: Language,
): Promise<RevisionHead> {
  requireRole(caller, "admin");
  const { event, reason, revisionId } = act;
  const { actor } = caller;
  return db.transaction(scopeOf(caller), async (tx) => {
    const found = await findHead(tx, caller, revisionId, language);
    await lockContracts(tx, [found]);
    const held = await holdRevision(tx, found.project_id, revisionId);
    if (!held) throw new TypeError("revisions do not go away");
    const isPossible = LIFECYCLE[held.lifecycle_status][event] !== "refused";
    if (isPossible && event === "approve") {
      await refuseAuthor(tx, held, caller);
      // A second yes of the same person says nothing new.
      if (await hasApproved(tx, held, actor.id)) return found;
    }
    if (isPossible && event === "deprecate") await refuseLifting(tx, [held]);
    if (isPossible && event === "submit") await checkAgain(tx, judging, caller, held);
    if (isPossible && event === "activate") await checkActivation(tx, judging, caller, held);
    await moveRevision(tx, held, { event, actor, reason });
    if (event === "retire") await onRetired(tx, { projectId: held.project_id, revisionId });
    return findHead(tx, caller, revisionId, language);
  });
}

/** @throws AppError E-CONTRACT-AUTHOR where the project asks for another person than the author */
async function refuseAuthor(tx: Tx, held: Held, caller: Caller): Promise<void> {
  if (held.created_by !== caller.actor.id || !(await needsSecond(tx, held.project_id))) return;
  throw new AppError(
    "E-CONTRACT-AUTHOR",
    `${caller.actor.id} drafted revision ${versionText(held)} of "${held.contract_id}"; in this project somebody else has to approve it.`,
  );
}

/** What was valid when it was drafted need not be so any more: what it names may have gone. */
async function checkAgain(tx: Tx, judging: Judging, caller: Caller, held: Held): Promise<Checked> {
  const { project_id, contract_id, contract_family, revision_id } = held;
  const { body } = await tx
    .selectFrom("contract_revisions")
    .select("body")
    .where("project_id", "=", project_id)
    .where("revision_id", "=", revision_id)
    .executeTakeFirstOrThrow();
  const document = readDocument(
    { project_id, contract_id, contract_family, body },
    "",
    judging,
    undefined,
  );
  const outcome = `Revision ${versionText(held)} of "${contract_id}" stays in ${held.lifecycle_status}, because it is not valid now.`;
  const [checked] = await requireValid(
    tx,
    judging,
    [document],
    { caller, projectId: project_id },
    outcome,
  );
  if (!checked) throw new TypeError("one document was checked");
  return checked;
}

async function checkActivation(
  tx: Tx,
  judging: Judging,
  caller: Caller,
  held: Held,
): Promise<void> {
  const { is_approved } = await findHead(tx, caller, held.revision_id, "en");
  const name = `Revision ${versionText(held)} of "${held.contract_id}"`;
  if (!is_approved) {
    throw new AppError(
      "E-CONTRACT-APPROVAL",
      `${name} has not been approved by anyone who may; approve it first.`,
    );
  }
  const { standing, level } = await checkAgain(tx, judging, caller, held);
  const version = { major: held.version_major, minor: held.version_minor };
  if (!isStale(version, standing?.activated_major ?? null, level)) return;
  const active =
    standing?.active_id == null
      ? "none is active now"
      : `${standing.active_major}.${standing.active_minor} is active now`;
  throw new AppError(
    "E-CONTRACT-STALE",
    `${name} was drafted against another revision; ${active}, and compared with that its number would not say what it changes. Draft it again.`,
    { extra: { active_revision_id: standing?.active_id ?? null, change_level: level } },
  );
}
