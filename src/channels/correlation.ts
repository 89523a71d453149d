import { canonicalHash } from "../platform/canonical.ts";
import type { CorrelationRule } from "./body-parts.ts";
import type { IncomingEvent } from "./incoming.ts";

/**
 * What names the case that an event belongs to; undefined where no rule puts events together, or the event has none of the
 * labels that the rule looks at: it is about itself alone then.
 */
export function caseKeyOf(
  event: Pick<IncomingEvent, "labels">,
  rule: CorrelationRule | undefined,
): string | undefined {
  if (!rule) return undefined;
  const values = rule.labels.map((name) =>
    Object.hasOwn(event.labels, name) ? event.labels[name] : undefined,
  );
  if (values.every((value) => value === undefined)) return undefined;
  return canonicalHash(rule.labels.map((name, at) => [name, values[at] ?? ""]));
}

/** An event with the name of its case. */
export interface Keyed {
  event: IncomingEvent;
  key: string | undefined;
}

export function keyed(
  events: readonly IncomingEvent[],
  rule: CorrelationRule | undefined,
): Keyed[] {
  return events.map((event) => ({ event, key: caseKeyOf(event, rule) }));
}

/** Where an event belongs. */
export interface Place {
  caseId: string | null;
  runId: string | null;
}

/** What is known when an event comes in. */
export interface Known {
  /** Where the event went that brought this very state before. */
  first: Place | undefined;
  /** The case that takes events of its key now; without a rule, the newest open run about the same thing. */
  open: Place | undefined;
}

/** What an incoming event means. */
export interface Meaning extends Place {
  /** It was folded into what is there. */
  isDuplicate: boolean;
  /** Whether agents are asked if they want to start. */
  mayStart: boolean;
}

/**
 * The same state again, or something firing that belongs to an open case, is folded into that; a resolved event joins the
 * open case and starts nothing. A case that no agent has taken up yet may be taken up by each of its events.
 */
export function correlate(event: { isFiring: boolean }, { first, open }: Known): Meaning {
  const caseId = first?.caseId ?? open?.caseId ?? null;
  const runId = first?.runId ?? open?.runId ?? null;
  if (first) return { isDuplicate: true, runId, caseId, mayStart: false };
  if (!event.isFiring) return { isDuplicate: false, runId, caseId, mayStart: false };
  if (runId !== null) return { isDuplicate: true, runId, caseId, mayStart: false };
  return { isDuplicate: false, runId, caseId, mayStart: true };
}
