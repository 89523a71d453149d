import type { z } from "zod";
import type { Caller } from "../identity/index.ts";
import type { Database } from "../platform/database/index.ts";
import { applyContracts } from "./apply.ts";
import type { Judging } from "./check.ts";
import type { ApplyResponse, applyRequest, LifecycleEvent } from "./contract.ts";
import { diffRevisions } from "./diff.ts";
import type { Language } from "./heads.ts";
import type {
  DiffResponse,
  DraftRequest,
  DraftResponse,
  RevisionHead,
  ValidateResponse,
} from "./lifecycle-contract.ts";
import { actOnRevision, draftContract, validateContract } from "./registry.ts";
import type { Retired } from "./transition.ts";

/** What is done with contracts; each in one transaction, its answers in the caller's language. */
export interface Contracts {
  apply(
    caller: Caller,
    request: z.output<typeof applyRequest>,
    language: Language,
  ): Promise<ApplyResponse>;
  draft(caller: Caller, request: DraftRequest, language: Language): Promise<DraftResponse>;
  validate(caller: Caller, request: DraftRequest, language: Language): Promise<ValidateResponse>;
  act(
    caller: Caller,
    act: { revisionId: string; event: LifecycleEvent; reason: string | undefined },
    language: Language,
  ): Promise<RevisionHead>;
  diff(caller: Caller, ids: { a: string; b: string }, language: Language): Promise<DiffResponse>;
}

/**
 * @param options.families the rules of each family, from the features that own them
 * @param options.onRetired what other features do in the same transaction when a revision is retired
 */
export function createContracts(
  options: { db: Database; onRetired: Retired } & Judging,
): Contracts {
  const deps = { db: options.db, judging: options, onRetired: options.onRetired };
  const { families } = options;
  return {
    apply: (caller, request, language) => applyContracts(deps, caller, request, language),
    draft: (caller, request, language) => draftContract(deps, caller, request, language),
    validate: (caller, request, language) => validateContract(deps, caller, request, language),
    act: (caller, act, language) => actOnRevision(deps, caller, act, language),
    diff: (caller, ids, language) =>
      diffRevisions({ db: options.db, families }, caller, ids, language),
  };
}
