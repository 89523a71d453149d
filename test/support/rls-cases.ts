/** The run-time roles: `awooop_app`, `awooop_platform`, `awooop_system`. */
export const ROLES = ["app", "platform", "system"] as const;
export type Role = (typeof ROLES)[number];

/** Select, insert, update, delete. */
export type Verb = "s" | "i" | "u" | "d";

/** What the roles may do with a table, and whose its rows are. */
export interface TableCase {
  /** For each role the verbs it may use; a role that is not named may use none. */
  grants: Partial<Record<Role, string>>;
  /** Whose its rows are: the tenants' (the default), the platform's, or the migrator's own. */
  rowsOf?: "tenants" | "platform" | "migrator";
  /** How a row would be given to the tenant bravo; `project_id = 'bravo'` by default. */
  giveAway?: string;
  /** The columns that may be updated, when it is not all of them. */
  updates?: readonly string[];
  /** The roles that may update all columns in spite of `updates`. */
  updatesAll?: readonly Role[];
  /** The system role adds rows of the platform, and none of a tenant. */
  systemInsertsForPlatformOnly?: true;
}

const WORK: TableCase = { grants: { app: "siu", platform: "siu" } };
const READ_BY_SWEEPERS: TableCase = { grants: { app: "siu", platform: "siu", system: "s" } };
const APPEND_ONLY: TableCase = { grants: { app: "si", platform: "si" } };
const AUDIT: TableCase = {
  grants: { app: "si", platform: "si", system: "i" },
  systemInsertsForPlatformOnly: true,
};

/** Every table of the schema; a new one needs its case, or test/rls.test.ts fails. */
export const TABLES: Record<string, TableCase> = {
  api_keys: {
    grants: { app: "siu", platform: "siu", system: "siu" },
    giveAway: "projects = '{bravo}'",
    updates: ["revoked_at"],
    updatesAll: ["system"],
  },
  approval_decisions: APPEND_ONLY,
  approvals: READ_BY_SWEEPERS,
  audit_log: AUDIT,
  audit_private: AUDIT,
  budget_reservations: WORK,
  channel_events: WORK,
  contract_revisions: {
    grants: { app: "siu", platform: "siu" },
    updates: ["lifecycle_status"],
  },
  idempotency_keys: { grants: { app: "si", platform: "si", system: "d" } },
  kysely_migration: { grants: {}, rowsOf: "migrator" },
  kysely_migration_lock: { grants: {}, rowsOf: "migrator" },
  mcp_calls: READ_BY_SWEEPERS,
  outbound_messages: READ_BY_SWEEPERS,
  projects: { grants: { app: "s", platform: "siu", system: "s" } },
  run_budgets: WORK,
  run_steps: WORK,
  run_transitions: APPEND_ONLY,
  runs: READ_BY_SWEEPERS,
  secrets: { grants: { app: "siud", platform: "siud" } },
  sessions: { grants: { system: "sid" }, rowsOf: "platform" },
  signing_keys: { grants: { app: "s", platform: "s", system: "siu" }, rowsOf: "platform" },
  tool_pins: WORK,
};
