import type { Family, LifecycleStatus } from "../../../../src/contracts/contract.ts";
import { textOf } from "../../app/search-text.ts";
import { FAMILIES, STATUSES } from "./status.tsx";

/** What the address of the list of contracts says. */
export interface ContractsSearch {
  family?: Family;
  status?: LifecycleStatus;
  contract?: string;
}

/** What the address of a new draft says: its family, or the revision that it begins with. */
export interface DraftSearch {
  family?: Family;
  from?: string;
}

const familyOf = (value: unknown) => FAMILIES.find((family) => family === value);

export function readContractsSearch(search: Record<string, unknown>): ContractsSearch {
  const family = familyOf(search.family);
  const status = STATUSES.find((each) => each === search.status);
  const contract = textOf(search.contract);
  return {
    ...(family ? { family } : {}),
    ...(status ? { status } : {}),
    ...(contract ? { contract } : {}),
  };
}

export function readDraftSearch(search: Record<string, unknown>): DraftSearch {
  const family = familyOf(search.family);
  const from = textOf(search.from);
  return { ...(family ? { family } : {}), ...(from ? { from } : {}) };
}
