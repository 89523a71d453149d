import { setImmediate } from "node:timers/promises";
import type { z } from "zod";
import type { Actor } from "../audit/index.ts";
import { type Caller, requireProject, requireRole, scopeOf } from "../identity/index.ts";
import { canonicalHash } from "../platform/canonical.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { changesIn, permissionsIn } from "./change-contract.ts";
import { type Checked, type Judging, requireValid } from "./check.ts";
import type { ApplyResponse, ApplyResult, applyRequest, PrunedContract } from "./contract.ts";
import { type ReadDocument, readDocument } from "./documents.ts";
import type { Language } from "./heads.ts";
import { pruneContracts, whatIsPruned } from "./prune.ts";
import { relistWhereUnknown } from "./relist.ts";
import { revisionsInReview } from "./standing.ts";
import type { Retired } from "./transition.ts";
import { createDraft, type Held, moveRevision } from "./transition.ts";
import { versionText } from "./versions.ts";

/** What is to become of one document. */
interface Step {
  document: Checked;
  status: ApplyResult["status"];
  version: string;
  /** The revision that is there already: the active one, or the same body in review. */
  revisionId: string | null;
}

/**
 * Applies documents in one transaction: every one of them becomes (or stays) the active revision of its contract, or
 * none does. Where the project asks for a second person, a changed one is submitted for review instead. What says the
 * same as before changes nothing.
 *
 * @throws AppError E-FORBIDDEN, E-NOT-FOUND (the project), E-CONTRACT-INVALID (with every wrong field of every
 * document), E-CONTRACT-FAMILY, E-CONTRACT-PLAN (another plan was expected), E-STDIO-OFF
 */
export async function applyContracts(
  deps: { db: Database; judging: Judging; onRetired: Retired },
  caller: Caller,
  request: z.output<typeof applyRequest>,
  language: Language,
): Promise<ApplyResponse> {
  requireRole(caller, "admin");
  if (request.project_id !== undefined) requireProject(caller, request.project_id);
  const fallback = request.project_id ?? onlyProject(caller);
  const documents: ReadDocument[] = [];
  for (const given of request.documents) {
    documents.push(readDocument(given, `documents.${documents.length}`, deps.judging, fallback));
    // Compiling what one says may take a second: others are served in between.
    await setImmediate();
  }
  await relistWhereUnknown(deps, caller, documents);
  return deps.db.transaction(scopeOf(caller), async (tx) => {
    const question = { caller, projectId: request.project_id, isAll: request.prune };
    const checked = await requireValid(
      tx,
      deps.judging,
      documents,
      question,
      "Nothing was applied.",
    );
    const steps = await planSteps(tx, checked);
    const pruned = request.prune ? await whatIsPruned(tx, checked, request.project_id) : [];
    const plan = planOf(steps, pruned);
    if (request.expected_plan !== undefined && request.expected_plan !== plan) throw otherPlan();
    const results: ApplyResult[] = [];
    for (const step of steps) {
      const revisionId = request.dry_run ? step.revisionId : await carryOut(tx, caller.actor, step);
      results.push(resultOf(step, revisionId, language));
    }
    if (!request.dry_run) await pruneContracts(tx, caller.actor, pruned, deps.onRetired);
    return { results, pruned, plan };
  });
}

/** The project of documents that name none, when the caller's key opens one alone. */
export function onlyProject(caller: Caller): string | undefined {
  return caller.projects !== "all" && caller.projects.length === 1 ? caller.projects[0] : undefined;
}

async function planSteps(tx: Tx, checked: readonly Checked[]): Promise<Step[]> {
  const reviewed = checked.filter((of) => of.needsSecond && !of.isUnchanged);
  const inReview = await revisionsInReview(
    tx,
    reviewed.map(({ identity, hash, standing }) => ({
      identity,
      hash,
      activeId: standing?.active_id ?? null,
    })),
  );
  return checked.map((document): Step => {
    const { identity, standing, isUnchanged, needsSecond, version } = document;
    if (isUnchanged && standing?.active_id) {
      const active = `${standing.active_major}.${standing.active_minor}`;
      return { document, status: "unchanged", version: active, revisionId: standing.active_id };
    }
    const same = inReview.find(
      (of) => of.project_id === identity.project_id && of.contract_id === identity.contract_id,
    );
    if (needsSecond && same) {
      const { revision_id: revisionId } = same;
      return { document, status: "submitted", version: versionText(same), revisionId };
    }
    const next = `${version.major}.${version.minor}`;
    const status = standing?.active_id ? "changed" : "created";
    return {
      document,
      status: needsSecond ? "submitted" : status,
      version: next,
      revisionId: null,
    };
  });
}

/** One hash for everything that would be done, and to what. */
function planOf(steps: readonly Step[], pruned: readonly PrunedContract[]): string {
  const done = steps.map(({ document, status, version, revisionId }) => ({
    ...document.identity,
    body_hash: document.hash,
    base: document.standing?.active_id ?? null,
    level: document.level,
    reasons: document.comparison.reasons,
    status,
    version,
    revisionId,
  }));
  return canonicalHash({ done, pruned });
}

function otherPlan(): AppError {
  return new AppError(
    "E-CONTRACT-PLAN",
    "Nothing was applied: what the plan was made from has changed in the meantime. Make a new plan and look at it.",
  );
}

/** @returns the revision that now says what the document says */
async function carryOut(tx: Tx, actor: Actor, step: Step): Promise<string> {
  const { document, revisionId } = step;
  if (revisionId !== null) return revisionId;
  const draft = await draftOf(tx, actor, document);
  let held = await moveRevision(tx, draft, { event: "submit", actor });
  if (!document.needsSecond) {
    held = await moveRevision(tx, held, { event: "approve", actor });
    held = await moveRevision(tx, held, { event: "activate", actor });
  }
  return held.revision_id;
}

/** Stores what a checked document says as a draft. */
export async function draftOf(tx: Tx, actor: Actor, document: Checked): Promise<Held> {
  const { identity, body, hash, version, standing, level, comparison } = document;
  return createDraft(tx, actor, {
    identity,
    body,
    hash,
    version,
    baseRevisionId: standing?.active_id ?? null,
    level,
    reasons: comparison.reasons,
  });
}

function resultOf(step: Step, revisionId: string | null, language: Language): ApplyResult {
  const { document, status, version } = step;
  const { comparison, identity, level, warnings } = document;
  return {
    project_id: identity.project_id,
    contract_id: identity.contract_id,
    contract_family: identity.contract_family,
    revision_id: revisionId,
    version,
    status,
    change_level: status === "unchanged" ? null : level,
    reasons: changesIn(comparison.reasons, language),
    permissions: permissionsIn(comparison.permissions, language),
    warnings: warnings.map(({ message }) => message),
  };
}
