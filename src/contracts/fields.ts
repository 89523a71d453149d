import type { z } from "zod";
import { type FieldError, fieldError } from "../platform/errors.ts";
import { findingOf } from "../platform/zod-findings.ts";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/**
 * Zod's issues as errors of single fields, each with the full path below `root`: an unknown field is named itself
 * instead of the object it stands in, a field that is not there is called missing, and of a union's alternatives the
 * one that the author evidently meant speaks.
 *
 * @param value what was checked, to tell a missing field from a wrong one
 */
export function explainIssues(error: z.ZodError, value: unknown, root: string): FieldError[] {
  return error.issues.flatMap((issue) => explain(issue, [], value, root));
}

function explain(issue: Issue, above: Path, value: unknown, root: string): FieldError[] {
  const path = [...above, ...issue.path];
  if (valueAt(value, path) === undefined && path.length > 0 && issue.code !== "custom") {
    return [fieldError(dotted(root, path), "missing")];
  }
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => fieldError(dotted(root, [...path, key]), "unknown_field"));
  }
  if (issue.code === "invalid_union") {
    const meant = meantAlternative(issue.errors);
    if (meant) return meant.flatMap((inner) => explain(inner, path, value, root));
  }
  return [{ path: dotted(root, path), ...findingOf(issue) }];
}

/** The alternative that fits best, if one fits better than all others. */
function meantAlternative(alternatives: readonly Issue[][]): readonly Issue[] | undefined {
  const ranked = alternatives
    .map((issues) => ({ issues, misfit: issues.reduce((sum, issue) => sum + weight(issue), 0) }))
    .sort((a, b) => a.misfit - b.misfit);
  const [best, next] = ranked;
  return best && (!next || best.misfit < next.misfit) ? best.issues : undefined;
}

/** How much an issue says that the alternative as a whole was not meant: another type, or fields it does not have. */
function weight(issue: Issue): number {
  if (issue.path.length > 0) return 1;
  if (issue.code === "invalid_type") return 1_000;
  return issue.code === "unrecognized_keys" ? 100 * issue.keys.length : 1;
}

function valueAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const key of path) {
    if (found === null || typeof found !== "object") return undefined;
    found = (found as Record<PropertyKey, unknown>)[key];
  }
  return found;
}

/** A path as people write it: `documents.1.body.tools.0.effect`. */
function dotted(root: string, path: Path): string {
  return path.reduce<string>((above, key) => under(above, String(key)), root);
}

/** The path of a field below another; below nothing it is the field itself. */
export function under(root: string, field: string): string {
  return root === "" ? field : `${root}.${field}`;
}
