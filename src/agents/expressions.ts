import type { Cel, Words } from "../contracts/index.ts";
import { CelError, checkCel, checkExpression, resolveCel } from "../platform/cel.ts";
import type { FieldError } from "../platform/errors.ts";

/** The expression must answer yes or no. */
export function isTrue(expression: Cel, variables: Record<string, unknown>): boolean {
  const result = resolveCel(expression, variables);
  if (typeof result === "boolean") return result;
  throw new CelError(expression.$cel, "it gives neither true nor false");
}

/** A text of the contract, or what its expression gives, as text. */
export function asText(words: Words, variables: Record<string, unknown>): string {
  const value = resolveCel(words, variables);
  return typeof value === "string" ? value : JSON.stringify(value);
}

interface Checked {
  title?: unknown;
  triggers: readonly { when?: string | undefined }[];
  tools: readonly { ask?: unknown }[];
  runbook?: unknown;
}

/**
 * Compiles every expression of an `agent` body: title, triggers, how people are asked, runbook. One error for each that
 * is not valid CEL; paths are relative to the body.
 */
export function contractChecks(body: Checked): FieldError[] {
  return [
    ...checkCel(body.title, "title"),
    ...body.triggers.flatMap(({ when }, at) =>
      when === undefined ? [] : checkExpression(when, `triggers.${at}.when`),
    ),
    ...body.tools.flatMap(({ ask }, at) => checkCel(ask, `tools.${at}.ask`)),
    ...checkCel(body.runbook, "runbook"),
  ];
}
