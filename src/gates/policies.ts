import type { PolicyFact } from "./facts.ts";
import { type PolicyCall, Unreadable } from "./policy-context.ts";
import { denied } from "./policy-fact.ts";
import type { PolicyScope } from "./policy-scope.ts";
import { createPolicySets, type PolicyRevision } from "./policy-sets.ts";

export interface Policies {
  /** Whether these revisions, together, are known already, so that their bodies are not needed. */
  knows(revisions: readonly PolicyRevision[]): boolean;
  /**
   * What the policies of all the revisions together say of a call: one `forbid` denies, else one `permit` permits, else
   * it is denied, as Cedar decides. Unlike Cedar, a `forbid` that could not be evaluated denies too. Nothing that could
   * not be decided is permitted.
   *
   * @param revisions all the project's active ones; those that `knows` does not know with their bodies
   */
  decide(revisions: readonly PolicyRevision[], call: PolicyCall): PolicyFact;
  /**
   * Whether there may be arguments with which a call of the agent to the tool would be permitted. Where it can't be told,
   * it is true.
   *
   * @param revisions as for `decide`
   */
  couldPermit(revisions: readonly PolicyRevision[], scope: PolicyScope): boolean;
}

const REVISIONS_MAX = 50;

/** Policies, parsed once and kept as long as they are used. */
export function createPolicies(): Policies {
  const sets = createPolicySets();
  return {
    // There is nothing to read where there are too many.
    knows: (revisions) => revisions.length > REVISIONS_MAX || sets.has(revisions),
    decide(revisions, call) {
      if (revisions.length === 0) return { decision: "unpoliced" };
      if (revisions.length > REVISIONS_MAX) {
        return denied("unusable", [], `more than ${REVISIONS_MAX} policy contracts are active`);
      }
      const said = sets.use(revisions, (slices, cedar) => {
        try {
          return slices.decide(cedar, call);
        } catch (error) {
          // Caught here: it says nothing about Cedar.
          if (error instanceof Unreadable) return denied("unreadable", [], error.message);
          throw error;
        }
      });
      return "kind" in said ? denied("unusable", [], said.problem) : said;
    },
    couldPermit(revisions, scope) {
      if (revisions.length === 0) return true;
      if (revisions.length > REVISIONS_MAX) return false;
      const could = sets.use(revisions, (slices, cedar) => slices.couldPermit(cedar, scope));
      return could === true;
    },
  };
}
