import { redact } from "../platform/redact.ts";
import type { AgentBody } from "./agent-body.ts";
import {
  CHANGES,
  changeText,
  type Difference,
  type PermissionChange,
  type Permissions,
} from "./change-contract.ts";
import { compareAgents } from "./compare-agent.ts";
import { compareChannels, compareToolServers } from "./compare-connection.ts";
import { comparePolicies } from "./compare-policy.ts";
import type { Family } from "./contract.ts";

/** What two bodies permit differently. */
export interface Comparison {
  /** `major` exactly when some permission is widened. */
  level: "minor" | "major";
  permissions: Permissions;
  /** The widened ones among them. */
  reasons: PermissionChange[];
}

/** Two bodies that say the same. */
export const NO_DIFFERENCE: Comparison = {
  level: "minor",
  permissions: { gained: [], lost: [], changed: [] },
  reasons: [],
};

type Compare = (before: unknown, after: unknown) => Difference[];

const COMPARE: Record<Family, Compare> = {
  agent: (before, after) => compareAgents(before as AgentBody, after as AgentBody),
  tool_server: compareToolServers,
  channel: compareChannels,
  policy: comparePolicies,
};

/**
 * What a body permits that another one of its family did not, and the reverse.
 *
 * @param before with the family's defaults, of a policy contract its policies (ComparedPolicy); undefined when it no
 * longer fits what the family asks for
 * @param after the same
 */
export function compareBodies(family: Family, before: unknown, after: unknown): Comparison {
  return comparisonOf(
    before === undefined || after === undefined
      ? [{ key: "unreadable", params: {} }]
      : COMPARE[family](before, after),
  );
}

/** What a body permits when no revision is active, though one was: everything in it is new. */
export function comparedWithNothing(): Comparison {
  return comparisonOf([{ key: "all_new", params: {} }]);
}

function comparisonOf(differences: readonly Difference[]): Comparison {
  const permissions: Permissions = { gained: [], lost: [], changed: [] };
  const reasons: PermissionChange[] = [];
  for (const { key, params: given } of differences) {
    const { kind } = CHANGES[key];
    const params = withoutSecrets(given);
    const widens = kind === "gained" || kind === "widened";
    const change = { key, params, widens, text: changeText(key, params, "en") };
    permissions[kind === "gained" || kind === "lost" ? kind : "changed"].push(change);
    if (widens) reasons.push(change);
  }
  return { level: reasons.length > 0 ? "major" : "minor", permissions, reasons };
}

/** An address may have a password in it that should have been a secret's name. */
function withoutSecrets(params: Difference["params"]): Difference["params"] {
  const entries = Object.entries(params);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? redact(value) : value]),
  );
}
