import { createPatch, type Operation } from "rfc6902";
import { type Caller, requireRole, scopeOf } from "../identity/index.ts";
import { canonicalJson } from "../platform/canonical.ts";
import type { Database } from "../platform/database/index.ts";
import { inputErrorAt } from "../platform/errors.ts";
import { changesIn, permissionsIn } from "./change-contract.ts";
import { compareBodies, NO_DIFFERENCE } from "./compare.ts";
import { comparedBy, type Families } from "./documents.ts";
import { findHeadAndBody, type Language } from "./heads.ts";
import type { DiffResponse } from "./lifecycle-contract.ts";

/**
 * How one revision differs from another of the same family and project: what it permits differently, and the patch.
 *
 * @throws AppError E-NOT-FOUND, E-INPUT when the two can't be compared
 */
export async function diffRevisions(
  deps: { db: Database; families: Families },
  caller: Caller,
  { a, b }: { a: string; b: string },
  language: Language,
): Promise<DiffResponse> {
  requireRole(caller, "viewer");
  const [from, to] = await deps.db.transaction(
    scopeOf(caller),
    async (tx) => [
      await findHeadAndBody(tx, caller, a, language),
      await findHeadAndBody(tx, caller, b, language),
    ],
    { snapshot: true },
  );
  if (!from || !to) throw new TypeError("both revisions have been read");
  for (const field of ["project_id", "contract_family"] as const) {
    if (from.head[field] === to.head[field]) continue;
    const both = { field, this: to.head[field], other: from.head[field] };
    throw inputErrorAt("param.b", "not_comparable", both);
  }
  const { contract_family: family } = to.head;
  const { level, permissions, reasons } =
    from.head.body_hash === to.head.body_hash
      ? NO_DIFFERENCE
      : compareBodies(
          family,
          comparedBy(deps.families, family, from.body),
          comparedBy(deps.families, family, to.body),
        );
  return {
    from: from.head,
    to: to.head,
    level,
    permissions: permissionsIn(permissions, language),
    reasons: changesIn(reasons, language),
    patch: patchOf(from.body, to.body),
  };
}

/** How many pairs of items of lists are compared in search of the shortest patch. */
const MOST_PAIRS = 10_000;
/** How many items two lists may have for that; the search goes as deep as there are items. */
const MOST_ITEMS = 1_000;

/** The JSON Patch (RFC 6902) that makes `after` out of `before`; a list too long for the search is replaced whole. */
export function patchOf(before: unknown, after: unknown): DiffResponse["patch"] {
  let pairs = 0;
  const operations = createPatch(
    before,
    after,
    (input, output, pointer): Operation[] | undefined => {
      if (!Array.isArray(input) || !Array.isArray(output)) return undefined;
      pairs += input.length * output.length;
      if (pairs <= MOST_PAIRS && input.length + output.length <= MOST_ITEMS) return undefined;
      if (canonicalJson(input) === canonicalJson(output)) return [];
      return [{ op: "replace", path: pointer.toString(), value: output }];
    },
  );
  return operations as DiffResponse["patch"];
}
