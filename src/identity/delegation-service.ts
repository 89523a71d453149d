import type { z } from "zod";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import { breaks, type Database, type Tx } from "../platform/database/index.ts";
import { AppError, inputErrorAt } from "../platform/errors.ts";
import { type Cursors, openPage, timeAndId } from "../platform/http/index.ts";
import { type Caller, isAtLeast, requireProject, requireRole, scopeOf } from "./caller.ts";
import type {
  Delegation,
  DelegationListQuery,
  delegationListSchema,
  NewDelegation,
} from "./member-contract.ts";
import {
  endDelegation,
  insertDelegation,
  listDelegations,
  lockDelegation,
  readMember,
} from "./member-queries.ts";

const DEFAULT_LIMIT = 50;

/** What is done with rights that are lent. */
export interface Delegations {
  /**
   * Lends a right until a time: one's own, or as an administrator anybody's.
   *
   * @throws AppError E-NOT-FOUND (the project), E-FORBIDDEN, E-INPUT (not two members who may decide, the end)
   */
  create(caller: Caller, input: NewDelegation): Promise<Delegation>;
  /** Delegations in the projects that the caller sees, newest first. */
  list(caller: Caller, query: DelegationListQuery): Promise<z.infer<typeof delegationListSchema>>;
  /**
   * Takes a right back, for whoever lent it or was lent it, and for administrators. One that has ended stays as it is.
   *
   * @throws AppError E-NOT-FOUND, E-FORBIDDEN
   */
  revoke(caller: Caller, delegationId: string): Promise<void>;
}

export function createDelegations(options: { db: Database; cursors: Cursors }): Delegations {
  const { db, cursors } = options;
  return {
    async create(caller, input) {
      requireProject(caller, input.project_id);
      requireRole(caller, "operator");
      const delegated_by = input.delegated_by ?? caller.actor.id;
      if (delegated_by !== caller.actor.id && !isAtLeast(caller, "admin")) {
        throw new AppError(
          "E-FORBIDDEN",
          "Only an admin lends the right of somebody else; leave delegated_by out to lend yours.",
        );
      }
      return db.transaction(scopeOf(caller), (tx) =>
        create(tx, caller.actor, { ...input, delegated_by }),
      );
    },

    async list(caller, query) {
      requireRole(caller, "viewer");
      const { project_id, standing, cursor, limit = DEFAULT_LIMIT } = query;
      const binding = ["delegations", project_id ?? null, standing ?? null, caller.keyId];
      const { place, cut } = openPage(cursors, { binding, cursor, limit, position: timeAndId });
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        (tx) => listDelegations(tx, caller, query, place),
        { snapshot: true },
      );
      const { rows: delegations, ...more } = cut(rows, (row) => [
        row.created_at,
        row.delegation_id,
      ]);
      return { delegations, total: total.count, total_is_exact: total.isExact, ...more };
    },

    async revoke(caller, delegationId) {
      requireRole(caller, "operator");
      await db.transaction(scopeOf(caller), (tx) => revoke(tx, caller, delegationId));
    },
  };
}

async function create(
  tx: Tx,
  by: Actor,
  input: NewDelegation & { delegated_by: string },
): Promise<Delegation> {
  for (const field of ["delegated_by", "delegated_to"] as const) {
    const member = await readMember(tx, input.project_id, input[field], true);
    const isFit = member?.is_active === true && member.role !== "viewer";
    if (!isFit) throw inputErrorAt(`body.${field}`, "no_such_decider");
  }
  if (input.delegated_by === input.delegated_to) {
    throw inputErrorAt("body.delegated_to", "lent_to_oneself");
  }
  const made = await insertDelegation(tx, input, by.id).catch((error: unknown) => {
    if (!breaks(error, "delegations_end")) throw error;
    throw inputErrorAt("body.ends_at", "delegation_end");
  });
  await record(tx, by, "delegation.create", made);
  return made;
}

async function revoke(tx: Tx, caller: Caller, delegationId: string): Promise<void> {
  const found = await lockDelegation(tx, delegationId);
  const { actor } = caller;
  const isConcerned = found && [found.delegated_by, found.delegated_to].includes(actor.id);
  if (!isConcerned && !isAtLeast(caller, "admin")) {
    throw new AppError(
      "E-FORBIDDEN",
      "A right is taken back by who lent it or was lent it, or by an admin.",
    );
  }
  if (!found) throw new AppError("E-NOT-FOUND", `There is no delegation "${delegationId}".`);
  if (!found.is_standing) return;
  await endDelegation(tx, found, actor.id);
  await record(tx, actor, "delegation.revoke", found);
}

async function record(
  tx: Tx,
  by: Actor,
  action: "delegation.create" | "delegation.revoke",
  of: Delegation,
): Promise<void> {
  const { delegated_by, delegated_to, group, ends_at } = of;
  await appendAudit(tx, {
    projectId: of.project_id,
    actor: by,
    action,
    subject: { kind: "delegation", id: of.delegation_id },
    details: { delegated_by, delegated_to, group, ends_at },
  });
  await announce(tx, { project_id: of.project_id, kind: "member", id: of.delegation_id });
}
