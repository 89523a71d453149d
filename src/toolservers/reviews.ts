import { sql } from "kysely";
import { type Actor, type AuditEntry, appendAudit, systemActor } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { readCounted } from "../platform/database/count.ts";
import { jsonb, type Timestamp, type Tx } from "../platform/database/index.ts";
import { directionOf, inOrder, isBeyond } from "../platform/database/seek.ts";
import { AppError } from "../platform/errors.ts";
import type { Place, TimeAndId } from "../platform/http/index.ts";
import { newId } from "../platform/ids.ts";
import { cleanDefinition } from "./clean.ts";
import { differencesBetween } from "./differences.ts";
import type { Flag } from "./flags-contract.ts";
import type { ToolDefinition } from "./pins.ts";
import type { Difference, Review } from "./review-contract.ts";

/** A tool that is no longer what was pinned, as it is in the database. */
export interface ReviewRow {
  review_id: string;
  project_id: string;
  server_id: string;
  tool_name: string;
  status: Review["status"];
  pinned_hash: string;
  changed_hash: string;
  pinned_definition: ToolDefinition;
  changed_definition: ToolDefinition;
  differences: Difference[];
  flags: Flag[];
  opened_at: Timestamp;
  changed_at: Timestamp;
  decided_at: Timestamp | null;
  decided_by: string | null;
  reason: string | null;
}

/** A pinned tool and what its server lists in its place. */
export interface ChangedPin {
  tool_name: string;
  pin_hash: string;
  definition: ToolDefinition;
  changed_hash: string;
  changed_definition: ToolDefinition;
}

type Of = { projectId: string; serverId: string };

/**
 * Brings the reviews of a tool server in line with its pins, whose rows the transaction holds: opens one for each tool
 * that changed, unless somebody has decided about this very change, takes a further change into the one that is open, and
 * closes those of tools that are back to what was pinned. The audit log says each of it.
 *
 * @param changed all listed tools that differ from their pin
 * @param listed the names of all listed tools; a tool that is not listed at all stays under review
 */
export async function followChanges(
  tx: Tx,
  of: Of,
  changed: readonly ChangedPin[],
  listed: ReadonlySet<string>,
): Promise<void> {
  const standing = await reviewsOf(tx, of);
  const kept = new Set(standing.flatMap((row) => (row.status === "kept" ? keyOf(row) : [])));
  const undecided = changed.filter(
    (pin) => !kept.has(keyOf({ ...pin, pinned_hash: pin.pin_hash })),
  );
  const byTool = new Map(undecided.map((pin) => [pin.tool_name, pin]));
  const entries: AuditEntry[] = [];
  for (const row of standing.filter(({ status }) => status !== "kept")) {
    const pin = byTool.get(row.tool_name);
    byTool.delete(row.tool_name);
    if (pin) {
      const isSame =
        row.status === "open" && keyOf(row) === keyOf({ ...pin, pinned_hash: pin.pin_hash });
      if (!isSame) entries.push(await takeIn(tx, of, row, pin));
    } else if (row.status === "open" && listed.has(row.tool_name)) {
      entries.push(await setReverted(tx, of, row));
    }
  }
  for (const pin of byTool.values()) entries.push(await openReview(tx, of, pin));
  await appendAudit(tx, entries);
}

const keyOf = (of: { tool_name: string; pinned_hash: string; changed_hash: string }) =>
  `${of.tool_name} ${of.pinned_hash} ${of.changed_hash}`;

type Standing = Pick<
  ReviewRow,
  "review_id" | "tool_name" | "status" | "pinned_hash" | "changed_hash"
>;

async function reviewsOf(tx: Tx, { projectId, serverId }: Of): Promise<Standing[]> {
  const { rows } = await sql<Standing>`
    select review_id, tool_name, status, pinned_hash, changed_hash from tool_reviews
    where project_id = ${projectId} and server_id = ${serverId} and status <> 'accepted'`.execute(
    tx,
  );
  return rows;
}

