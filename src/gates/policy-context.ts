import type { CedarValueJson, Context } from "@cedar-policy/cedar-wasm/nodejs";

/** A call as policies see it. */
export interface PolicyCall {
  agent: string;
  effect: "read" | "write";
  server: string;
  tool: string;
  args: unknown;
  isShadow: boolean;
  driver: "worker" | "client";
  /** The mode of the agent's contract. */
  agentMode: string;
  triggerType: string;
}

/** Arguments that can't be shown to policies; the message says why. */
export class Unreadable extends Error {}

const DEEPEST = 32;
/** A field of one of these names makes Cedar read the whole record as something else. */
const MISREAD = ["__entity", "__extn", "__expr"];
/** Four decimals and 14 digits before them fit Cedar's `decimal` with room to spare. */
const DECIMAL = /^-?\d{1,14}\.\d{1,4}$/;

/**
 * What a policy reads as `context`.
 *
 * @throws Unreadable for arguments that a policy might read as something else than what the tool would be sent
 */
export function policyContext(call: PolicyCall): Context {
  return {
    args: cedarValue(call.args, 1),
    is_shadow: call.isShadow,
    driver: call.driver,
    agent_mode: call.agentMode,
    trigger_type: call.triggerType,
  };
}

function cedarValue(value: unknown, depth: number): CedarValueJson {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return cedarNumber(value);
  if (typeof value === "string") return wellFormed(value);
  if (value === null) return jsonEntity("null");
  if (depth > DEEPEST) throw new Unreadable(`they are nested more than ${DEEPEST} levels deep`);
  if (Array.isArray(value)) return value.map((part) => cedarValue(part, depth + 1));
  const misread = MISREAD.find((name) => Object.hasOwn(value as object, name));
  if (misread) throw new Unreadable(`they have a field called ${misread}`);
  const fields = Object.entries(value as object).map(([name, part]): [string, CedarValueJson] => [
    wellFormed(name),
    cedarValue(part, depth + 1),
  ]);
  return Object.fromEntries(fields);
}

/** Cedar knows whole numbers and decimals with four places; what is neither stays a value that is like no other. */
function cedarNumber(value: number): CedarValueJson {
  if (Number.isSafeInteger(value)) return value;
  const text = String(value);
  return DECIMAL.test(text) ? { __extn: { fn: "decimal", arg: text } } : jsonEntity(text);
}

/**
 * A value that Cedar has no type for. It is there, so that `has` sees it; comparing it with `<` or reading a field of it
 * is an error, and an error in a `forbid` denies.
 */
function jsonEntity(id: string): CedarValueJson {
  return { __entity: { type: "Json", id } };
}

function wellFormed(text: string): string {
  if (!text.isWellFormed()) throw new Unreadable("they hold half a character");
  return text;
}
