import type { Changes } from "../platform/database/changes.ts";
import type { Database } from "../platform/database/index.ts";
import { createKept } from "../platform/kept.ts";
import { type AgentCaller, type ClientRunWish, openClientRun } from "./client.ts";
import type { RunRow } from "./queries.ts";
import type { RunEffects } from "./transition.ts";

/** The open runs of MCP clients, so that not each of their calls has to look for its run. */
export interface OpenRuns {
  /**
   * As `openClientRun`. The row is as it was when it was last read; a change of its state is known here within a second.
   */
  open(agent: AgentCaller, wish: ClientRunWish): Promise<RunRow>;
}

export function createOpenRuns(options: {
  db: Database;
  effects: RunEffects;
  changes: Changes;
}): OpenRuns {
  const { db, effects, changes } = options;
  const kept = createKept<RunRow>(changes.isLive);
  changes.subscribe((change) => {
    if (change === undefined) return kept.clear();
    if (change.kind !== "run") return;
    let isKnown = false;
    kept.drop((_, run) => {
      const isThis = run?.run_id === change.id;
      isKnown ||= isThis;
      return isThis || run === undefined;
    });
    // A run that is new here may be the one that the next call of its key joins.
    if (!isKnown) kept.drop((name) => name.startsWith(`${change.project_id} any `));
  });
  return {
    async open(agent, wish) {
      const { runId, sessionKey = "", traceId = "" } = wish;
      const which = runId === undefined ? `any ${sessionKey} ${traceId}` : `run ${runId}`;
      const name = `${agent.projectId} ${which} ${agent.caller.keyId}`;
      const run = await kept.get(name, () => openClientRun(db, effects, agent, wish));
      if (!run) throw new Error("a run was neither found nor opened");
      return run;
    },
  };
}