/** What is stored of the two versions of a tool. */
function versionsOf(pin: ChangedPin) {
  return {
    pinned_hash: pin.pin_hash,
    pinned_definition: jsonb(pin.definition),
    changed_hash: pin.changed_hash,
    changed_definition: jsonb(pin.changed_definition),
    differences: jsonb(differencesBetween(pin.definition, pin.changed_definition)),
    flags: [...cleanDefinition(pin.changed_definition).flags],
  };
}

async function openReview(tx: Tx, { projectId, serverId }: Of, pin: ChangedPin) {
  await tx
    .insertInto("tool_reviews")
    .values({
      project_id: projectId,
      review_id: newId(),
      server_id: serverId,
      tool_name: pin.tool_name,
      status: "open",
      ...versionsOf(pin),
    })
    .execute();
  return changedEntry({ projectId, serverId }, pin);
}

async function takeIn(tx: Tx, of: Of, row: Standing, pin: ChangedPin): Promise<AuditEntry> {
  const now = sql<string>`clock_timestamp()`;
  await tx
    .updateTable("tool_reviews")
    .set({
      status: "open",
      ...versionsOf(pin),
      changed_at: now,
      ...(row.status === "open" ? {} : { opened_at: now }),
    })
    .where("project_id", "=", of.projectId)
    .where("review_id", "=", row.review_id)
    .execute();
  return changedEntry(of, pin);
}

async function setReverted(tx: Tx, of: Of, row: Standing): Promise<AuditEntry> {
  await tx
    .updateTable("tool_reviews")
    .set({ status: "reverted", changed_at: sql<string>`clock_timestamp()` })
    .where("project_id", "=", of.projectId)
    .where("review_id", "=", row.review_id)
    .execute();
  return entryOf(of, row.tool_name, "tool.reverted", {
    pinned_hash: row.pinned_hash,
    changed_hash: row.changed_hash,
  });
}

function changedEntry(of: Of, pin: ChangedPin): AuditEntry {
  return entryOf(of, pin.tool_name, "tool.changed", {
    pinned_hash: pin.pin_hash,
    changed_hash: pin.changed_hash,
  });
}

function entryOf(
  { projectId, serverId }: Of,
  toolName: string,
  action: string,
  details: Record<string, unknown>,
): AuditEntry {
  return {
    projectId,
    actor: systemActor("tool-servers"),
    action,
    subject: { kind: "tool", id: `${serverId}/${toolName}` },
    details: { server: serverId, tool: toolName, ...details },
  };
}

/** A page of a project's reviews and one more, those that changed last first, with how many there are. */
export function listReviews(
  tx: Tx,
  projectId: string,
  filter: { status: Review["status"] | undefined; serverId: string | undefined },
  place: Place<TimeAndId>,
) {
  const direction = directionOf("desc", place.back);
  const by = [sql`changed_at`, sql`review_id`];
  const matching = sql`tool_reviews where project_id = ${projectId}
    and (${filter.status ?? null}::text is null or status = ${filter.status ?? null})
    and (${filter.serverId ?? null}::text is null or server_id = ${filter.serverId ?? null})`;
  return readCounted<ReviewRow>(tx, {
    table: "tool_reviews",
    page: sql`select * from ${matching}
      and ${isBeyond(by, direction, place.beyond)} ${inOrder(by, direction)} limit ${place.limit + 1}`,
    order: inOrder(by, direction),
    rowsOf: (limit) => sql`select 1 from ${matching} ${limit}`,
  });
}

/** What a person says of a tool that changed. */
export interface ReviewDecision {
  projectId: string;
  serverId: string;
  toolName: string;
  decision: "accept" | "keep";
  /** The version that was looked at. */
  changedHash: string;
  reason: string | undefined;
  actor: Actor;
}

/**
 * Decides about a tool that changed, in one transaction with its audit entry: pins it as it is now, or leaves it
 * quarantined. A tool that was kept in quarantine may be accepted later.
 *
 * @throws AppError E-NOT-FOUND where nothing waits for a decision; E-TOOL-REVIEW for another version than the one that
 * the tool server lists now, or for what has been decided so already
 */
