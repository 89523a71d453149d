import { canonicalJson } from "../platform/canonical.ts";
import type { Difference } from "./change-contract.ts";
import { secretsNamed } from "./references.ts";

type Body = Readonly<Record<string, unknown>>;

/** Fields that say nothing about what is reached, and with which rights. */
const WORDS = new Set([
  "display_name",
  "description",
  "timeout_seconds",
  "connect_timeout_seconds",
  "idle_timeout_seconds",
]);

/**
 * What one tool server's contract reaches that another did not. Another address, program or variable may be anything,
 * so each change counts as wider; only a secret that is no longer given away counts as less.
 */
export function compareToolServers(before: unknown, after: unknown): Difference[] {
  const [earlier, later] = [before as Body, after as Body];
  const maps = ["env", "headers"];
  return [
    ...compareSecrets(earlier, later),
    ...fieldsOf(earlier, later)
      .filter((field) => !maps.includes(field))
      .flatMap((field) => compareField(field, earlier[field], later[field])),
    ...maps.flatMap((field) => compareEntries(field, earlier[field], later[field])),
  ];
}

/** How one channel's contract differs: where messages go, and how senders prove who they are. */
export function compareChannels(before: unknown, after: unknown): Difference[] {
  const [earlier, later] = [before as Body, after as Body];
  const proofs = ["auth", "secret"];
  return fieldsOf(earlier, later).flatMap((field): Difference[] => {
    const params = { field };
    if (proofs.includes(field) && earlier.type === later.type) {
      if (later[field] === undefined) return [{ key: "auth_dropped", params }];
      if (earlier[field] === undefined) return [{ key: "auth_added", params }];
    }
    return compareField(field, earlier[field], later[field]);
  });
}

/** The fields of either body that differ. */
function fieldsOf(before: Body, after: Body): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !WORDS.has(name) && !isSame(before[name], after[name]));
}

function isSame(before: unknown, after: unknown): boolean {
  if (before === undefined || after === undefined) return before === after;
  return canonicalJson(before) === canonicalJson(after);
}

function compareField(field: string, before: unknown, after: unknown): Difference[] {
  const isShort = (value: unknown): value is string =>
    typeof value === "string" && value.length <= 200;
  return isShort(before) && isShort(after)
    ? [{ key: "value_changed", params: { field, before, after } }]
    : [{ key: "field_changed", params: { field } }];
}

/** Entries of `env` or `headers`; their values may be long, so only the names are told. */
function compareEntries(field: string, before: unknown, after: unknown): Difference[] {
  const [earlier, later] = [(before ?? {}) as Body, (after ?? {}) as Body];
  return fieldNames(earlier, later).flatMap((name): Difference[] => {
    if (isSame(earlier[name], later[name])) return [];
    // A secret that is no longer given is named as such; without it nobody can do more.
    const isOnlySecret = later[name] === undefined && secretsNamed(earlier[name]).length > 0;
    return isOnlySecret ? [] : [{ key: "field_changed", params: { field: `${field}.${name}` } }];
  });
}

function fieldNames(before: Body, after: Body): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])];
}

function compareSecrets(before: Body, after: Body): Difference[] {
  const [earlier, later] = [secretsNamed(before), secretsNamed(after)];
  const only = (names: string[], without: string[]) =>
    names.filter((name) => !without.includes(name));
  return [
    ...only(later, earlier).map(
      (secret): Difference => ({ key: "secret_gained", params: { secret } }),
    ),
    ...only(earlier, later).map(
      (secret): Difference => ({ key: "secret_lost", params: { secret } }),
    ),
  ];
}
