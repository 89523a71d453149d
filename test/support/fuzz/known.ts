import { Raw } from "./values.ts";

/** A value that the server named before, to be filled in when the request is sent. */
export class Known {
  readonly field: string;
  readonly at: number;
  /** Sent while nothing is known under that name. */
  readonly otherwise: unknown;

  constructor(field: string, at: number, otherwise: unknown) {
    this.field = field;
    this.at = at;
    this.otherwise = otherwise;
  }
}

type Bag = ReadonlyMap<string, string>;

/** Fields that name the same things under another name. */
const ALIASES: Record<string, readonly string[]> = {
  q: ["run_id", "trace_id", "error_code", "approval_id"],
  trigger_ref: ["event_id", "provider_event_id"],
  provider_prefix: ["provider_event_id"],
  cursor: ["next_cursor", "prev_cursor"],
  a: ["revision_id"],
  b: ["revision_id"],
};

const NEWEST = 16;
const MOST = 400;

/**
 * What the server has told in its answers: for each field its values, and which values stood together in one object, so
 * that a run is asked for with its own project.
 */
export class KnownThings {
  readonly #values = new Map<string, Set<string>>();
  readonly #bags = new Map<string, Bag[]>();
  readonly #kept = new Set<string>();

  /** Values that nothing may act upon, such as the keys that the requests are sent with. */
  keepOut(...values: string[]): void {
    for (const value of values) this.#kept.add(value);
  }

  /** Notes all texts of an answer by the names of their fields. */
  learn(answer: unknown): void {
    if (Array.isArray(answer)) {
      // What comes first in a list is what is newest, and so what is remembered longest.
      for (const part of answer.toReversed()) this.learn(part);
      return;
    }
    if (typeof answer !== "object" || answer === null) return;
    const texts = Object.entries(answer).filter(
      (entry): entry is [string, string] =>
        typeof entry[1] === "string" && !this.#kept.has(entry[1]) && entry[1].length < 500,
    );
    for (const [field, text] of texts) this.#note(field, text);
    const bag = new Map(texts);
    const project = bag.get("project_id");
    if (project !== undefined) {
      this.#bags.set(project, [...(this.#bags.get(project) ?? []), bag].slice(-MOST));
    }
    for (const part of Object.values(answer)) this.learn(part);
  }

  #note(field: string, text: string): void {
    const values = this.#values.get(field) ?? new Set();
    values.delete(text);
    values.add(text);
    if (values.size > MOST) values.delete(values.values().next().value ?? "");
    this.#values.set(field, values);
  }

  /**
   * Fills in the known values of a request: from one object of the project that names as many of them as any, or without
   * a project each from wherever it was seen.
   */
  fill<T>(request: T, project: string | undefined, at: number): T {
    const needed = [...fieldsOf(request)];
    const bags = (project === undefined ? [] : (this.#bags.get(project) ?? [])).toReversed();
    const fitness = (bag: Bag) => needed.filter((field) => inBag(bag, field)).length;
    const best = Math.max(0, ...bags.map(fitness));
    const fitting = bags.filter((bag) => fitness(bag) === best).slice(0, NEWEST);
    const bag = fitting[at % Math.max(fitting.length, 1)] ?? new Map();
    return this.#fillFrom(request, bag) as T;
  }

  #fillFrom(part: unknown, bag: Bag): unknown {
    if (part instanceof Known) return inBag(bag, part.field) ?? this.#any(part);
    if (Array.isArray(part)) return part.map((each) => this.#fillFrom(each, bag));
    if (!isPlain(part)) return part;
    const entries = Object.entries(part).map(([key, each]) => [key, this.#fillFrom(each, bag)]);
    return Object.fromEntries(entries);
  }

  #any({ field, at, otherwise }: Known): unknown {
    const values = namesOf(field).flatMap((name) =>
      [...(this.#values.get(name) ?? [])].slice(-NEWEST),
    );
    return values[at % Math.max(values.length, 1)] ?? otherwise;
  }
}

const namesOf = (field: string) => [field, ...(ALIASES[field] ?? [])];

function inBag(bag: Bag, field: string): string | undefined {
  const name = namesOf(field).find((each) => bag.has(each));
  return name === undefined ? undefined : bag.get(name);
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !(value instanceof Raw);
}

function* fieldsOf(part: unknown): Generator<string> {
  if (part instanceof Known) yield part.field;
  else if (Array.isArray(part)) for (const each of part) yield* fieldsOf(each);
  else if (isPlain(part)) for (const each of Object.values(part)) yield* fieldsOf(each);
}
