import { z } from "zod";
import { says } from "./findings-contract.ts";

// Without a flag, which the API's description could not say.
const CANONICAL_UUID =
  /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

/** A canonical UUID in any letter case, nothing looser; lower-cased. */
export const uuid = z
  .string()
  .regex(CANONICAL_UUID, says("no_uuid"))
  .transform((text) => text.toLowerCase());

/** Text without NUL characters, which PostgreSQL can't hold, and without half a surrogate pair, which UTF-8 can't. */
export function text(min: number, max: number) {
  return z
    .string()
    .min(min)
    .max(max)
    .refine((value) => !value.includes("\0"), says("no_nul"))
    .refine((value) => !/\p{Surrogate}/u.test(value), says("no_half_character"));
}

/** How deep JSON may be nested that is recorded. */
export const DEEPEST = 64;

/** Any JSON that can be recorded: at most 64 levels deep. */
export const anyJson = z
  .unknown()
  .refine((value) => !isTooDeep(value), says("too_deep", { levels: DEEPEST }));

/** Whether JSON is nested too deeply to be recorded; what is walked through it later is walked by recursion. */
export function isTooDeep(value: unknown, levels: number = DEEPEST): boolean {
  if (value === null || typeof value !== "object") return false;
  return levels === 0 || Object.values(value).some((part) => isTooDeep(part, levels - 1));
}

/** A JSON object that is kept, shown and sent as it was written. (A zod record would lose a key `__proto__`.) */
export const exactObject = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === "object" && value !== null && !Array.isArray(value),
    says("no_object"),
  )
  .refine((value) => !isTooDeep(value), says("too_deep", { levels: DEEPEST }))
  .refine((value) => isTooDeep(value) || isExact(value), says("unstorable_values"))
  .meta({ type: "object", additionalProperties: {} });

function isExact(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value === "string") return !/\0|\p{Surrogate}/u.test(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.entries(value).every(([key, part]) => isExact(key) && isExact(part));
}

const EXAMPLE_TIME = says("no_time");

/** A moment as it may be asked for: RFC 3339; offsets within those that exist, and a year that PostgreSQL knows. */
export const moment = text(1, 40).pipe(
  z.iso
    .datetime({ offset: true, error: EXAMPLE_TIME })
    .refine((at) => !/^0000|[+-](?:1[5-9]|2\d):\d\d$/.test(at), EXAMPLE_TIME),
);

/** A project's id as it may be asked for; one that does not exist is not an error here. */
export const projectId = text(1, 63);

/** A new project's id: a slug. */
export const newProjectId = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, says("no_slug"));

/** How a group of people is called. */
export const groupName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/, says("no_group_name"));

/** A whole number in a query: plain digits, no blanks, signs before a positive one, or other notations. */
export function wholeNumber(min: number, max: number) {
  const message = says("whole_number_between", { min, max });
  return z.preprocess(
    (given) =>
      typeof given === "string" && /^(0|-?[1-9]\d{0,14})$/.test(given) ? Number(given) : given,
    z.number(message).int(message).min(min, message).max(max, message),
  );
}

/** `limit` and `cursor` of a list. */
export const paging = {
  limit: wholeNumber(1, 200).optional(),
  cursor: text(1, 2_000).optional(),
};

/** A time as it is answered: RFC 3339, UTC, `Z`. */
export const timestamp = z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$/);

/** Money in US dollars, at most six decimals. */
export const money = z.number();

/** How far a tenant or an agent has been handed over, from least to most. */
export const MIGRATION_MODES = ["legacy", "shadow", "canary", "active"] as const;
export type MigrationMode = (typeof MIGRATION_MODES)[number];

/** A finding as the API answers it; `code` may be one that a later version has added. */
export const findingSchema = z.object({
  message: z.string(),
  code: z.string().describe("what was found, for programs; docs/findings.md lists all of them"),
  params: z
    .record(z.string(), z.union([z.string(), z.number()]))
    .describe("what the message names; in Traditional Chinese under `…_zh_tw` where that differs"),
});
/** The same of a field, which `path` names: `body.tools.0.effect`. */
export const fieldErrorSchema = z.object({ path: z.string(), ...findingSchema.shape });
