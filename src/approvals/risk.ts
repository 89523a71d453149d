import { textsWithin } from "./arguments-table.ts";
import type { Risk, RiskKey } from "./risk-contract.ts";

/** How many arguments one kind of risk names. */
const NAMED_MAX = 3;

/** A path that is all of something: `/`, `~`, `C:\`, `\\`, with nothing or only wildcards after it. */
const ROOT = /^(?:\/+|~|~[/\\]+|[A-Za-z]:[/\\]*|\\+)(?:\*+[/\\]?)*$/;
/** A sentence may have a star in it, a path or a pattern for names has no blanks. */
const WILDCARD = /^(?=\S+$)[^*]*\*/;
const PARENT = /(?:^|[/\\])\.\.(?:[/\\]|$)/;

function kindOf(text: string): RiskKey | undefined {
  if (ROOT.test(text)) return "whole_root";
  if (PARENT.test(text) && !/\s/.test(text)) return "parent_folder";
  return WILDCARD.test(text) ? "wildcard" : undefined;
}

/**
 * What the arguments themselves say that is worth a second look. The rule knows no tools, so it says only what is
 * certain: that a text is a root, climbs out of its folder, or has a wildcard. Names of arguments are given, no values.
 */
export function argumentRisks(args: Record<string, unknown>): Risk[] {
  const paths: Partial<Record<RiskKey, string[]>> = {};
  for (const { path, text } of textsWithin(args)) {
    const kind = kindOf(text.trim());
    if (kind === undefined) continue;
    paths[kind] ??= [];
    paths[kind].push(path);
  }
  return (["whole_root", "parent_folder", "wildcard"] as const).flatMap((key) => {
    const found = paths[key];
    if (found === undefined) return [];
    const more = found.length > NAMED_MAX ? ` (+${found.length - NAMED_MAX})` : "";
    return [{ key, params: { path: found.slice(0, NAMED_MAX).join(", ") + more } }];
  });
}
