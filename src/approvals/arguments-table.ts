import { sha256Hex } from "../platform/canonical.ts";
import type { ArgumentRow, Changes } from "./question-contract.ts";

/** What a person reads at most: rows of a table, and characters of one value. */
const ROWS_MAX = 60;
const VALUE_MAX = 400;
const PATH_MAX = 200;

interface Leaf {
  path: string;
  type: ArgumentRow["type"];
  /** As JSON: a text keeps its quotes, so that "5" is not 5. */
  value: string;
}

/** Characters that nobody sees, or that turn or break what is seen: shown by their number. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\u115f\u1160\u3164\uffa0]/gu;

function visible(json: string): string {
  return json.replace(
    UNSEEN,
    (sign) => `\\u{${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}}`,
  );
}

function typeOf(value: unknown): ArgumentRow["type"] {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  const type = typeof value;
  return type === "string" || type === "number" || type === "boolean" ? type : "object";
}

function partsOf(value: unknown, path: string): [string, unknown][] {
  if (Array.isArray(value)) return value.map((part, at) => [`${path}[${at}]`, part]);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).map(([key, part]) => [member(path, key), part]);
}

function member(path: string, key: string): string {
  if (!/^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The values within, each with the path to it; an empty object or list is a value of its own. */
function* leavesOf(value: unknown, path = ""): Generator<Leaf> {
  const parts = partsOf(value, path);
  if (parts.length > 0) {
    for (const [at, part] of parts) yield* leavesOf(part, at);
  } else if (path !== "") {
    yield { path, type: typeOf(value), value: JSON.stringify(value) };
  }
}

/** The texts within arguments, each with the path to it as it is shown. */
export function* textsWithin(args: unknown, path = ""): Generator<{ path: string; text: string }> {
  if (typeof args === "string") yield { path: cut(visible(path), PATH_MAX), text: args };
  for (const [at, part] of partsOf(args, path)) yield* textsWithin(part, at);
}

/** @returns the text, or its beginning, in code points */
function cut(text: string, most: number): string {
  const points = [...text];
  return points.length <= most ? text : `${points.slice(0, most - 1).join("")}…`;
}

/**
 * Arguments as rows that a person can read: paths to values, with what type each is and how it is written in JSON.
 * Characters that nobody sees are shown by their numbers, long values are cut, and of many rows the rest is counted.
 *
 * @param args redacted already
 */
export function argumentsTable(args: Record<string, unknown>): {
  rows: ArgumentRow[];
  more: number;
} {
  const rows: ArgumentRow[] = [];
  let more = 0;
  for (const leaf of leavesOf(args)) {
    if (rows.length < ROWS_MAX) rows.push(rowOf(leaf));
    else more += 1;
  }
  return { rows, more };
}

function rowOf({ path, type, value }: Leaf): ArgumentRow {
  const shown = cut(visible(value), VALUE_MAX);
  const isCut = [...value].length > VALUE_MAX;
  return {
    path: cut(visible(path), PATH_MAX),
    type,
    value: shown,
    length: isCut ? [...value].length : null,
  };
}

/**
 * What differs between two sets of arguments, by path; `before` is null for what was added, `after` for what is gone.
 *
 * @param isSame they are the same, whatever is shown of them
 */
export function changesBetween(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  isSame: boolean,
): Changes {
  const old = new Map([...leavesOf(before)].map(({ path, value }) => [path, value]));
  const now = new Map([...leavesOf(after)].map(({ path, value }) => [path, value]));
  const paths = [...new Set([...old.keys(), ...now.keys()])];
  const changed = paths.filter((path) => old.get(path) !== now.get(path));
  const side = (value: string | undefined) =>
    value === undefined ? null : cut(visible(value), VALUE_MAX);
  return {
    rows: changed.slice(0, ROWS_MAX).map((path) => ({
      path: cut(visible(path), PATH_MAX),
      before: side(old.get(path)),
      after: side(now.get(path)),
    })),
    more: Math.max(0, changed.length - ROWS_MAX),
    hidden: changed.length === 0 && !isSame,
  };
}

/** How many values differ between two sets of arguments. */
export function distanceBetween(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
): number {
  const { rows, more } = changesBetween(before, after, true);
  return rows.length + more;
}

/**
 * What names the form of arguments without their values: SHA-256 of the sorted paths and types in them. Members of a list
 * have the same path, so that a list of three looks like a list of two.
 */
export function shapeHash(args: Record<string, unknown>): string {
  const seen = new Set<string>();
  collectShape(args, [], seen);
  return sha256Hex(JSON.stringify([...seen].sort()));
}

function collectShape(value: unknown, path: readonly string[], seen: Set<string>): void {
  seen.add(JSON.stringify([path, typeOf(value)]));
  if (Array.isArray(value)) {
    for (const part of value) collectShape(part, [...path, "[]"], seen);
  } else if (value !== null && typeof value === "object") {
    for (const [key, part] of Object.entries(value)) collectShape(part, [...path, `.${key}`], seen);
  }
}
