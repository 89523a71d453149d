import { appendAudit, PLATFORM_PROJECT } from "../audit/index.ts";
import {
  type Caller,
  isPlatformAdmin,
  requireProject,
  requireRole,
  scopeOf,
  unknownProject,
} from "../identity/index.ts";
import { announce } from "../platform/database/changes.ts";
import { type Database, isLockTimeout, type Tx } from "../platform/database/index.ts";
import { AppError } from "../platform/errors.ts";
import { type Cursors, openPage, type TimeAndId, timeAndId } from "../platform/http/index.ts";
import { newId } from "../platform/ids.ts";
import type {
  Freeze,
  FreezeListQuery,
  Frozen,
  InFlightCall,
  Lifted,
  NewFreeze,
} from "./freeze-contract.ts";
import {
  awaitDecisions,
  type FreezePlace,
  findFreeze,
  insertFreeze,
  liftFreeze,
  listFreezes,
  readStanding,
} from "./freeze-queries.ts";
import { readProject } from "./queries.ts";

const DEFAULT_LIMIT = 50;

/** What freezing needs of features that come after this one. */
interface FreezeListeners {
  /** Whether the project has, or ever had, a contract of this agent. */
  isAgent(tx: Tx, projectId: string, agentId: string): Promise<boolean>;
  /** The calls under way there, oldest first, the first 200 of them, and how many there are. */
  inFlight(tx: Tx, place: FreezePlace): Promise<{ calls: InFlightCall[]; total: number }>;
  /** Acts in the transaction that lifts a freeze: what waited there is taken up. */
  onThawed(tx: Tx, place: FreezePlace): Promise<void>;
}

/** The kill switch. */
export interface Freezes {
  /**
   * Stops an agent, a project or everything: no new call passes the first gate. What stands already is answered as it is.
   *
   * @throws AppError E-FORBIDDEN for less than an operator, of the platform for everything; E-NOT-FOUND
   */
  set(caller: Caller, wish: NewFreeze): Promise<{ frozen: Frozen; isNew: boolean }>;
  /**
   * Lifts a freeze; one that was lifted before is answered as it is.
   *
   * @throws AppError E-FORBIDDEN for less than an admin, of the platform for what its operators have frozen; E-NOT-FOUND
   */
  lift(caller: Caller, freezeId: string, reason: string): Promise<Lifted>;
  /** Freezes of the caller's projects and of everything, newest first. */
  list(caller: Caller, query: FreezeListQuery): Promise<FreezePage>;
}

interface FreezePage {
  freezes: Freeze[];
  total: number;
  total_is_exact: boolean;
  next_cursor: string | null;
  prev_cursor: string | null;
}

export function createFreezes(
  options: { db: Database; cursors: Cursors } & FreezeListeners,
): Freezes {
  const { db, cursors } = options;
  return {
    async set(caller, wish) {
      requireRole(caller, "operator");
      const place = placeOf(caller, wish);
      // It holds from this commit on; nothing that takes its time may come before.
      const { freeze, isNew } = await db.transaction(scopeOf(caller), async (tx) => {
        await requirePlace(tx, options, place);
        return setIn(tx, caller, wish, place);
      });
      const inFlight = await settledInFlight(options, caller, place);
      const frozen = { ...freeze, in_flight: inFlight.calls, in_flight_total: inFlight.total };
      return { frozen, isNew };
    },

    async lift(caller, freezeId, reason) {
      requireRole(caller, "admin");
      return db.transaction(scopeOf(caller), (tx) => lift(tx, options, caller, freezeId, reason));
    },

    async list(caller, { limit = DEFAULT_LIMIT, cursor, project_id: projectId, standing }) {
      requireRole(caller, "viewer");
      const binding = ["freezes", projectId, standing, caller.keyId];
      const paging = { binding, cursor, limit, position: timeAndId };
      const { place, cut } = openPage<TimeAndId>(cursors, paging);
      const wanted = standing === undefined ? undefined : standing === "true";
      const { rows, total } = await db.transaction(
        scopeOf(caller),
        (tx) => listFreezes(tx, { projectId, standing: wanted }, place),
        { snapshot: true },
      );
      const { rows: freezes, ...more } = cut(rows, (row) => [row.frozen_at, row.freeze_id]);
      return { freezes, total: total.count, total_is_exact: total.isExact, ...more };
    },
  };
}

