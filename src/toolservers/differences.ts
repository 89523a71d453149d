import { canonicalHash } from "../platform/canonical.ts";
import { replaceInvisible } from "./invisible.ts";
import type { ToolDefinition } from "./pins.ts";
import type { Difference } from "./review-contract.ts";

type Json = Record<string, unknown>;

const TEXT_MAX = 1_000;
const MOST = 100;
const DEEPEST = 6;

/**
 * In what a tool differs from what was pinned, field by field, at most 100 differences. Texts in it are shortened, and
 * what nobody sees in them is made visible.
 */
export function differencesBetween(before: ToolDefinition, after: ToolDefinition): Difference[] {
  const found: Difference[] = [];
  if (!isSame(before.description, after.description)) {
    found.push(changed("description_changed", "", before.description, after.description));
  }
  compareInput(before.inputSchema, after.inputSchema, "", found);
  compareOutput(before.outputSchema, after.outputSchema, found);
  const names = namesOf(before.annotations, after.annotations);
  for (const name of names) {
    const [was, is] = [before.annotations?.[name], after.annotations?.[name]];
    if (!isSame(was, is)) found.push(changed("annotation_changed", name, was, is));
  }
  return found.slice(0, MOST);
}

function compareOutput(before: unknown, after: unknown, found: Difference[]): void {
  if (isSame(before, after)) return;
  if (before === undefined) found.push({ kind: "output_added", path: "" });
  else if (after === undefined) found.push({ kind: "output_removed", path: "" });
  else found.push({ kind: "output_changed", path: "" });
}

/** The arguments that two schemas describe, and within those the fields of objects and the items of lists. */
function compareInput(before: unknown, after: unknown, path: string, found: Difference[]): void {
  if (isSame(before, after)) return;
  const [was, is] = [objectOf(before), objectOf(after)];
  const [wasNamed, isNamed] = [objectOf(was.properties), objectOf(is.properties)];
  for (const name of namesOf(wasNamed, isNamed)) {
    const at = path === "" ? name : `${path}.${name}`;
    const [wasOne, isOne] = [wasNamed[name], isNamed[name]];
    const [wasRequired, isRequired] = [requires(was, name), requires(is, name)];
    if (wasOne === undefined) {
      const kind = isRequired ? "required_parameter_added" : "parameter_added";
      found.push({ kind, path: shown(at), after: typeOf(isOne) });
    } else if (isOne === undefined) {
      found.push({ kind: "parameter_removed", path: shown(at), before: typeOf(wasOne) });
    } else {
      if (wasRequired !== isRequired) {
        const kind = isRequired ? "parameter_now_required" : "parameter_now_optional";
        found.push({ kind, path: shown(at) });
      }
      compareParameter(wasOne, isOne, at, found);
    }
  }
  const rest = ({ properties: _, required: __, ...others }: Json) => others;
  if (!isSame(rest(was), rest(is)) && path === "") found.push({ kind: "input_changed", path: "" });
}

function compareParameter(
  before: unknown,
  after: unknown,
  path: string,
  found: Difference[],
): void {
  if (isSame(before, after)) return;
  const [wasType, isType] = [typeOf(before), typeOf(after)];
  if (wasType !== isType) {
    found.push({ kind: "parameter_retyped", path: shown(path), before: wasType, after: isType });
    return;
  }
  const [was, is] = [objectOf(before), objectOf(after)];
  if (!isSame(was.description, is.description)) {
    found.push(changed("parameter_described", path, was.description, is.description));
  }
  const rest = ({ description: _, properties: __, required: ___, items: ____, ...others }: Json) =>
    others;
  if (!isSame(rest(was), rest(is))) {
    found.push(changed("parameter_constrained", path, rest(was), rest(is)));
  }
  if (path.split(".").length >= DEEPEST) {
    found.push({ kind: "parameter_changed_within", path: shown(path) });
    return;
  }
  compareInput(was, is, path, found);
  compareItems(was.items, is.items, `${path}[]`, found);
}

function compareItems(before: unknown, after: unknown, path: string, found: Difference[]): void {
  if (before !== undefined || after !== undefined) compareParameter(before, after, path, found);
}

function changed(kind: Difference["kind"], path: string, was: unknown, is: unknown): Difference {
  return { kind, path: shown(path), before: shown(was), after: shown(is) };
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "—");
  const seen = replaceInvisible(text.slice(0, TEXT_MAX), visible);
  return text.length > TEXT_MAX ? `${seen}…` : seen;
}

function visible(char: string): string {
  return `⟨U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
}

function typeOf(schema: unknown): string {
  const { type, enum: values, items, $ref } = objectOf(schema);
  if (Array.isArray(type)) return shown(type.join(" | "));
  if (type === "array") return `${typeOf(items)}[]`.slice(0, 100);
  if (typeof type === "string") return shown(type);
  if (typeof $ref === "string") return shown($ref);
  return Array.isArray(values) ? "enum" : "any";
}

function requires({ required }: Json, name: string): boolean {
  return Array.isArray(required) && required.includes(name);
}

function objectOf(value: unknown): Json {
  return value !== null && typeof value === "object" && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function namesOf(...objects: (object | undefined)[]): string[] {
  return [...new Set(objects.flatMap((of) => Object.keys(of ?? {})))].sort();
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return canonicalHash(one) === canonicalHash(other);
}
