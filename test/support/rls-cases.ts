/** The run-time roles: `awooop_app`, `awooop_platform`, `awooop_system`, `awooop_retention`. */
export const ROLES = ["app", "platform", "system", "retention"] as const;
export type Role = (typeof ROLES)[number];

/** The roles that see only the projects of `awooop.projects`; the others see every project. */
export const SCOPED = ["app", "retention"] as const satisfies Role[];

/** Select, insert, update, delete. */
export type Verb = "s" | "i" | "u" | "d";

/** What the roles may do with a table, and whose its rows are. */
export interface TableCase {
  /** For each role the verbs it may use; a role that is not named may use none. */
  grants: Partial<Record<Role, string>>;
  /** The columns a role may update, where it is not all of them. */
  updates?: Partial<Record<Role, readonly string[]>>;
  /** Whose its rows are: the tenants' (the default), the platform's, or the migrator's own. */
  rowsOf?: "tenants" | "platform" | "migrator";
  /** How many rows each tenant has of it here; 1 by default. */
  rowsEach?: number;
  /** How a row would be given to the tenant bravo; `project_id = 'bravo'` by default. */
  giveAway?: string;
  /** The system role adds rows of the platform, and none of a tenant. */
  systemInsertsForPlatformOnly?: true;
}

const WORK = { app: "siu", platform: "siu" };
const APPEND_ONLY = { app: "si", platform: "si" };
/** Sweepers look for what is due. */
const SWEPT = { ...WORK, system: "s" };
/** Goes with its run when the run is forgotten. */
const FORGOTTEN = { retention: "sd" };
/** As well, and before that it loses what it carries. */
const ERASED = { retention: "sud" };

const FIGURES = [
  "event_count",
  "refused_count",
  "last_event_at",
  "last_refused_at",
  "last_refused_code",
];

const AUDIT: TableCase = {
  grants: { ...APPEND_ONLY, system: "i" },
  systemInsertsForPlatformOnly: true,
};

const TELEGRAM_BOT = ["bot_id", "next_update_id", "holder", "lease_until", "failed_at", "error"];
/** Who links a chat account anew has another link. */
const LINKED = ["link_id", "channel_id", "user_name", "key_id", "member_id", "created_at"];

/** Every table of the schema; a new one needs its case, or test/rls.test.ts fails. */
export const TABLES: Record<string, TableCase> = {
  api_keys: {
    grants: { ...WORK, system: "siu" },
    giveAway: "projects = '{bravo}'",
    updates: { app: ["revoked_at"], platform: ["revoked_at"] },
  },
  approval_decisions: { grants: { ...APPEND_ONLY, ...FORGOTTEN } },
  approvals: {
    grants: { ...SWEPT, ...ERASED },
    updates: {
      retention: [
        "args_display",
        "args_ciphertext",
        "approved_args_display",
        "approved_args_ciphertext",
      ],
    },
  },
  approval_redemptions: { grants: { ...APPEND_ONLY, ...FORGOTTEN } },
  approval_seen: { grants: { ...APPEND_ONLY, ...FORGOTTEN } },
  audit_log: { ...AUDIT, grants: { ...AUDIT.grants, retention: "i" } },
  audit_private: AUDIT,
  budget_windows: { grants: { ...WORK, ...FORGOTTEN } },
  budget_reservations: { grants: { ...WORK, ...FORGOTTEN } },
  channel_cases: { grants: { ...WORK, ...ERASED }, updates: { retention: ["title"] } },
  channel_events: {
    grants: { ...WORK, ...ERASED },
    updates: { retention: ["payload", "payload_erased_at"] },
  },
  channel_hours: {
    grants: { ...WORK, system: "sd" },
    updates: { app: FIGURES, platform: FIGURES },
  },
  chat_link_codes: { grants: { app: "siud", platform: "siud", system: "d" } },
  chat_links: {
    grants: { app: "siud", platform: "siud", system: "s" },
    updates: { app: LINKED, platform: LINKED },
  },
  contract_revisions: {
    grants: WORK,
    updates: { app: ["lifecycle_status"], platform: ["lifecycle_status"] },
  },
  contract_transitions: { grants: APPEND_ONLY },
  delegations: {
    grants: WORK,
    updates: { app: ["revoked_at", "revoked_by"], platform: ["revoked_at", "revoked_by"] },
  },
  freezes: {
    grants: SWEPT,
    updates: {
      app: ["lifted_at", "lifted_by_kind", "lifted_by", "lift_reason"],
      platform: ["lifted_at", "lifted_by_kind", "lifted_by", "lift_reason"],
    },
  },
  idempotency_keys: { grants: { ...APPEND_ONLY, system: "d" } },
  kysely_migration: { grants: {}, rowsOf: "migrator" },
  kysely_migration_lock: { grants: {}, rowsOf: "migrator" },
  mcp_calls: {
    grants: { ...SWEPT, ...ERASED },
    updates: { retention: ["args", "result"] },
  },
  members: {
    grants: WORK,
    // What is lent is lent by somebody to somebody else.
    rowsEach: 2,
    updates: {
      app: ["display_name", "role", "groups", "is_active"],
      platform: ["display_name", "role", "groups", "is_active"],
    },
  },
  oauth_clients: {
    grants: { app: "su", platform: "siu", system: "su" },
    updates: { app: ["revoked_at"], platform: ["revoked_at"], system: ["last_used_at"] },
  },
  outbound_messages: {
    grants: { ...SWEPT, ...ERASED },
    updates: { retention: ["content"] },
  },
  project_budgets: {
    grants: WORK,
    updates: { app: ["spent_usd", "reserved_usd"], platform: ["spent_usd", "reserved_usd"] },
  },
  projects: {
    grants: { app: "s", platform: "siu", system: "s", retention: "su" },
    updates: { retention: ["retention_ran_at"] },
  },
  run_budgets: { grants: { ...WORK, ...FORGOTTEN } },
  run_bulk_actions: { grants: { ...SWEPT, ...FORGOTTEN } },
  run_bulk_results: { grants: { ...WORK, ...FORGOTTEN } },
  run_steps: {
    grants: { ...WORK, ...ERASED },
    updates: { retention: ["input", "output"] },
  },
  run_totals: {
    grants: { app: "s", platform: "s", retention: "siu" },
    updates: { retention: ["runs", "steps", "calls", "cost_usd"] },
  },
  run_transitions: { grants: { ...APPEND_ONLY, ...FORGOTTEN } },
  run_words: { grants: { ...WORK, ...FORGOTTEN } },
  runs: {
    grants: { ...SWEPT, ...ERASED },
    updates: { retention: ["input", "result", "payload_erased_at"] },
  },
  secrets: { grants: { app: "siud", platform: "siud" } },
  sessions: { grants: { system: "sid" }, rowsOf: "platform" },
  signing_keys: { grants: { app: "s", platform: "s", system: "siu" }, rowsOf: "platform" },
  task_outcomes: { grants: { ...SWEPT, ...FORGOTTEN } },
  telegram_bots: {
    grants: WORK,
    updates: { app: TELEGRAM_BOT, platform: TELEGRAM_BOT },
  },
  tool_pins: { grants: WORK },
  tool_reviews: { grants: WORK },
  tool_server_health: { grants: { app: "siud", platform: "s" } },
};
