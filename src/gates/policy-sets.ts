import { canonicalHash } from "../platform/canonical.ts";
import { type Cedar, CedarBrokeDown, openCedar } from "./cedar.ts";
import { policyBodySchema } from "./policy-body.ts";
import { PolicySlices, type SetPolicy, type Slots } from "./policy-slices.ts";
import { type Demand, demandOf, policySources } from "./policy-text.ts";

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

/** The policies of some revisions; Cedar keeps what calls have asked of them. */
interface ParsedSet {
  kind: "set";
  characters: number;
  slices: PolicySlices;
}

/** Why the policies of some revisions can't be used. */
interface Unusable {
  kind: "unusable";
  problem: string;
}
type Known = ParsedSet | Unusable;

export interface PolicySets {
  /** Whether these revisions, together, are known already. */
  has(revisions: readonly PolicyRevision[]): boolean;
  /** Does something with the policies of all the revisions together; they are parsed the first time. */
  use<T>(
    revisions: readonly PolicyRevision[],
    work: (slices: PolicySlices, cedar: Cedar) => T,
  ): T | Unusable;
}

const TOGETHER_MAX = 500_000;
const KNOWN_MAX = 500;
const KNOWN_CHARACTERS_MAX = 4_000_000;

/**
 * Keeps what was parsed inside Cedar, until others are used more: at most 500 projects' policies, and at most 4 million
 * characters of them.
 */
export function createPolicySets(): PolicySets {
  const known = new Map<string, Known>();
  const slots = createSlots();
  const host = openCedar(() => {
    // What was kept inside it is gone with the instance; it is parsed again when it is asked.
    for (const one of known.values()) if (one.kind === "set") one.slices.forget();
    slots.reset();
  });
  const keyOf = keeper();

  const forgetOthers = () => {
    for (const [oldest, one] of tooMany(known)) {
      known.delete(oldest);
      if (one.kind === "set") host.run((cedar) => one.slices.release(cedar));
    }
  };

  const learn = (key: string, revisions: readonly PolicyRevision[]): Known => {
    const learned = host.run((cedar) => parse(cedar, slots, revisions));
    // Whoever believed that they are known comes again, with the bodies.
    if (revisions.some(({ body }) => body === undefined)) return learned;
    known.set(key, learned);
    forgetOthers();
    return learned;
  };

  const touch = (key: string, found: Known): Known => {
    // The one that was used last stands last.
    known.delete(key);
    known.set(key, found);
    return found;
  };

  return {
    has: (revisions) => known.has(keyOf(revisions)),
    use(revisions, work) {
      const key = keyOf(revisions);
      try {
        const earlier = known.get(key);
        const found = earlier ? touch(key, earlier) : learn(key, revisions);
        if (found.kind === "unusable") return found;
        const before = found.slices.characters;
        try {
          return host.run((cedar) => work(found.slices, cedar));
        } finally {
          if (found.slices.characters > before) forgetOthers();
        }
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

function createSlots(): Slots & { reset(): void } {
  let free: string[] = [];
  let made = 0;
  return {
    take: () => free.pop() ?? `slice ${made++}`,
    free(cedar, slot) {
      // Cedar can't forget a set; an empty one in its place frees what it held.
      cedar.preparsePolicySet(slot, { staticPolicies: {} });
      free.push(slot);
    },
    reset() {
      free = [];
      made = 0;
    },
  };
}

/** What names revisions together; the same list comes with call after call. */
function keeper(): (revisions: readonly PolicyRevision[]) => string {
  const keys = new WeakMap<readonly PolicyRevision[], string>();
  return (revisions) => {
    const known = keys.get(revisions);
    if (known !== undefined) return known;
    const key = revisions.map((of) => `${of.revision_id} ${of.body_hash}`).join("\n");
    keys.set(revisions, key);
    return key;
  };
}

/** Those that were used longest ago, as many as there are too many. */
function tooMany(known: ReadonlyMap<string, Known>): [string, Known][] {
  const charactersOf = (one: Known) =>
    one.kind === "set" ? one.characters + one.slices.characters : 0;
  let count = known.size;
  let characters = [...known.values()].reduce((sum, one) => sum + charactersOf(one), 0);
  return [...known].filter(([, one]) => {
    const isTooMuch = count > KNOWN_MAX || characters > KNOWN_CHARACTERS_MAX;
    count -= 1;
    characters -= charactersOf(one);
    return isTooMuch;
  });
}

function parse(cedar: Cedar, slots: Slots, revisions: readonly PolicyRevision[]): Known {
  const policies: SetPolicy[] = [];
  const effects = new Map<string, SetPolicy["effect"]>();
  const demands = new Map<string, Demand>();
  let characters = 0;
  for (const revision of revisions) {
    const contract = `${revision.contract_id} ${revision.version_major}.${revision.version_minor}`;
    const body = policyBodySchema.safeParse(revision.body);
    if (!body.success) return { kind: "unusable", problem: `${contract} has no valid body` };
    characters += body.data.cedar.length;
    if (characters > TOGETHER_MAX) {
      const problem = `the active policy contracts have more than ${TOGETHER_MAX} characters together`;
      return { kind: "unusable", problem };
    }
    const sources = policySources(cedar, body.data.cedar);
    if (typeof sources === "string") {
      return { kind: "unusable", problem: `${contract}: ${sources}` };
    }
    for (const { id, effect, source, json } of sources) {
      const name = `${contract} ${id.startsWith("#") ? id : `@${id}`}`;
      policies.push({ name, effect, source, json });
      effects.set(name, effect);
      const demand = demandOf(json);
      if (demand) demands.set(name, demand);
    }
  }
  const hash = canonicalHash(revisions.map((of) => of.body_hash));
  const staticPolicies = Object.fromEntries(policies.map(({ name, source }) => [name, source]));
  const parsed = cedar.checkParsePolicySet({ staticPolicies });
  if (parsed.type === "failure") {
    return { kind: "unusable", problem: parsed.errors.map((of) => of.message).join("; ") };
  }
  const slices = new PolicySlices(policies, { effects, demands, hash }, slots);
  return { kind: "set", characters, slices };
}
