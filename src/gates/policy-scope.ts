import type { PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyCall } from "./policy-context.ts";

/** Who calls what: all that the head of a policy, `permit (principal, action, resource)`, can look at. */
export type PolicyScope = Pick<PolicyCall, "agent" | "effect" | "server" | "tool">;

interface Uid {
  type: string;
  id: string;
}

/** A thing as heads see it, and all that it is `in`, itself included. */
interface Thing {
  uid: Uid;
  within: readonly Uid[];
}

function things({ agent, effect, server, tool }: PolicyScope) {
  const principal = { type: "Agent", id: agent };
  const action = { type: "Action", id: effect };
  const resource = { type: "Tool", id: `${server}/${tool}` };
  return {
    principal: { uid: principal, within: [principal] },
    action: { uid: action, within: [action, { type: "Action", id: "call" }] },
    resource: { uid: resource, within: [resource, { type: "Server", id: server }] },
  };
}

/** What Cedar is asked about, apart from the context. */
export function requestOf(scope: PolicyScope) {
  const { principal, action, resource } = things(scope);
  return {
    principal: principal.uid,
    action: action.uid,
    resource: resource.uid,
    entities: [action, resource].map(({ uid, within }) => ({
      uid,
      attrs: {},
      parents: within.slice(1),
    })),
  };
}

type Constraint = PolicyJson["principal"] | PolicyJson["action"] | PolicyJson["resource"];

/** Whether a policy's head fits. One that does not makes the policy false, whatever its conditions say, without an error. */
export function headFits(
  policy: Pick<PolicyJson, "principal" | "action" | "resource">,
  scope: PolicyScope,
): boolean {
  const { principal, action, resource } = things(scope);
  return (
    fits(policy.principal, principal) &&
    fits(policy.action, action) &&
    fits(policy.resource, resource)
  );
}

function fits(constraint: Constraint, thing: Thing): boolean {
  switch (constraint.op) {
    case "All":
      return true;
    case "==":
      return "entity" in constraint && isSame(thing.uid, uidOf(constraint.entity));
    case "in":
      if ("entities" in constraint) {
        return constraint.entities.some((entity) => isIn(thing, uidOf(entity)));
      }
      return "entity" in constraint && isIn(thing, uidOf(constraint.entity));
    case "is": {
      if (constraint.entity_type !== thing.uid.type) return false;
      const { in: within } = constraint;
      return within === undefined || ("entity" in within && isIn(thing, uidOf(within.entity)));
    }
  }
}

function uidOf(entity: Uid | { __entity: Uid }): Uid {
  return "__entity" in entity ? entity.__entity : entity;
}

function isSame(one: Uid, other: Uid): boolean {
  return one.type === other.type && one.id === other.id;
}

function isIn({ within }: Thing, other: Uid): boolean {
  return within.some((uid) => isSame(uid, other));
}

/** What the conditions of a policy look at, each level with those before it. */
export const LOOKS = ["nothing", "run", "arguments"] as const;
export interface Looks {
  /** `run`: only at the parts of the context that say how the run came about; they have few values. */
  context: (typeof LOOKS)[number];
  /** At the principal, the action, the resource or any other entity. */
  entities: boolean;
}

/** The parts of the context other than the arguments. */
const OF_RUN = new Set(["is_shadow", "driver", "agent_mode", "trigger_type"]);

/** What a policy's conditions look at, at most: where it can't be told, everything. */
export function looksOf({ conditions }: Pick<PolicyJson, "conditions">): Looks {
  const found: Looks = { context: "nothing", entities: false };
  look(conditions, found);
  return found;
}

function look(part: unknown, found: Looks): void {
  if (part === null || typeof part !== "object") return;
  for (const [key, value] of Object.entries(part)) {
    if (key === "." && isOfRun(value)) {
      if (found.context === "nothing") found.context = "run";
    } else if (key === "Var" && value === "context") found.context = "arguments";
    else if (key === "Var" || key === "__entity" || key === "Slot") found.entities = true;
    else look(value, found);
  }
}

function isOfRun(access: unknown): boolean {
  const { left, attr } = access as { left?: { Var?: unknown }; attr?: unknown };
  return left?.Var === "context" && typeof attr === "string" && OF_RUN.has(attr);
}
