import { setImmediate } from "node:timers/promises";
import type { DetailedError, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { type Finding, finding } from "../platform/findings-contract.ts";
import { type Cedar, CedarBrokeDown, openCedar } from "./cedar.ts";
import { type ArgumentTypes, argumentTypes, schemaOf, UNKNOWN_ARGUMENTS } from "./policy-schema.ts";
import { headFits } from "./policy-scope.ts";
import { lineAndColumn, type PolicySource, policySources, titleOf } from "./policy-text.ts";

/** The tools of a project, as far as they are known: of each server, its tools with the schemas of their arguments. */
export interface KnownTools {
  servers: ReadonlySet<string>;
  tools: ReadonlyMap<string, ReadonlyMap<string, unknown>>;
}

/** What is wrong with policies, given the tools: what can't be meant, and what may be. */
export interface Findings {
  errors: Finding[];
  warnings: Finding[];
}

const FINDINGS_MAX = 20;
const ENOUGH_MS = 2_000;

/** For this only, so that a text that breaks it takes nothing else with it. */
const validator = openCedar();

/** At run time these fail, each time; the rest that Cedar finds fault with may well work. */
const FAILS =
  /^(?:attribute `.*` .*not found|unable to guarantee safety|unexpected type|unrecognized )/s;
const NEVER_HOLDS = /^the types .* are not compatible/s;

interface Policy extends PolicySource {
  /** As Cedar calls it: `policy0`. */
  key: string;
  /** All that it asks for with `has`, and the arguments among it. */
  tested: ReadonlySet<string>;
  testedArguments: ReadonlySet<string>;
  /** The tools and servers that its conditions name: `Tool::"a/b"`. */
  inConditions: ReadonlySet<string>;
  looksAtArguments: boolean;
}

interface Tool {
  server: string;
  tool: string;
  types: ArgumentTypes;
}

interface Fault {
  policy: Policy;
  /** Where, of which policy, and in which words of Cedar's. */
  words: ReturnType<typeof wordsOf>;
  fails: boolean;
}

/**
 * Validates policies against the schema of calls, with the arguments of each tool that they can be about. An error is what
 * fails with every call that the policy is for: a part of the context that there is none of, an unknown action or type, or
 * an argument of the one tool that the policy names. What fails with some tools only is a warning, and so are tools and
 * servers that there are none of, for they may come. What has no type in Cedar is never found fault with.
 *
 * @param cedarText that `policyProblems` finds no fault with
 */
export async function validatePolicies(cedarText: string, known: KnownTools): Promise<Findings> {
  const findings: Findings = { errors: [], warnings: [] };
  try {
    const policies = validator.run((cedar) => read(cedar, cedarText));
    for (const policy of policies) findings.warnings.push(...missingNames(policy, known));
    general(policies, cedarText, findings);
    await withTools(policies, cedarText, known, findings);
  } catch (error) {
    if (!(error instanceof CedarBrokeDown)) throw error;
    findings.warnings.push(finding("policy_too_complicated"));
  }
  return {
    errors: eachOnce(findings.errors).slice(0, FINDINGS_MAX),
    warnings: eachOnce(findings.warnings).slice(0, FINDINGS_MAX),
  };
}

function eachOnce(found: readonly Finding[]): Finding[] {
  return [...new Map(found.map((one) => [one.message, one])).values()];
}

function read(cedar: Cedar, cedarText: string): Policy[] {
  const sources = policySources(cedar, cedarText);
  if (typeof sources === "string") throw new TypeError(sources);
  return sources.map((source, at) => {
    const found = { tested: new Set<string>(), testedArguments: new Set<string>() };
    testsIn(source.json.conditions, found);
    return {
      ...source,
      ...found,
      key: `policy${at}`,
      inConditions: new Set(entitiesIn(source.json.conditions)),
      looksAtArguments: JSON.stringify(source.json.conditions).includes('"args"'),
    };
  });
}

/** What is wrong whatever the tool. */
function general(policies: readonly Policy[], cedarText: string, findings: Findings): void {
  const { faults, impossible } = faultsOf(policies, cedarText, UNKNOWN_ARGUMENTS);
  findings.errors.push(...faults.filter(({ fails }) => fails).map(alone));
  findings.warnings.push(...impossible.filter(({ policy }) => !policy.looksAtArguments).map(alone));
}

const alone = ({ words }: Fault): Finding => finding("policy_fault", words);

/** What is wrong with the arguments of the tools that the policies can be about. */
async function withTools(
  policies: readonly Policy[],
  cedarText: string,
  known: KnownTools,
  findings: Findings,
): Promise<void> {
  const looking = policies.filter(({ looksAtArguments }) => looksAtArguments);
  const started = performance.now();
  const declaredSomewhere = new Map<Policy, Set<string>>();
  for (const tool of toolsOf(known)) {
    const about = looking.filter((policy) => isAbout(policy, tool));
    if (about.length === 0) continue;
    if (performance.now() - started > ENOUGH_MS) {
      findings.warnings.push(finding("policy_not_all_tools"));
      return;
    }
    for (const policy of about) noteDeclared(policy, tool, declaredSomewhere);
    for (const fault of faultsOf(about, cedarText, tool.types).faults) {
      const of = `${tool.server}/${tool.tool}`;
      if (fault.fails && namesOnly(fault.policy, of)) findings.errors.push(alone(fault));
      else findings.warnings.push(finding("policy_fault_with", { ...fault.words, tool: of }));
    }
    // Others are served in between.
    await setImmediate();
  }
  for (const [policy, declared] of declaredSomewhere) {
    const missing = [...policy.testedArguments].filter(
      (name) => !declared.has(name) && !declared.has("*"),
    );
    for (const name of missing) {
      findings.warnings.push(finding("policy_argument_nowhere", { ...titleOf(policy.id), name }));
    }
  }
}

function noteDeclared(policy: Policy, { types }: Tool, noted: Map<Policy, Set<string>>): void {
  const declared = noted.get(policy) ?? new Set();
  for (const name of types.declared) declared.add(name);
  if (types.hasMore) declared.add("*");
  noted.set(policy, declared);
}

function toolsOf(known: KnownTools): Tool[] {
  return [...known.tools].flatMap(([server, tools]) =>
    [...tools].map(([tool, schema]) => ({ server, tool, types: argumentTypes(schema) })),
  );
}

/** Whether a policy's head fits calls of a tool, and its conditions don't single out others. */
function isAbout({ json, inConditions }: Policy, { server, tool }: Tool): boolean {
  const { principal: _, ...head } = json;
  const anyone: Pick<PolicyJson, "principal"> = { principal: { op: "All" } };
  const fits = (["read", "write"] as const).some((effect) =>
    headFits({ ...head, ...anyone }, { agent: "", effect, server, tool }),
  );
  return (
    fits &&
    (inConditions.size === 0 ||
      inConditions.has(`Tool::${server}/${tool}`) ||
      inConditions.has(`Server::${server}`))
  );
}

function namesOnly({ json: { resource } }: Policy, tool: string): boolean {
  if (resource.op !== "==" || !("entity" in resource)) return false;
  const entity = "__entity" in resource.entity ? resource.entity.__entity : resource.entity;
  return entity.type === "Tool" && entity.id === tool;
}

function faultsOf(
  policies: readonly Policy[],
  cedarText: string,
  types: ArgumentTypes,
): { faults: Fault[]; impossible: Fault[] } {
  const byKey = new Map(policies.map((policy) => [policy.key, policy]));
  const answer = validator.run((cedar) =>
    cedar.validate({ schema: schemaOf(types.type), policies: { staticPolicies: cedarText } }),
  );
  // A schema that Cedar can't take says nothing about the policies.
  if (answer.type === "failure") return { faults: [], impossible: [] };
  const toFault = ({ policyId, error }: { policyId: string; error: DetailedError }): Fault[] => {
    const policy = byKey.get(policyId);
    if (!policy) return [];
    const said = error.message.replace(/^for policy `policy\d+`, /, "");
    const fails = FAILS.test(said);
    return [{ policy, words: wordsOf(policy, said, error, cedarText), fails }];
  };
  const faults = answer.validationErrors.flatMap((found) => {
    const said = found.error.message.replace(/^for policy `policy\d+`, /, "");
    const policy = byKey.get(found.policyId);
    if (!policy || !(FAILS.test(said) || NEVER_HOLDS.test(said))) return [];
    return isDoubtful(policy, said, spanOf(found.error, cedarText), types) ? [] : toFault(found);
  });
  return { faults, impossible: answer.validationWarnings.flatMap(toFault) };
}

/** Whether it may be right all the same: what it is about has no type, or the policy looks first whether it is there. */
function isDoubtful(policy: Policy, said: string, span: string, types: ArgumentTypes): boolean {
  const words = new Set(span.match(/[\p{L}\p{N}_$-]+/gu) ?? []);
  if ([...types.untyped].some((name) => words.has(name) || span.includes(JSON.stringify(name)))) {
    return true;
  }
  if (NEVER_HOLDS.test(said)) return said.includes("{");
  const attribute = /`(?:.*\.)?([^`.]+)`/.exec(said)?.[1] ?? "";
  const isAbsent = /^(?:attribute|unable)/.test(said);
  if (isAbsent && policy.tested.has(attribute)) return true;
  return isAbsent && types.hasMore && span.includes("args");
}

function spanOf(error: DetailedError, cedarText: string): string {
  const place = error.sourceLocations?.[0];
  return place ? Buffer.from(cedarText).subarray(place.start, place.end).toString() : "";
}

function wordsOf(policy: Policy, said: string, error: DetailedError, cedarText: string) {
  const place = error.sourceLocations?.[0]?.start ?? startOf(policy, cedarText);
  // Each action is told of separately, and none of them is the reason.
  const plain = said.replace(/ (?:in context )?for Action::"\w+"/, "");
  const help = error.help?.startsWith("did you mean") ? `; ${error.help}` : "";
  return { ...lineAndColumn(cedarText, place), ...titleOf(policy.id), said: `${plain}${help}` };
}

/** In bytes, as Cedar counts. */
function startOf({ source }: Policy, cedarText: string): number {
  return Buffer.byteLength(cedarText.slice(0, Math.max(0, cedarText.indexOf(source))));
}

/** The tools and servers that a policy names and the project does not have. */
function missingNames({ json, id: policyId }: Policy, known: KnownTools): Finding[] {
  const { conditions, resource } = json;
  return [...new Set(entitiesIn([conditions, resource]))].flatMap((name) => {
    const [type = "", id = ""] = split(name, "::");
    const [server, tool] = type === "Tool" ? split(id, "/") : [id, undefined];
    const title = titleOf(policyId);
    if (!known.servers.has(server)) return [finding("policy_server_absent", { ...title, server })];
    const tools = known.tools.get(server);
    return tool === undefined || !tools || tools.has(tool)
      ? []
      : [finding("policy_tool_absent", { ...title, tool, server })];
  });
}

function split(text: string, at: string): [string, string] {
  const place = text.indexOf(at);
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + at.length)];
}

/** The tools and servers that stand somewhere in a policy. */
function entitiesIn(part: unknown): string[] {
  if (part === null || typeof part !== "object") return [];
  const { type, id } = part as { type?: unknown; id?: unknown };
  if ((type === "Tool" || type === "Server") && typeof id === "string") return [`${type}::${id}`];
  return Object.values(part).flatMap(entitiesIn);
}

type Tests = { tested: Set<string>; testedArguments: Set<string> };

/** What conditions ask for with `has`. */
function testsIn(part: unknown, found: Tests): void {
  if (part === null || typeof part !== "object") return;
  for (const [key, value] of Object.entries(part)) {
    if (key === "has") noteTest(value as { left?: unknown; attr?: unknown }, found);
    testsIn(value, found);
  }
}

function noteTest({ left, attr }: { left?: unknown; attr?: unknown }, found: Tests): void {
  const names = [attr].flat().map(String);
  for (const name of names) found.tested.add(name);
  const access = (left as { "."?: { left?: { Var?: unknown }; attr?: unknown } } | null)?.["."];
  const isArguments = access?.attr === "args" && access.left?.Var === "context";
  if (isArguments && names[0] !== undefined) found.testedArguments.add(names[0]);
}