/** @throws AppError E-FORBIDDEN, E-NOT-FOUND */
function placeOf(caller: Caller, wish: NewFreeze): FreezePlace {
  if (wish.scope !== "platform" && wish.project_id !== undefined) {
    requireProject(caller, wish.project_id);
    return { projectId: wish.project_id, agentId: wish.agent_id };
  }
  if (caller.projects === "all") return { projectId: undefined, agentId: undefined };
  throw new AppError(
    "E-FORBIDDEN",
    "Only an operator of the platform freezes everything: someone whose key is not limited to projects.",
  );
}

async function requirePlace(
  tx: Tx,
  { isAgent }: FreezeListeners,
  { projectId, agentId }: FreezePlace,
): Promise<void> {
  if (projectId === undefined) return;
  if (!(await readProject(tx, projectId))) throw unknownProject(projectId);
  // A slip of the pen must not look like a frozen agent.
  if (agentId === undefined || (await isAgent(tx, projectId, agentId))) return;
  throw new AppError("E-NOT-FOUND", `The project "${projectId}" has no agent "${agentId}".`);
}

async function setIn(
  tx: Tx,
  caller: Caller,
  { scope, reason }: NewFreeze,
  place: FreezePlace,
): Promise<{ freeze: Freeze; isNew: boolean }> {
  const held_by = caller.projects === "all" ? "platform" : "project";
  for (;;) {
    const asked = { freeze_id: newId(), scope, held_by, reason, by: caller.actor } as const;
    const made = await insertFreeze(tx, { ...asked, ...place });
    if (made) {
      await record(tx, caller, "freeze.set", made, reason);
      return { freeze: made, isNew: true };
    }
    const standing = (await readStanding(tx, place)).find(
      (freeze) => freeze.scope === scope && freeze.held_by === held_by,
    );
    // Lifted in between: then it is set anew.
    if (standing) return { freeze: standing, isNew: false };
  }
}

/** What had got through before the freeze held. */
async function settledInFlight(
  { db, inFlight }: { db: Database } & FreezeListeners,
  caller: Caller,
  place: FreezePlace,
): ReturnType<FreezeListeners["inFlight"]> {
  try {
    return await db.transaction(scopeOf(caller), async (tx) => {
      await awaitDecisions(tx, place);
      return inFlight(tx, place);
    });
  } catch (error) {
    if (!isLockTimeout(error)) throw error;
    return db.transaction(scopeOf(caller), (tx) => inFlight(tx, place), { snapshot: true });
  }
}

async function lift(
  tx: Tx,
  { onThawed }: FreezeListeners,
  caller: Caller,
  freezeId: string,
  reason: string,
): Promise<Lifted> {
  const before = await findFreeze(tx, freezeId);
  if (!before) throw new AppError("E-NOT-FOUND", "There is no such freeze.");
  if (before.held_by === "platform" && !isPlatformAdmin(caller)) {
    throw new AppError(
      "E-FORBIDDEN",
      `An operator of the platform has frozen this (${before.frozen_by}); only an admin of the platform lifts it.`,
    );
  }
  const place: FreezePlace = {
    projectId: before.project_id ?? undefined,
    agentId: before.agent_id ?? undefined,
  };
  const lifted = await liftFreeze(tx, freezeId, caller.actor, reason);
  if (lifted) {
    await record(tx, caller, "freeze.lift", lifted, reason);
    await onThawed(tx, place);
  }
  const freeze = lifted ?? (await findFreeze(tx, freezeId)) ?? before;
  return { ...freeze, still_standing: await readStanding(tx, place) };
}

async function record(
  tx: Tx,
  caller: Caller,
  action: "freeze.set" | "freeze.lift",
  freeze: Freeze,
  reason: string,
): Promise<void> {
  const projectId = freeze.project_id ?? PLATFORM_PROJECT;
  const { freeze_id: id, scope, agent_id, held_by } = freeze;
  await appendAudit(tx, {
    projectId,
    actor: caller.actor,
    action,
    subject: { kind: "freeze", id },
    details: { scope, agent_id, held_by },
    private: { reason },
  });
  await announce(tx, { project_id: projectId, kind: "freeze", id });
}
