import { Ajv2019 } from "ajv/dist/2019.js";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { Ajv } from "ajv/dist/ajv.js";
import formats from "ajv-formats";
import { canonicalHash } from "../platform/canonical.ts";
import type { Template } from "../platform/words-contract.ts";
import { notChecked, unfit } from "./argument-words.ts";
import { mendListRules } from "./list-rules.ts";
import { compilePattern } from "./pattern.ts";

const SCHEMA_MAX = 128 * 1024;
/** Objects and lists within a schema. The time to compile one grows with their square; this many take about a second. */
const PARTS_MAX = 1_500;
const CACHED_MAX = 2_000;
const PROBLEMS_MAX = 20;

/** Ajv asks for the source too, for code written to a file; none is. */
const PATTERNS = Object.assign((pattern: string) => compilePattern(pattern), { code: "" });

export interface ArgumentChecker {
  /**
   * Why the arguments don't fit a JSON Schema (2020-12 unless its `$schema` says 2019-09 or draft-07), in words of both
   * languages; empty when they do. A schema that can't be compiled fits nothing: what can't be checked does not pass.
   */
  problems(schema: unknown, args: unknown, whose: Template): Template[];
  /** Why a JSON Schema can't be used; undefined when it can. */
  schemaProblem(schema: unknown): string | undefined;
}

/** A checker that compiles each schema once and keeps the newest ones. */
export function createArgumentChecker(): ArgumentChecker {
  const cache = new Map<string, ValidateFunction | string>();
  /** The same object comes with call after call; to name what is in one takes longer than to validate. */
  const byIdentity = new WeakMap<object, ValidateFunction | string>();
  const compile = (schema: unknown): ValidateFunction | string => {
    const isObject = typeof schema === "object" && schema !== null;
    const same = isObject ? byIdentity.get(schema) : undefined;
    if (same !== undefined) return same;
    const compiled = compileOnce(schema);
    if (isObject) byIdentity.set(schema, compiled);
    return compiled;
  };
  const compileOnce = (schema: unknown): ValidateFunction | string => {
    const key = canonicalHash(schema);
    const known = cache.get(key);
    if (known !== undefined) return known;
    const compiled = compileSchema(schema);
    if (cache.size >= CACHED_MAX) cache.delete(cache.keys().next().value ?? "");
    cache.set(key, compiled);
    return compiled;
  };
  return {
    schemaProblem(schema) {
      const compiled = compile(schema);
      return typeof compiled === "string" ? compiled : undefined;
    },
    problems(schema, args, whose) {
      const validate = compile(schema);
      if (typeof validate === "string") return [notChecked("unusable", whose, validate)];
      try {
        if (validate(args)) return [];
      } catch (error) {
        return [notChecked("unchecked", whose, (error as Error).message)];
      }
      return (validate.errors ?? []).slice(0, PROBLEMS_MAX).map((error) => unfit(error, whose));
    },
  };
}

function partsOf(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  return Object.values(value).reduce<number>((sum, part) => sum + partsOf(part), 1);
}

/** Most of today's tool servers declare draft-07, because their SDKs write it. */
function dialectOf(schema: unknown): typeof Ajv | typeof Ajv2019 | typeof Ajv2020 {
  const declared = (schema as { $schema?: unknown } | null)?.$schema;
  if (typeof declared !== "string") return Ajv2020;
  if (/^https?:\/\/json-schema\.org\/draft-07\/schema#?$/.test(declared)) return Ajv;
  return declared.startsWith("https://json-schema.org/draft/2019-09/") ? Ajv2019 : Ajv2020;
}

function isAsync(schema: unknown): boolean {
  return (schema as { $async?: unknown } | null)?.$async === true;
}

function compileSchema(schema: unknown): ValidateFunction | string {
  if (JSON.stringify(schema).length > SCHEMA_MAX) return `it is larger than ${SCHEMA_MAX} bytes`;
  if (partsOf(schema) > PARTS_MAX) return `it has more than ${PARTS_MAX} parts`;
  // Ajv would promise an answer instead of giving one, and a promise reads as a yes.
  if (isAsync(schema)) return "it is asynchronous ($async)";
  const ajv = ajvFor(schema);
  try {
    return ajv.compile(schema as object);
  } catch (error) {
    return (error as Error).message;
  } finally {
    ajv.removeSchema(schema as object);
  }
}

type Dialect = ReturnType<typeof dialectOf>;

/** How many schemas one Ajv compiles: it never forgets all of what it compiled. */
const SHARED_MAX = 200;
const shared = new Map<Dialect, { ajv: Ajv; left: number }>();

/**
 * An Ajv for a schema. Making one takes tens of milliseconds, most of them for the dialect's own schema, so they are
 * used for many; but a schema that gives itself a name gets its own, for two tools may call different things the same.
 */
function ajvFor(schema: unknown): Ajv {
  const Dialect = dialectOf(schema);
  if (namesItself(schema)) return newAjv(Dialect);
  const known = shared.get(Dialect);
  const used = known && known.left > 0 ? known : { ajv: newAjv(Dialect), left: SHARED_MAX };
  used.left -= 1;
  shared.set(Dialect, used);
  return used.ajv;
}

function newAjv(Dialect: Dialect): Ajv {
  const ajv = new Dialect({
    strict: false,
    allErrors: false,
    validateFormats: true,
    // What every object inherits (`constructor`) is no argument: it satisfied `required`, and failed types, unsent.
    ownProperties: true,
    code: { regExp: PATTERNS },
  });
  formats.default(ajv);
  mendListRules(ajv);
  return ajv;
}

function namesItself(value: unknown): boolean {
  if (value === null || typeof value !== "object") return false;
  return Object.entries(value).some(
    ([key, part]) => /^\$(id|anchor|dynamicAnchor|recursiveAnchor)$/.test(key) || namesItself(part),
  );
}
