import { z } from "zod";
import { fillWords, type Template, type WordParams } from "../platform/words-contract.ts";

/** Why somebody may not approve, in both languages. */
const NO_RIGHT_WORDS = {
  key_viewer: {
    en: "This needs the role operator; your key has the role {{role}}.",
    "zh-TW": "需要 operator 角色；你的金鑰角色是 {{role}}。",
  },
  member_viewer: {
    en: "{{person}} may only look at things in this project.",
    "zh-TW": "{{person}} 在此專案中只能檢視。",
  },
  member_inactive: {
    en: "{{person}} is no active member of this project any more.",
    "zh-TW": "{{person}} 已不是此專案的有效成員。",
  },
  not_a_member: {
    en: "{{person}} is no member of this project, so nobody can decide in that name.",
    "zh-TW": "{{person}} 不是此專案的成員，不能以此名義決定。",
  },
  not_in_group: {
    en: "Only members of {{group}} approve this; {{person}} is none, and none of them has lent {{person}} their right.",
    "zh-TW": "只有 {{group}} 的成員可以核准；{{person}} 不在其中，也沒有成員委任 {{person}}。",
  },
  is_requester: {
    en: "{{person}} had this run started, so somebody else has to approve.",
    "zh-TW": "{{person}} 要求了這次執行，須由其他人核准。",
  },
  is_author: {
    en: "{{person}} wrote the contract that this runs under, so somebody else has to approve.",
    "zh-TW": "{{person}} 是此合約的作者，須由其他人核准。",
  },
  is_editor: {
    en: "{{person}} put these arguments in, so somebody else has to approve them.",
    "zh-TW": "這些參數由 {{person}} 修改，須由其他人核准。",
  },
  lent_by_excluded: {
    en: "{{person}} could only approve for {{by}}, who has a hand in this.",
    "zh-TW": "{{person}} 只能代 {{by}} 核准，而 {{by}} 與此事有關。",
  },
  was_counted: {
    en: "{{by}} has approved for {{person}} already.",
    "zh-TW": "{{by}} 已代 {{person}} 核准。",
  },
  lender_counted: {
    en: "{{person}} could only approve for {{by}}, whose yes has been counted already.",
    "zh-TW": "{{person}} 只能代 {{by}} 核准，而 {{by}} 的同意已計入。",
  },
  has_decided: {
    en: "{{person}} has decided about this already; each person counts once.",
    "zh-TW": "{{person}} 已作出決定；每人只計一次。",
  },
} as const satisfies Record<string, Template>;
export type NoRightKey = keyof typeof NO_RIGHT_WORDS;

/** Whether the rules that need a second person hold, in both languages. */
export const SEPARATION_WORDS = {
  separation_on: {
    en: "Whoever had this run started, wrote its contract or edited the arguments can't approve it.",
    "zh-TW": "要求執行的人、合約作者與修改參數的人都不能核准。",
  },
  separation_on_editor_counts: {
    en: "Whoever had this run started or wrote its contract can't approve it; an edit counts as its author's yes.",
    "zh-TW": "要求執行的人與合約作者不能核准；修改參數視為修改者的同意。",
  },
  separation_off: {
    en: "Rules that need a second person are off: this project has no two members who may decide. Who had the run started or wrote its contract may approve it, and one person is enough unless the contract's quorum says otherwise.",
    "zh-TW":
      "需要第二人的規則未啟用：此專案沒有兩位可作決定的成員。要求執行的人或合約作者也可核准；除非合約的 quorum 另有規定，一人即可。",
  },
} as const satisfies Record<string, Template>;

type Language = "en" | "zh-TW";

/** Why not, in words of a language. */
export const noRightInWords = (key: NoRightKey, params: WordParams, language: Language) =>
  fillWords(NO_RIGHT_WORDS[key], params, language);

const params = z.record(z.string(), z.union([z.string(), z.number()]));
const NO_RIGHT = Object.keys(NO_RIGHT_WORDS) as [NoRightKey, ...NoRightKey[]];
const SEPARATION = Object.keys(SEPARATION_WORDS) as [
  keyof typeof SEPARATION_WORDS,
  ...(keyof typeof SEPARATION_WORDS)[],
];

/** Who may approve a question, and how far they have come. */
export const approversSchema = z.object({
  /** Only its members, and those they have lent their right to; null: whoever may decide. */
  group: z.string().nullable(),
  /** Whose members approve as well, because nobody had decided for so long. */
  escalated_groups: z.array(z.string()),
  /** How many different people have to agree. */
  needed: z.number().int(),
  /** The contract wants two people, whatever its quorum. */
  two_person: z.boolean(),
  /** An edit is its author's yes. */
  editor_counts: z.boolean(),
  /** Whose yes counts so far: `by` is who gave it, `person` whose right it was. */
  counted: z.array(
    z.object({ person: z.string(), by: z.string(), delegation_id: z.string().nullable() }),
  ),
  /** How many members may still approve; of the first 1,000. */
  available: z.number().int(),
  /** Who can't approve while the separation is on. */
  excluded: z.array(
    z.object({ person: z.string(), key: z.enum(["is_requester", "is_author", "is_editor"]) }),
  ),
  /** Whether rules that need a second person hold. */
  separation: z.object({ is_on: z.boolean(), key: z.enum(SEPARATION), params, text: z.string() }),
});
export type Approvers = z.infer<typeof approversSchema>;

/** What the caller may do about a question. */
export const mayDecideSchema = z.object({
  /** Whether they may approve, or edit and approve. */
  yes: z.boolean(),
  /** Whether they may reject, or wish for changes: a no needs no group and no second person. */
  may_refuse: z.boolean(),
  /** Whose right they would use, where it is not their own. */
  for: z.string().nullable(),
  /** The error that approving would come to. */
  code: z.string().nullable(),
  key: z.enum(NO_RIGHT).nullable(),
  params,
  text: z.string().nullable(),
});
export type MayDecide = z.infer<typeof mayDecideSchema>;
