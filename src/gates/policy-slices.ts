import type { Context, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import type { Cedar } from "./cedar.ts";
import type { PolicyFact } from "./facts.ts";
import { mayApply } from "./policy-arguments.ts";
import { type PolicyCall, policyContext } from "./policy-context.ts";
import { denied, factOf, type NamedPolicies } from "./policy-fact.ts";
import {
  headFits,
  LOOKS,
  type Looks,
  looksOf,
  type PolicyScope,
  requestOf,
} from "./policy-scope.ts";

/** A policy of a set. */
export interface SetPolicy {
  /** `guardrails 1.2 @no-deletes` */
  name: string;
  effect: "permit" | "forbid";
  source: string;
  json: PolicyJson;
}

/** Where Cedar keeps what it has parsed, by names that are used again. */
export interface Slots {
  take(): string;
  free(cedar: Cedar, slot: string): void;
}

/** Some policies of a set, parsed and kept inside Cedar: those whose heads fit the same callers and tools. */
interface Slice {
  slot: string;
  looks: Looks;
  policies: readonly SetPolicy[];
  /** Those that don't look at the arguments, by their places in the set. */
  others: readonly number[];
  /** Whether one of those that do may apply. */
  mayApply(context: Context): boolean;
}

/** A slice, for one caller and tool. */
interface Fitting {
  slice: Slice;
  request: ReturnType<typeof requestOf>;
  /** What it said, by what it looks at, where that has few values. */
  said: Map<string, PolicyFact>;
  /** For arguments that none of its policies applies to: without those that look at them. */
  narrowed: Fitting | undefined;
}

const SLICES_MAX = 64;
const FITTING_MAX = 2_000;
const SAID_MAX = 50;

/**
 * The policies of a set, asked in slices: a policy whose head does not fit the caller, the action and the tool is false
 * without an error, so it is left out, and what remains is kept for the next call of the same kind; and so are those that
 * look at the arguments left out where plainly none of them applies. What the rest says is kept too where it does not
 * look at the arguments.
 */
export class PolicySlices {
  readonly #policies: readonly SetPolicy[];
  readonly #named: NamedPolicies;
  readonly #slots: Slots;
  readonly #fitting = new Map<string, Fitting>();
  readonly #slices = new Map<string, Slice>();
  /** What Cedar holds of it. */
  characters = 0;

  constructor(policies: readonly SetPolicy[], named: NamedPolicies, slots: Slots) {
    this.#policies = policies;
    this.#named = named;
    this.#slots = slots;
  }

  /** @throws Unreadable for arguments that can't be shown to policies, whether one looks at them or not */
  decide(cedar: Cedar, call: PolicyCall): PolicyFact {
    const context = policyContext(call);
    const { slice, request, said } = this.#narrowed(cedar, call, context);
    const key = slice.looks.context === "arguments" ? undefined : runKey(slice.looks, call);
    const known = key === undefined ? undefined : said.get(key);
    if (known) return known;
    const answer = cedar.statefulIsAuthorized({
      ...request,
      context,
      preparsedPolicySetId: slice.slot,
    });
    if (answer.type === "failure") {
      return denied("unusable", [], answer.errors.map((of) => of.message).join("; "));
    }
    const fact = factOf(answer.response, this.#named);
    if (key !== undefined && said.size < SAID_MAX) said.set(key, fact);
    return fact;
  }

  /**
   * Whether there may be arguments with which a call would be permitted. False only where all are denied: nothing
   * permits such calls, or they are forbidden whatever their arguments.
   */
  couldPermit(cedar: Cedar, scope: PolicyScope): boolean {
    const { policies } = this.#fittingOf(cedar, scope).slice;
    return (
      policies.some(({ effect }) => effect === "permit") &&
      !policies.some(({ effect, json }) => effect === "forbid" && json.conditions.length === 0)
    );
  }

  /** Lets Cedar forget all of it. */
  release(cedar: Cedar): void {
    for (const { slot } of this.#slices.values()) this.#slots.free(cedar, slot);
    this.forget();
  }

  /** Knows that Cedar has forgotten all of it. */
  forget(): void {
    this.#slices.clear();
    this.#fitting.clear();
    this.characters = 0;
  }

  #fittingOf(cedar: Cedar, scope: PolicyScope): Fitting {
    const key = JSON.stringify([scope.agent, scope.effect, scope.server, scope.tool]);
    const known = this.#fitting.get(key);
    if (known) return known;
    const fits = this.#policies.flatMap(({ json }, at) => (headFits(json, scope) ? [at] : []));
    const fitting = fittingOf(this.#sliceOf(cedar, fits), scope);
    // Callers choose the names of tools, also of ones that there are not.
    if (this.#fitting.size >= FITTING_MAX) this.#fitting.clear();
    this.#fitting.set(key, fitting);
    return fitting;
  }

  #narrowed(cedar: Cedar, scope: PolicyScope, context: Context): Fitting {
    const fitting = this.#fittingOf(cedar, scope);
    const { slice } = fitting;
    if (slice.looks.context !== "arguments" || slice.mayApply(context)) return fitting;
    fitting.narrowed ??= fittingOf(this.#sliceOf(cedar, slice.others), scope);
    return fitting.narrowed;
  }

  /** @param places of its policies in the set */
  #sliceOf(cedar: Cedar, places: readonly number[]): Slice {
    const key = places.join();
    const known = this.#slices.get(key);
    if (known) return known;
    if (this.#slices.size >= SLICES_MAX) this.release(cedar);
    const slice = this.#newSlice(places);
    const staticPolicies = Object.fromEntries(
      slice.policies.map((policy) => [policy.name, withoutHead(policy)]),
    );
    const parsed = cedar.preparsePolicySet(slice.slot, { staticPolicies });
    if (parsed.type === "failure") throw new Error(parsed.errors[0]?.message);
    this.characters += slice.policies.reduce((sum, { source }) => sum + source.length, 0);
    this.#slices.set(key, slice);
    return slice;
  }

  #newSlice(places: readonly number[]): Slice {
    const fits = places.flatMap((at) => {
      const policy = this.#policies[at];
      return policy ? [{ at, policy, looks: looksOf(policy.json) }] : [];
    });
    const [looking, others] = [true, false].map((looks) =>
      fits.filter((of) => (of.looks.context === "arguments") === looks),
    );
    const tests = (looking ?? []).map(({ policy }) => mayApply(policy.json));
    return {
      slot: this.#slots.take(),
      looks: together(fits.map((of) => of.looks)),
      policies: fits.map(({ policy }) => policy),
      others: (others ?? []).map(({ at }) => at),
      mayApply: (context) => tests.some((test) => test(context)),
    };
  }
}

function fittingOf(slice: Slice, scope: PolicyScope): Fitting {
  const request = requestOf(scope);
  // Cedar takes half its time to read entities that nobody looks at.
  if (!slice.looks.entities) request.entities = [];
  return { slice, request, said: new Map(), narrowed: undefined };
}

/** The policy without what is known to be so: its head fits. */
function withoutHead({ source, json }: SetPolicy): string | PolicyJson {
  const { principal, action, resource } = json;
  if ([principal, action, resource].every(({ op }) => op === "All")) return source;
  const any = { op: "All" } as const;
  return { ...json, principal: any, action: any, resource: any };
}

function together(looks: readonly Looks[]): Looks {
  const most = Math.max(0, ...looks.map(({ context }) => LOOKS.indexOf(context)));
  return {
    context: LOOKS[most] ?? "arguments",
    entities: looks.some(({ entities }) => entities),
  };
}

function runKey({ context }: Looks, call: PolicyCall): string {
  if (context === "nothing") return "";
  return [call.isShadow, call.driver, call.agentMode, call.triggerType].join(" ");
}
