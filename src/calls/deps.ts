import type { ApprovalEffects, Signer } from "../approvals/index.ts";
import type { ArgumentChecker, Policies } from "../gates/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/log.ts";
import type { Sealer } from "../platform/sealing.ts";
import type { Telemetry } from "../platform/telemetry.ts";
import type { ToolServerPool } from "../toolservers/index.ts";
import type { Catalog } from "./catalog.ts";
import type { Ledger } from "./ledger.ts";
import type { StandingCache } from "./standing.ts";

/** What calls are made with. */
export interface CallDeps {
  db: Database;
  effects: ApprovalEffects;
  sealer: Sealer;
  signer: Signer;
  checker: ArgumentChecker;
  policies: Policies;
  pool: ToolServerPool;
  catalog: Catalog;
  standing: StandingCache;
  ledger: Ledger;
  log: Logger;
  /** Where there is a collector of traces. */
  telemetry?: Telemetry | undefined;
}

/** What facts are read with. */
export type FactDeps = Pick<CallDeps, "checker" | "policies" | "sealer">;
