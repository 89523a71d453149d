import { MIGRATION_MODES, type MigrationMode } from "../platform/contract.ts";

/** The lower of a project's and an agent's migration mode: that is how far the agent may go there. */
export function lowerMode(project: MigrationMode, agent: MigrationMode): MigrationMode {
  const rank = Math.min(MIGRATION_MODES.indexOf(project), MIGRATION_MODES.indexOf(agent));
  return MIGRATION_MODES[rank] ?? "legacy";
}
