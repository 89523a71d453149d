import type { Response, StatefulAuthorizationCall } from "@cedar-policy/cedar-wasm/nodejs";
import { canonicalHash } from "../platform/canonical.ts";
import { type Cedar, CedarBrokeDown, openCedar } from "./cedar.ts";
import { policyBodySchema } from "./policy-body.ts";
import { policySources } from "./policy-text.ts";

/** An active revision of one of a project's policy contracts. */
export interface PolicyRevision {
  revision_id: string;
  contract_id: string;
  version_major: number;
  version_minor: number;
  body_hash: string;
  /** May be left out once these revisions are known. */
  body?: unknown;
}

type Effect = "permit" | "forbid";

/** The policies of some revisions, parsed and kept inside Cedar. */
interface ParsedSet {
  kind: "set";
  slot: string;
  characters: number;
  /** What each policy does, by its name: `guardrails 1.2 @no-deletes`. */
  effects: ReadonlyMap<string, Effect>;
  /** SHA-256 of the list of the revisions' body hashes. */
  hash: string;
}

/** Why the policies of some revisions can't be used. */
interface Unusable {
  kind: "unusable";
  problem: string;
}
type Known = ParsedSet | Unusable;

export type Answer =
  | ({ kind: "answer"; response: Response } & Pick<ParsedSet, "effects" | "hash">)
  | Unusable;

export interface PolicySets {
  /** Whether these revisions, together, are known already. */
  has(revisions: readonly PolicyRevision[]): boolean;
  /** Asks the policies of all the revisions together; they are parsed the first time. */
  ask(revisions: readonly PolicyRevision[], question: Question): Answer;
}
type Question = Omit<StatefulAuthorizationCall, "preparsedPolicySetId">;

const TOGETHER_MAX = 500_000;
const KNOWN_MAX = 500;
const KNOWN_CHARACTERS_MAX = 4_000_000;

/**
 * Keeps what was parsed inside Cedar, until others are used more: at most 500 projects' policies, and at most 4 million
 * characters of them.
 */
export function createPolicySets(): PolicySets {
  const known = new Map<string, Known>();
  const freeSlots: string[] = [];
  let slots = 0;
  const host = openCedar(() => {
    // What was kept is gone with the instance; what can't be used is still known as such.
    for (const [key, { kind }] of known) if (kind === "set") known.delete(key);
  });

  const forget = (key: string, one: Known) => {
    known.delete(key);
    if (one.kind === "unusable") return;
    // Cedar can't forget a set; an empty one in its place frees what it held.
    host.run((cedar) => cedar.preparsePolicySet(one.slot, { staticPolicies: {} }));
    freeSlots.push(one.slot);
  };

  const learn = (key: string, revisions: readonly PolicyRevision[]): Known => {
    const slot = freeSlots.pop() ?? `set ${slots++}`;
    const learned = host.run((cedar) => parse(cedar, slot, revisions));
    known.set(key, learned);
    for (const [oldest, one] of tooMany(known)) forget(oldest, one);
    return learned;
  };

  const use = (key: string, found: Known): Known => {
    // The one that was used last stands last.
    known.delete(key);
    known.set(key, found);
    return found;
  };

  return {
    has: (revisions) => known.has(keyOf(revisions)),
    ask(revisions, question) {
      const key = keyOf(revisions);
      try {
        const earlier = known.get(key);
        const found = earlier ? use(key, earlier) : learn(key, revisions);
        return found.kind === "unusable" ? found : host.run((cedar) => ask(cedar, found, question));
      } catch (error) {
        if (!(error instanceof CedarBrokeDown)) throw error;
        // Remembered, so that one project's policy breaks Cedar for the others once and not with each call.
        const unusable: Unusable = { kind: "unusable", problem: error.message };
        known.set(key, unusable);
        return unusable;
      }
    },
  };
}

/** Those that were used longest ago, as many as there are too many. */
function tooMany(known: ReadonlyMap<string, Known>): [string, Known][] {
  const charactersOf = (one: Known) => (one.kind === "set" ? one.characters : 0);
  let count = known.size;
  let characters = [...known.values()].reduce((sum, one) => sum + charactersOf(one), 0);
  return [...known].filter(([, one]) => {
    const isTooMuch = count > KNOWN_MAX || characters > KNOWN_CHARACTERS_MAX;
    count -= 1;
    characters -= charactersOf(one);
    return isTooMuch;
  });
}

function ask(cedar: Cedar, { slot, effects, hash }: ParsedSet, question: Question): Answer {
  const answer = cedar.statefulIsAuthorized({ ...question, preparsedPolicySetId: slot });
  if (answer.type === "success") {
    return { kind: "answer", response: answer.response, effects, hash };
  }
  return { kind: "unusable", problem: answer.errors.map((of) => of.message).join("; ") };
}

function keyOf(revisions: readonly PolicyRevision[]): string {
  return revisions.map(({ revision_id, body_hash }) => `${revision_id} ${body_hash}`).join("\n");
}

function parse(cedar: Cedar, slot: string, revisions: readonly PolicyRevision[]): Known {
  const staticPolicies: Record<string, string> = {};
  const effects = new Map<string, Effect>();
  let characters = 0;
  for (const revision of revisions) {
    const name = `${revision.contract_id} ${revision.version_major}.${revision.version_minor}`;
    const body = policyBodySchema.safeParse(revision.body);
    if (!body.success) return { kind: "unusable", problem: `${name} has no valid body` };
    characters += body.data.cedar.length;
    if (characters > TOGETHER_MAX) {
      const problem = `the active policy contracts have more than ${TOGETHER_MAX} characters together`;
      return { kind: "unusable", problem };
    }
    const sources = policySources(cedar, body.data.cedar);
    if (typeof sources === "string") return { kind: "unusable", problem: `${name}: ${sources}` };
    for (const { id, effect, source } of sources) {
      const policy = `${name} ${id.startsWith("#") ? id : `@${id}`}`;
      staticPolicies[policy] = source;
      effects.set(policy, effect);
    }
  }
  const hash = canonicalHash(revisions.map((of) => of.body_hash));
  const parsed = cedar.preparsePolicySet(slot, { staticPolicies });
  if (parsed.type === "success") return { kind: "set", slot, characters, effects, hash };
  return { kind: "unusable", problem: parsed.errors.map((of) => of.message).join("; ") };
}
