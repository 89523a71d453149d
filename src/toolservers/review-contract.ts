import { z } from "zod";
import { paging, projectId, text, timestamp } from "../platform/contract.ts";
import { says } from "../platform/findings-contract.ts";
import { FLAG_WORDS, type Flag } from "./flags-contract.ts";

/** How two versions of a tool differ, in both languages; `{{name}}` stands for a part of the difference. */
const DIFFERENCE_WORDS = {
  description_changed: {
    en: "The description changed, from “{{before}}” to “{{after}}”.",
    "zh-TW": "說明由「{{before}}」改為「{{after}}」。",
  },
  required_parameter_added: {
    en: "The parameter {{path}} ({{after}}) is new and required.",
    "zh-TW": "新增必填參數 {{path}}（{{after}}）。",
  },
  parameter_added: {
    en: "The parameter {{path}} ({{after}}) is new.",
    "zh-TW": "新增參數 {{path}}（{{after}}）。",
  },
  parameter_removed: {
    en: "The parameter {{path}} ({{before}}) is gone.",
    "zh-TW": "參數 {{path}}（{{before}}）已不存在。",
  },
  parameter_retyped: {
    en: "The parameter {{path}} was {{before}} and is {{after}} now.",
    "zh-TW": "參數 {{path}} 的型別由 {{before}} 改為 {{after}}。",
  },
  parameter_now_required: {
    en: "The parameter {{path}} is required now.",
    "zh-TW": "參數 {{path}} 改為必填。",
  },
  parameter_now_optional: {
    en: "The parameter {{path}} may be left out now.",
    "zh-TW": "參數 {{path}} 改為可省略。",
  },
  parameter_described: {
    en: "The parameter {{path}} is described otherwise, “{{after}}” instead of “{{before}}”.",
    "zh-TW": "參數 {{path}} 的說明由「{{before}}」改為「{{after}}」。",
  },
  parameter_constrained: {
    en: "The parameter {{path}} takes other values: {{after}} instead of {{before}}.",
    "zh-TW": "參數 {{path}} 可接受的值由 {{before}} 改為 {{after}}。",
  },
  parameter_changed_within: {
    en: "Something changed deep within the parameter {{path}}.",
    "zh-TW": "參數 {{path}} 的深層內容有變更。",
  },
  input_changed: {
    en: "The schema of the arguments has other rules, apart from the parameters themselves.",
    "zh-TW": "除參數本身外，參數結構的規則有變更。",
  },
  output_added: {
    en: "The tool says now what its answers look like.",
    "zh-TW": "工具現在說明其回答的結構。",
  },
  output_removed: {
    en: "The tool no longer says what its answers look like.",
    "zh-TW": "工具不再說明其回答的結構。",
  },
  output_changed: {
    en: "The answers look different.",
    "zh-TW": "回答的結構有變更。",
  },
  annotation_changed: {
    en: "The annotation {{path}} was {{before}} and is {{after}} now.",
    "zh-TW": "註記 {{path}} 由 {{before}} 改為 {{after}}。",
  },
} as const;

type DifferenceKind = keyof typeof DIFFERENCE_WORDS;

/** One difference between two versions of a tool. Its texts are the tool server's, made harmless to show. */
export interface Difference {
  kind: DifferenceKind;
  /** The parameter (`target.host`, `tags[]`) or the annotation; empty for the tool as a whole. */
  path: string;
  before?: string | undefined;
  after?: string | undefined;
}

/** A difference in words. */
export function differenceText(difference: Difference, language: "en" | "zh-TW"): string {
  const parts = difference as unknown as Record<string, string | undefined>;
  return DIFFERENCE_WORDS[difference.kind][language].replaceAll(
    /\{\{(\w+)\}\}/g,
    (_, name: string) => parts[name] ?? "—",
  );
}

const REVIEW_STATUSES = ["open", "accepted", "kept", "reverted"] as const;

export const reviewSchema = z.object({
  review_id: z.uuid(),
  project_id: z.string(),
  server_id: z.string(),
  tool_name: z.string(),
  status: z.enum(REVIEW_STATUSES),
  pinned_hash: z.string(),
  /** The version that is reviewed; a decision names it. */
  changed_hash: z.string(),
  pinned_definition: z.record(z.string(), z.unknown()),
  changed_definition: z.record(z.string(), z.unknown()),
  differences: z.array(
    z.object({
      kind: z.enum(Object.keys(DIFFERENCE_WORDS) as DifferenceKind[]),
      path: z.string(),
      before: z.string().optional(),
      after: z.string().optional(),
      /** In the language asked for. */
      text: z.string(),
    }),
  ),
  /** What reads oddly in the changed version. */
  flags: z.array(z.object({ flag: z.enum(Object.keys(FLAG_WORDS) as Flag[]), text: z.string() })),
  opened_at: timestamp,
  changed_at: timestamp,
  decided_at: timestamp.nullable(),
  decided_by: z.string().nullable(),
  reason: z.string().nullable(),
});
export type Review = z.output<typeof reviewSchema>;

export const reviewListQuery = z.object({
  project_id: projectId,
  status: z.enum(REVIEW_STATUSES).optional(),
  server_id: text(1, 128).optional(),
  ...paging,
});

export const reviewListSchema = z.object({
  reviews: z.array(reviewSchema),
  total: z.number().int(),
  total_is_exact: z.boolean(),
  next_cursor: z.string().nullable(),
  prev_cursor: z.string().nullable(),
});

export const reviewParams = z.object({ server_id: text(1, 128), tool_name: text(1, 128) });

export const reviewBody = z.strictObject({
  project_id: projectId,
  /** Pin the tool as it is now, or leave it quarantined. */
  decision: z.enum(["accept", "keep"]),
  /** The version that was looked at: another one is not decided about. */
  changed_hash: z.string().regex(/^[0-9a-f]{64}$/, says("no_tool_hash")),
  reason: text(0, 2_000).optional(),
});
