import type { z } from "zod";
import { declaredFinding, type Finding, finding } from "./findings-contract.ts";

type Issue = z.core.$ZodIssue;

/** What an issue of zod's found, by the kind of the issue where the schema does not say it itself. */
export function findingOf(issue: Issue): Finding {
  if (issue.code === "custom") {
    const said = (issue.params as { finding?: Finding } | undefined)?.finding;
    return said ?? declared(issue) ?? other(issue);
  }
  return declared(issue) ?? byKind(issue);
}

const declared = (issue: Issue) => declaredFinding(issue.message);
const other = (issue: Issue) => finding("other", { said: issue.message });

const KINDS: Record<string, Finding> = {
  string: finding("no_text"),
  number: finding("no_number"),
  int: finding("no_whole_number"),
  array: finding("no_list"),
  object: finding("no_object"),
  record: finding("no_object"),
  boolean: finding("no_boolean"),
  null: finding("no_null"),
};

function byKind(issue: Exclude<Issue, { code: "custom" }>): Finding {
  switch (issue.code) {
    case "invalid_type":
      return KINDS[issue.expected] ?? other(issue);
    case "too_small":
      return tooSmall(issue);
    case "too_big":
      return tooBig(issue);
    case "not_multiple_of":
      return finding("no_multiple", { step: issue.divisor });
    case "invalid_value":
      return oneOf(issue.values);
    case "invalid_format":
      return issue.format === "regex" && issue.pattern !== undefined
        ? finding("no_match", { pattern: issue.pattern })
        : finding("no_format", { format: issue.format });
    case "unrecognized_keys":
      return finding("unknown_field");
    case "invalid_union":
      return issue.inclusive !== false && issue.options !== undefined
        ? oneOf(issue.options)
        : finding("no_alternative");
    default:
      return other(issue);
  }
}

function oneOf(values: readonly unknown[]): Finding {
  const written = values.map((value) => JSON.stringify(value));
  const [only] = written;
  return written.length === 1 && only !== undefined
    ? finding("not_exactly", { value: only })
    : finding("not_one_of", { values: written.join("|") });
}

function tooSmall(issue: z.core.$ZodIssueTooSmall): Finding {
  const min = Number(issue.minimum);
  if (issue.origin === "string") {
    return min === 1 ? finding("empty") : finding("too_short", { min });
  }
  if (issue.origin === "array" || issue.origin === "set") {
    return min === 1 ? finding("empty") : finding("too_few", { min });
  }
  return finding(issue.inclusive === false ? "not_above" : "too_small", { min });
}

function tooBig(issue: z.core.$ZodIssueTooBig): Finding {
  const max = Number(issue.maximum);
  if (issue.origin === "string") return finding("too_long", { max });
  if (issue.origin === "array" || issue.origin === "set") return finding("too_many", { max });
  return finding(issue.inclusive === false ? "not_below" : "too_large", { max });
}
