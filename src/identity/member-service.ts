import { z } from "zod";
import { type Actor, appendAudit } from "../audit/index.ts";
import { announce } from "../platform/database/changes.ts";
import type { Database, Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { type Cursors, openPage } from "../platform/http/index.ts";
import {
  type Caller,
  requireProject,
  requireRole,
  scopeOf,
  sees,
  unknownProject,
} from "./caller.ts";
import { unlinkMember } from "./chat-service.ts";
import type {
  Member,
  MemberListQuery,
  MemberPatch,
  MemberRole,
  memberListSchema,
  NewMember,
} from "./member-contract.ts";
import {
  insertMember,
  listMembers,
  type MemberPosition,
  readMember,
  updateMember,
} from "./member-queries.ts";
import { readProjects } from "./queries.ts";

const DEFAULT_LIMIT = 50;
const position: z.ZodType<MemberPosition> = z.tuple([z.string(), z.string()]);

/** What is done with the people of a project. */
export interface Members {
  /** @throws AppError E-NOT-FOUND (the project), E-FORBIDDEN, E-MEMBER-EXISTS */
  create(caller: Caller, input: NewMember): Promise<Member>;
  /** Members of the projects that the caller sees, by id. */
  list(caller: Caller, query: MemberListQuery): Promise<z.infer<typeof memberListSchema>>;
  /** @throws AppError E-NOT-FOUND */
  show(caller: Caller, projectId: string, memberId: string): Promise<Member>;
  /** @throws AppError E-NOT-FOUND, E-FORBIDDEN */
  change(caller: Caller, memberId: string, patch: MemberPatch): Promise<Member>;
}

export function createMembers(options: { db: Database; cursors: Cursors }): Members {
  const { db, cursors } = options;
  return {
    async create(caller, input) {
      requireProject(caller, input.project_id);
      requireRole(caller, "admin");
      return db.transaction(scopeOf(caller), (tx) => create(tx, caller.actor, input));
    },

    async list(caller, query) {
      requireRole(caller, "viewer");
      const { project_id, group, is_active, cursor, limit = DEFAULT_LIMIT } = query;
      const binding = ["members", project_id, group, is_active, caller.keyId].map(
        (each) => each ?? null,
      );
      const { place, cut } = openPage(cursors, { binding, cursor, limit, position });
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        (tx) => listMembers(tx, caller, query, place),
        { snapshot: true },
      );
      const { rows: members, ...more } = cut(rows, (row) => [row.member_id, row.project_id]);
      return { members, total: total.count, total_is_exact: total.isExact, ...more };
    },

    async show(caller, projectId, memberId) {
      requireRole(caller, "viewer");
      if (!sees(caller, projectId)) throw unknownMember();
      const found = await db.transaction(scopeOf(caller), (tx) =>
        readMember(tx, projectId, memberId),
      );
      if (!found) throw unknownMember();
      return found;
    },

    async change(caller, memberId, { project_id: projectId, ...patch }) {
      if (!sees(caller, projectId)) throw unknownMember();
      requireRole(caller, "admin");
      return db.transaction(scopeOf(caller), async (tx) => {
        const before = await readMember(tx, projectId, memberId, true);
        if (!before) throw unknownMember();
        return change(tx, caller.actor, before, patch);
      });
    },
  };
}

/** The answer for a member that is not there, or of a project that the caller may not know of. */
function unknownMember(): AppError {
  return new AppError("E-NOT-FOUND", "There is no such member in this project.");
}

async function create(tx: Tx, by: Actor, input: NewMember): Promise<Member> {
  const [project] = await readProjects(tx, { only: [input.project_id], limit: 1 });
  if (!project) throw unknownProject(input.project_id);
  const made = await insertMember(tx, {
    ...input,
    display_name: input.display_name ?? input.member_id,
    created_by: by.id,
  });
  if (!made) {
    throw new AppError(
      "E-MEMBER-EXISTS",
      `"${input.member_id}" is a member of ${input.project_id} already; change what is to be different.`,
    );
  }
  await record(tx, by, "member.create", made, { role: made.role, groups: made.groups });
  return made;
}

async function change(
  tx: Tx,
  by: Actor,
  before: Member,
  patch: Omit<MemberPatch, "project_id">,
): Promise<Member> {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  const changed = given.filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field as keyof Member]),
  );
  if (changed.length === 0) return before;
  const changes: Partial<Member> = Object.fromEntries(changed);
  await updateMember(tx, before, changes);
  if (changes.is_active === false) await unlinkMember(tx, by, before);
  const { display_name: _, ...open } = changes;
  const was = Object.fromEntries(
    Object.keys(open).map((field) => [field, before[field as keyof Member]]),
  );
  await record(tx, by, "member.update", { ...before, ...changes }, { ...open, was });
  return { ...before, ...changes };
}

const RANK: Record<MemberRole, number> = { viewer: 0, operator: 1, admin: 2 };

/**
 * Sees to it that whoever a key is for is a member of the projects it opens, and may do there what the key may. One who
 * was deactivated stays so.
 *
 * @param projects in order, so that two such transactions never wait for each other
 */
export async function joinProjects(
  tx: Tx,
  by: Actor,
  person: { name: string; role: MemberRole },
  projects: readonly string[],
): Promise<void> {
  for (const project_id of projects) {
    const made = await insertMember(tx, {
      project_id,
      member_id: person.name,
      display_name: person.name,
      role: person.role,
      groups: [],
      created_by: by.id,
    });
    if (made) {
      await record(tx, by, "member.create", made, { role: made.role, groups: made.groups });
      continue;
    }
    const member = await readMember(tx, project_id, person.name, true);
    if (member && RANK[member.role] < RANK[person.role])
      await change(tx, by, member, { role: person.role });
  }
}

async function record(
  tx: Tx,
  by: Actor,
  action: "member.create" | "member.update",
  of: Member,
  details: Record<string, unknown>,
): Promise<void> {
  await appendAudit(tx, {
    projectId: of.project_id,
    actor: by,
    action,
    subject: { kind: "member", id: of.member_id },
    details,
    private: { display_name: of.display_name },
  });
  // A name may hold blanks.
  const id = encodeURIComponent(of.member_id);
  await announce(tx, { project_id: of.project_id, kind: "member", id });
}
