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

interface About {
  /** What each policy does, by its name: `guardrails 1.2 @no-deletes`. */
  effects: ReadonlyMap<string, Effect>;
  /** SHA-256 of the list of the revisions' body hashes. */
  hash: string;
}

/** The policies of some revisions, parsed; or why they can't be used. */
type Known =
  | ({ kind: "set"; slot: string; characters: number } & About)
  | { kind: "unusable"; problem: string };

export type Answer =
  | ({ kind: "answer"; response: Response } & About)
  | { kind: "unusable"; problem: string };

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
  const free: string[] = [];
  let slots = 0;
  const host = openCedar(() => {
    // What was kept is gone with the instance; what can't be used is still known as such.
    for (const [key, { kind }] of known) if (kind === "set") known.delete(key);
    free.length = 0;
  });

  const forget = (key: string, { slot }: Known & { kind: "set" }) => {
    known.delete(key);
    // Cedar can't forget a set; an empty one in its place frees what it held.
    host.run((cedar) => cedar.preparsePolicySet(slot, { staticPolicies: {} }));
    free.push(slot);
  };

  const makeRoom = () => {
    let characters = 0;
    for (const kept of known.values()) characters += kept.kind === "set" ? kept.characters : 0;
    for (const [key, oldest] of known) {
      if (known.size <= KNOWN_MAX && characters <= KNOWN_CHARACTERS_MAX) return;
      if (oldest.kind === "unusable") {
        known.delete(key);
      } else {
        characters -= oldest.characters;
        forget(key, oldest);
      }
    }
  };

  const learn = (revisions: readonly PolicyRevision[]): Known => {
    const slot = free.pop() ?? `set ${slots++}`;
    const learned = host.run((cedar) => parse(cedar, slot, revisions));
    if (learned.kind === "unusable") free.push(slot);
    return learned;
  };

  const use = (key: string, revisions: readonly PolicyRevision[]): Known => {
    const found = known.get(key) ?? learn(revisions);
    // The one that was used last stands last.
    known.delete(key);
    known.set(key, found);
    makeRoom();
    return found;
  };

  return {
    has: (revisions) => known.has(keyOf(revisions)),
    ask(revisions, question) {
      const key = keyOf(revisions);
      try {
        const found = use(key, revisions);
        if (found.kind === "unusable") return found;
        const { slot, effects, hash } = found;
        const answer = host.run((cedar) =>
          cedar.statefulIsAuthorized({ ...question, preparsedPolicySetId: slot }),
        );
        if (answer.type === "success") {
          return { kind: "answer", response: answer.response, effects, hash };
        }
        return { kind: "unusable", problem: answer.errors.map((of) => of.message).join("; ") };
      } catch (error) {
        if (!(error instanceof CedarBrokeDown)) throw error;
        // Remembered, so that one project's policy breaks Cedar for the others once and not with each call.
        const unusable = { kind: "unusable", problem: error.message } as const;
        known.set(key, unusable);
        return unusable;
      }
    },
  };
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
