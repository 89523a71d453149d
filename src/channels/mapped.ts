import { CelError, resolveCel } from "../platform/cel.ts";
import { DEEPEST, isTooDeep } from "../platform/contract.ts";
import { AppError, type FieldError, fieldError } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";
import type { ReceiveRule } from "./channel-body.ts";
import { cutToSize } from "./cut-to-size.ts";
import { type IncomingEvent, PAYLOAD_CHARS } from "./incoming.ts";
import { oneLine } from "./preview.ts";

const ID_CHARS = 500;
const MOST_LABELS = 100;
/** Each of them costs the work of some expressions. */
const MOST_MAPPED = 100;
const STATES = ["firing", "resolved"];

/**
 * Reads events out of JSON of any shape, by the channel's expressions.
 *
 * @throws AppError E-HOOK-PAYLOAD naming the field of the contract whose expression gives nothing of use
 */
export function readMapped(rule: ReceiveRule, body: unknown): IncomingEvent[] {
  if (isTooDeep(body)) throw unfit(fieldError("body", "too_deep", { levels: DEEPEST }));
  const { auth: _, items: list, ...fields } = rule;
  const { items = [body] } = list === undefined ? {} : evaluated({ items: list }, { body });
  if (!Array.isArray(items) || items.length === 0)
    throw unfit(fieldError("receive.items", "no_events_given"));
  if (items.length > MOST_MAPPED)
    throw unfit(fieldError("receive.items", "too_many", { max: MOST_MAPPED }));
  return items.map((item) => readItem(fields, item));
}

type Fields = Omit<ReceiveRule, "auth" | "items">;
type Field = Exclude<keyof ReceiveRule, "auth">;

function readItem(fields: Fields, item: unknown): IncomingEvent {
  const read: Partial<Record<Field, unknown>> = evaluated(fields, { item });
  const providerEventId = idOf("id", read.id);
  const fingerprint = fields.fingerprint ? idOf("fingerprint", read.fingerprint) : providerEventId;
  const status = read.status ?? "firing";
  if (typeof status !== "string" || !STATES.includes(status))
    throw unfit(fieldError("receive.status", "not_one_of", { values: '"firing"|"resolved"' }));
  const labels = labelsOf(read.labels);
  const title = asLine(read.title) ?? fingerprint;
  return {
    providerEventId,
    fingerprint,
    isFiring: status === "firing",
    sender: asLine(read.sender) ?? null,
    labels,
    payload: redact(cutToSize({ status, title, labels, item }, PAYLOAD_CHARS)) as Record<
      string,
      unknown
    >,
    preview: oneLine(redact(title)),
  };
}

/** What each field's expression gives; the variables are made ready once for all of them. */
function evaluated<F extends Partial<Record<Field, { $cel: string } | undefined>>>(
  fields: F,
  variables: Record<string, unknown>,
): { [K in keyof F]: unknown } {
  try {
    return resolveCel(fields, variables) as { [K in keyof F]: unknown };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const { expression, message } = error;
    const field = Object.entries(fields).find(([, value]) => value?.$cel === expression)?.[0];
    throw unfit(fieldError(`receive.${field ?? "items"}`, "other", { said: message }));
  }
}

/** A text or a whole number, of a length that an index takes. */
function idOf(field: Field, value: unknown): string {
  const id = typeof value === "number" && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof id !== "string" || id === "" || id.length > ID_CHARS || /\0|\p{Surrogate}/u.test(id))
    throw unfit(fieldError(`receive.${field}`, "no_id_given", { max: ID_CHARS }));
  return id;
}

function labelsOf(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  const isObject = typeof value === "object" && !Array.isArray(value);
  if (!isObject || Object.values(value).some((text) => typeof text !== "string"))
    throw unfit(fieldError("receive.labels", "no_labels_given"));
  return Object.fromEntries(Object.entries(value as Record<string, string>).slice(0, MOST_LABELS));
}

function asLine(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  // Before it is cut: half a secret is not known as one.
  const line = oneLine(redact(typeof value === "string" ? value : JSON.stringify(value)));
  return line === "" ? undefined : line;
}

function unfit(error: FieldError): AppError {
  const words = `The channel's contract can't read the body (${error.path}: ${error.message}). Nothing was stored.`;
  return new AppError("E-HOOK-PAYLOAD", words, { errors: [error] });
}
