import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { jsonb, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { newId } from "../platform/ids.ts";
import type { PermissionChange } from "./change-contract.ts";
import type { ChangeLevel, LifecycleEvent, LifecycleStatus } from "./contract.ts";
import type { Identity } from "./documents.ts";
import { LIFECYCLE, possibleEvents } from "./lifecycle-table-contract.ts";
import type { Revision } from "./revisions.ts";
import { type Version, versionText } from "./versions.ts";

/** What a transition needs to know of a revision whose row the transaction holds. */
export type Held = Omit<Revision, "body" | "created_at">;

const HELD = [
  "revision_id",
  "project_id",
  "contract_id",
  "contract_family",
  "lifecycle_status",
  "version_major",
  "version_minor",
  "body_hash",
  "created_by",
] as const;

/**
 * Reads a revision and holds its row until the transaction ends. Its key stays as it is, so that a run that pins it
 * need not wait.
 */
export async function holdRevision(
  tx: Tx,
  projectId: string,
  revisionId: string,
): Promise<Held | undefined> {
  return tx
    .selectFrom("contract_revisions")
    .select(HELD)
    .where("project_id", "=", projectId)
    .where("revision_id", "=", revisionId)
    .forNoKeyUpdate()
    .$castTo<Held>()
    .executeTakeFirst();
}

/** As `holdRevision`, for the contract's active revision. */
async function holdActive(
  tx: Tx,
  projectId: string,
  contractId: string,
): Promise<Held | undefined> {
  return tx
    .selectFrom("contract_revisions")
    .select(HELD)
    .where("project_id", "=", projectId)
    .where("contract_id", "=", contractId)
    .where("lifecycle_status", "=", "active")
    .forNoKeyUpdate()
    .$castTo<Held>()
    .executeTakeFirst();
}

/** Stores a new revision as a draft. Whoever holds the contract's lock knows that its number is free. */
export async function createDraft(
  tx: Tx,
  actor: Actor,
  draft: {
    identity: Identity;
    body: unknown;
    hash: string;
    version: Version;
    baseRevisionId: string | null;
    level: ChangeLevel;
    reasons: readonly PermissionChange[];
  },
): Promise<Held> {
  const held: Held = {
    ...draft.identity,
    revision_id: newId(),
    lifecycle_status: "draft",
    version_major: draft.version.major,
    version_minor: draft.version.minor,
    body_hash: draft.hash,
    created_by: actor.id,
  };
  await tx
    .insertInto("contract_revisions")
    .values({
      ...held,
      body: jsonb(draft.body),
      base_revision_id: draft.baseRevisionId,
      change_level: draft.level,
      change_reasons: jsonb(draft.reasons),
    })
    .execute();
  await record(tx, null, held, { event: "create", actor });
  return held;
}

export interface Move {
  event: LifecycleEvent;
  actor: Actor;
  /** Shown in the revision's history and kept in the audit log's erasable part. */
  reason?: string | undefined;
}

/** Acts in the transaction that retires a revision: what runs under it wait for, nobody may answer any more. */
export type Retired = (
  tx: Tx,
  revision: { projectId: string; revisionId: string },
) => Promise<void>;

/**
 * The only way a revision changes its status: asks the table, and writes the status, the transition, the audit entry
 * and the announcement in the caller's transaction, which holds the revision's row. Whoever activates deprecates what
 * was active in the same transaction, before.
 *
 * @throws AppError E-CONTRACT-STATE, naming the status and what is possible then
 */
export async function moveRevision(tx: Tx, held: Held, move: Move): Promise<Held> {
  const from = held.lifecycle_status;
  const to = LIFECYCLE[from][move.event];
  if (to === "refused") throw refusal(held, move.event);
  const replaced = move.event === "activate" ? await deprecateOther(tx, held, move.actor) : null;
  if (to !== from) {
    const { numUpdatedRows } = await tx
      .updateTable("contract_revisions")
      .set({ lifecycle_status: to })
      .where("project_id", "=", held.project_id)
      .where("revision_id", "=", held.revision_id)
      .where("lifecycle_status", "=", from)
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) throw refusal(held, move.event);
  }
  const moved: Held = { ...held, lifecycle_status: to };
  await record(tx, from, moved, move, replaced);
  return moved;
}

/** @returns the id of what was active */
async function deprecateOther(tx: Tx, next: Held, actor: Actor): Promise<string | null> {
  const active = await holdActive(tx, next.project_id, next.contract_id);
  if (!active) return null;
  const reason = `Replaced by ${versionText(next)}.`;
  await moveRevision(tx, active, { event: "deprecate", actor, reason });
  return active.revision_id;
}

function refusal(held: Held, event: LifecycleEvent): AppError {
  const possible = possibleEvents(held.lifecycle_status);
  const what = possible.length === 0 ? "nothing more can be done with it" : possible.join(", ");
  return new AppError(
    "E-CONTRACT-STATE",
    `Revision ${versionText(held)} of "${held.contract_id}" is ${held.lifecycle_status}: ${event} is not possible then${possible.length === 0 ? "; " : "; possible: "}${what}.`,
    { extra: { lifecycle_status: held.lifecycle_status, possible } },
  );
}

async function record(
  tx: Tx,
  from: LifecycleStatus | null,
  after: Held,
  move: Omit<Move, "event"> & { event: LifecycleEvent | "create" },
  replaced?: string | null,
): Promise<void> {
  const { project_id, contract_id, revision_id, lifecycle_status: to } = after;
  await tx
    .insertInto("contract_transitions")
    .values({
      transition_id: newId(),
      project_id,
      revision_id,
      from_status: from,
      to_status: to,
      event: move.event,
      actor_kind: move.actor.kind,
      actor_id: move.actor.id,
      reason: move.reason ?? null,
    })
    .execute();
  await appendAudit(tx, {
    projectId: project_id,
    actor: move.actor,
    action: `contract.${move.event}`,
    subject: { kind: "contract", id: contract_id },
    details: {
      contract_family: after.contract_family,
      revision_id,
      version: versionText(after),
      body_hash: after.body_hash,
      from,
      to,
      ...(move.event === "activate" ? { replaced_revision_id: replaced ?? null } : {}),
    },
    ...(move.reason ? { private: { reason: move.reason } } : {}),
  });
  await announce(tx, { project_id, kind: "contract", id: contract_id });
}
