import type { Difference } from "./change-contract.ts";

/** One policy of a `policy` contract, as its family's rules take it apart. */
export interface ComparedPolicy {
  /** `#3` for the third one where it has no name of its own. */
  id: string;
  effect: "permit" | "forbid";
  /** In one layout, so that equal texts say the same. */
  text: string;
}

/**
 * What one set of policies permits that another did not, policy by policy. One that changed in any way counts as wider:
 * whether Cedar permits more by it is not asked.
 */
export function comparePolicies(before: unknown, after: unknown): Difference[] {
  const earlier = byName(before as readonly ComparedPolicy[]);
  const later = byName(after as readonly ComparedPolicy[]);
  const removed = [...earlier].filter(([name]) => !later.has(name));
  return [
    ...[...later].flatMap(([name, policy]): Difference[] => {
      const known = earlier.get(name);
      if (!known) return [difference(policy, "added")];
      if (known.text === policy.text) return [];
      return [{ key: "policy_changed", params: { policy: policy.id } }];
    }),
    ...removed.map(([, policy]) => difference(policy, "removed")),
  ];
}

function difference({ id, effect }: ComparedPolicy, what: "added" | "removed"): Difference {
  return { key: `${effect}_${what}`, params: { policy: id } };
}

/** By its own name; one without a name by what it says, since its number moves with those before it. */
function byName(policies: readonly ComparedPolicy[]): Map<string, ComparedPolicy> {
  const named = new Map<string, ComparedPolicy>();
  for (const policy of policies) {
    const base = policy.id.startsWith("#") ? policy.text : `@${policy.id}`;
    let name = base;
    for (let again = 2; named.has(name); again++) name = `${base} ${again}`;
    named.set(name, policy);
  }
  return named;
}