export async function decideReview(tx: Tx, given: ReviewDecision): Promise<ReviewRow> {
  const { projectId, serverId, toolName, decision, changedHash } = given;
  const name = `${serverId}/${toolName}`;
  // The pin's row first, as whoever lists the tools takes it.
  const pin = await tx
    .selectFrom("tool_pins")
    .select(["changed_hash"])
    .where("project_id", "=", projectId)
    .where("server_id", "=", serverId)
    .where("tool_name", "=", toolName)
    .forUpdate()
    .executeTakeFirst();
  const { rows } = await sql<Standing>`
    select review_id, tool_name, status, pinned_hash, changed_hash from tool_reviews
    where project_id = ${projectId} and server_id = ${serverId} and tool_name = ${toolName}
      and changed_hash = ${pin?.changed_hash ?? ""} and status in ('open', 'kept')
    order by changed_at desc limit 1 for update`.execute(tx);
  const [review] = rows;
  if (!pin || !review) {
    throw new AppError("E-NOT-FOUND", `No change of ${name} waits for a decision.`);
  }
  if (review.changed_hash !== changedHash) {
    throw new AppError(
      "E-TOOL-REVIEW",
      `${name} has changed again since that version; look at the version ${review.changed_hash} and decide about it.`,
      { extra: { changed_hash: review.changed_hash } },
    );
  }
  if (decision === "keep" && review.status === "kept") {
    throw new AppError("E-TOOL-REVIEW", `It was decided before that ${name} stays quarantined.`);
  }
  if (decision === "accept") await repin(tx, given);
  return recordDecision(tx, given, review);
}

async function repin(tx: Tx, { projectId, serverId, toolName, changedHash }: ReviewDecision) {
  await sql`
    update tool_pins set pin_hash = changed_hash, definition = changed_definition, flags = (
        select review.flags from tool_reviews review
        where review.project_id = tool_pins.project_id and review.server_id = tool_pins.server_id
          and review.tool_name = tool_pins.tool_name and review.changed_hash = tool_pins.changed_hash
          and review.status in ('open', 'kept') limit 1),
      pinned_at = clock_timestamp(), changed_hash = null, changed_definition = null, changed_at = null
    where project_id = ${projectId} and server_id = ${serverId} and tool_name = ${toolName}
      and changed_hash = ${changedHash}`.execute(tx);
}

async function recordDecision(tx: Tx, given: ReviewDecision, review: Standing): Promise<ReviewRow> {
  const { projectId, serverId, toolName, decision, reason, actor } = given;
  const row = await tx
    .updateTable("tool_reviews")
    .set({
      status: decision === "accept" ? "accepted" : "kept",
      decided_at: sql<string>`clock_timestamp()`,
      decided_by: actor.id,
      reason: reason ?? null,
    })
    .where("project_id", "=", projectId)
    .where("review_id", "=", review.review_id)
    .returningAll()
    .$castTo<ReviewRow>()
    .executeTakeFirstOrThrow();
  await appendAudit(tx, {
    projectId,
    actor,
    action: `tool.${decision}`,
    subject: { kind: "tool", id: `${serverId}/${toolName}` },
    details: { pinned_hash: review.pinned_hash, changed_hash: review.changed_hash },
    ...(reason === undefined ? {} : { private: { reason } }),
  });
  await announce(tx, { project_id: projectId, kind: "tool", id: serverId });
  return row;
}

/** When and by whom the last change of a tool was accepted, if that is no longer ago than some days. */
export async function acceptedLately(
  tx: Tx,
  of: Of & { tool: string },
  days: number,
): Promise<{ at: Timestamp; by: string } | undefined> {
  const { rows } = await sql<{ at: Timestamp; by: string }>`
    select decided_at as at, coalesce(decided_by, '') as by from tool_reviews
    where project_id = ${of.projectId} and server_id = ${of.serverId} and tool_name = ${of.tool} and status = 'accepted'
      and decided_at > clock_timestamp() - make_interval(days => ${days})
    order by decided_at desc limit 1`.execute(tx);
  return rows[0];
}
