import type { DetailedError, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { type Finding, finding } from "../platform/findings-contract.ts";
import { type Cedar, CedarBrokeDown, openCedar } from "./cedar.ts";

/** One policy of a contract's Cedar. */
export interface Policy {
  /** Its annotation `@id`, or `#3` for the third policy of the contract where it has none. */
  id: string;
  effect: "permit" | "forbid";
  /** Laid out as Cedar lays it out, without comments: two policies that say the same in the same order read the same. */
  text: string;
}

/** A policy as it stands in the contract. */
export interface PolicySource {
  id: string;
  effect: "permit" | "forbid";
  source: string;
  json: PolicyJson;
}

const ID_MAX = 128;
const POLICIES_MAX = 200;
const PROBLEMS_MAX = 20;

/** For reading only: a text that breaks it must not take with it what calls are decided with. */
const reader = openCedar();

/**
 * The policies of a contract's Cedar, in the order in which they stand there.
 *
 * @throws TypeError for Cedar that `policyProblems` finds fault with
 */
export function policiesOf(cedarText: string): Policy[] {
  return reader.run((cedar) => {
    const sources = policySources(cedar, cedarText);
    if (typeof sources === "string") throw new TypeError(sources);
    return normalised(cedar, sources);
  });
}

/** Everything that is wrong with a contract's Cedar, with line and column where Cedar knows them; empty when it can be used. */
export function policyProblems(cedarText: string): Finding[] {
  try {
    return reader.run((cedar) => {
      const parts = cedar.policySetTextToParts(cedarText);
      if (parts.type === "failure") {
        return withRelated(parts.errors)
          .slice(0, PROBLEMS_MAX)
          .map((error) => toFinding(error, cedarText));
      }
      const { policies, policy_templates: templates } = parts;
      if (templates.length > 0) {
        return [finding("cedar_slot", { start: startOf(templates[0]) })];
      }
      if (policies.length === 0) {
        return [finding("cedar_empty")];
      }
      if (policies.length > POLICIES_MAX) {
        return [finding("too_many_policies", { count: policies.length, max: POLICIES_MAX })];
      }
      const sources = policySources(cedar, cedarText);
      if (typeof sources === "string") return [finding("cedar_unreadable", { said: sources })];
      // What can't be laid out now could not be compared with a later revision.
      normalised(cedar, sources);
      return [...idProblems(sources.map(({ id }) => id)), ...demandProblems(sources)];
    });
  } catch (error) {
    if (!(error instanceof CedarBrokeDown)) throw error;
    return [finding("cedar_nested")];
  }
}

/** Cedar taken apart into its policies, in the order in which they stand there; or why it can't be. */
export function policySources(cedar: Cedar, cedarText: string): PolicySource[] | string {
  const parts = cedar.policySetTextToParts(cedarText);
  if (parts.type === "failure") return parts.errors[0]?.message ?? "it does not parse";
  // Cedar numbers the policies as they stand there and sorts them by that name: policy0, policy1, policy10, policy2.
  const numbers = parts.policies.map((_, at) => `policy${at}`).sort();
  const inOrder = parts.policies
    .map((source, at) => ({ source, number: Number(numbers[at]?.slice("policy".length)) }))
    .sort((a, b) => a.number - b.number);
  const sources: PolicySource[] = [];
  for (const { source, number } of inOrder) {
    const read = cedar.policyToJson(source);
    if (read.type === "failure") return read.errors[0]?.message ?? "it does not parse";
    const { effect, annotations } = read.json;
    const given = annotations && Object.hasOwn(annotations, "id");
    const id = given ? (annotations.id ?? "") : `#${number + 1}`;
    sources.push({ id, effect, source, json: read.json });
  }
  return sources;
}

function normalised(cedar: Cedar, sources: readonly PolicySource[]): Policy[] {
  return sources.map(({ id, effect, json }) => {
    const written = cedar.policyToText(json);
    if (written.type === "failure") throw new TypeError(written.errors[0]?.message);
    const laidOut = cedar.formatPolicies({ policyText: written.text });
    if (laidOut.type === "failure") throw new TypeError(laidOut.errors[0]?.message);
    return { id, effect, text: laidOut.formatted_policy.trimEnd() };
  });
}

/** What a permit demands that lets nothing through without a person's yes (`@approval("required")`). */
export interface Demand {
  /** Why, in the author's words (`@reason`); may be empty. */
  reason: string;
  /** The same in Traditional Chinese (`@reason_zh_tw`), in English where it is not given. */
  reasonZhTw: string;
}

const REASON_MAX = 300;

/** What a permit demands; undefined for a policy that demands nothing. */
export function demandOf({ effect, annotations }: PolicyJson): Demand | undefined {
  if (effect !== "permit" || annotations?.approval !== "required") return undefined;
  const reason = (annotations.reason ?? "").slice(0, REASON_MAX);
  return { reason, reasonZhTw: (annotations.reason_zh_tw ?? reason).slice(0, REASON_MAX) };
}

/** A slip in an annotation would go unseen, and calls with it that somebody wanted to be asked about. */
function demandProblems(sources: readonly PolicySource[]): Finding[] {
  return sources.flatMap(({ id, effect, json: { annotations = {} } }) => {
    const which = id.startsWith("#")
      ? titleOf(id)
      : { policy: `"${id}"`, policy_zh_tw: `「${id}」` };
    const long = ["reason", "reason_zh_tw"].flatMap((name) =>
      (annotations[name] ?? "").length > REASON_MAX
        ? [finding("reason_too_long", { name, max: REASON_MAX, ...which })]
        : [],
    );
    if (!Object.hasOwn(annotations, "approval")) return long;
    if (annotations.approval !== "required") {
      const value = annotations.approval ?? "";
      return [finding("no_such_demand", { value, ...which }), ...long];
    }
    if (effect === "permit") return long;
    return [finding("demand_on_forbid", which), ...long];
  });
}

function idProblems(ids: readonly string[]): Finding[] {
  const seen = new Set<string>();
  return ids.flatMap((id, at) => {
    const number = at + 1;
    if (id === "") return [finding("policy_id_empty", { number })];
    if (id.length > ID_MAX) {
      return [finding("policy_id_long", { length: id.length, number, max: ID_MAX })];
    }
    if (id.startsWith("#") && id !== `#${number}`) {
      return [finding("policy_id_numbered", { id, number })];
    }
    if (seen.has(id)) return [finding("policy_id_twice", { id, number })];
    seen.add(id);
    return [];
  });
}

/** The errors of the parser, and those that came with them. */
function withRelated(errors: readonly DetailedError[]): DetailedError[] {
  return errors.flatMap((error) => [error, ...withRelated(error.related ?? [])]);
}

function toFinding(error: DetailedError, cedarText: string): Finding {
  const place = error.sourceLocations?.[0];
  const said = [
    error.message.replace(/^failed to parse policies from string: /, ""),
    ...[place?.label, error.help].filter((text) => text !== null && text !== undefined),
  ].join("; ");
  return place
    ? finding("cedar_unreadable_at", { ...lineAndColumn(cedarText, place.start), said })
    : finding("cedar_unreadable", { said });
}

/** How a policy is called in what is said of it. */
export function titleOf(id: string): { policy: string; policy_zh_tw: string } {
  return id.startsWith("#")
    ? { policy: `policy ${id.slice(1)}`, policy_zh_tw: `第 ${id.slice(1)} 條政策` }
    : { policy: `policy "${id}"`, policy_zh_tw: `政策「${id}」` };
}

/** @param byte counted in UTF-8, as Cedar counts */
export function lineAndColumn(text: string, byte: number): { line: number; column: number } {
  const before = Buffer.from(text).subarray(0, byte).toString().split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

function startOf(policy: string | undefined): string {
  const line = (policy ?? "").replaceAll(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}
