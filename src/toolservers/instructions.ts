import type { Flag } from "./flags-contract.ts";

/**
 * How a text reads that speaks to a model instead of informing it. The list is short and open: it is a hint for people,
 * nothing is refused by it, and whoever wants to get past it will. Every pattern is bounded, for the texts are untrusted.
 */
const RULES: readonly (readonly [Flag, RegExp])[] = [
  [
    "tells_to_ignore",
    /\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,30}\b(?:previous|prior|above|earlier|preceding|all|any|your|system|other)\b[^.!?\n]{0,30}\b(?:instructions?|prompts?|rules|directions?|guidelines|safety)\b/i,
  ],
  [
    "tells_to_ignore",
    /(?:忽略|無視|忽视|无视|忘記|忘记|不理會).{0,10}(?:之前|先前|以上|上述|前面|所有|你的).{0,10}(?:指示|指令|提示|規則|规则|命令)/,
  ],
  [
    "speaks_as_system",
    /<\/?(?:system|assistant|important|instructions?|admin|system[-_ ]prompt)\s{0,4}>|\[\/?(?:INST|SYS|SYSTEM)\]|<<\/?SYS>>|<\|(?:im_start|im_end|system|user|assistant|endoftext)\|>|^#{1,4} {0,2}(?:system|new) (?:prompt|instructions?|message)\b|\n\n(?:human|assistant): /im,
  ],
  [
    "gives_a_role",
    /\b(?:you are now (?:an?|in|the|no longer)\b|from now on,? you (?:are|must|will|should|shall)\b|your new (?:task|role|instructions?|goal)\b|new instructions? (?:for|to) (?:you|the (?:assistant|model|agent|ai)))/i,
  ],
  [
    "gives_a_role",
    /(?:從現在起|從現在開始|从现在起|从现在开始).{0,4}[你您]|[你您]現在是|[你您]现在是/,
  ],
  [
    "tells_to_hide",
    /\b(?:do not|don't|never|without)\s{1,4}(?:tell(?:ing)?|mention(?:ing)?|reveal(?:ing)?|inform(?:ing)?|notify(?:ing)?|alert(?:ing)?|show(?:ing)?|disclos(?:e|ing)|let(?:ting)?)\b[^.!?\n]{0,40}\b(?:users?|humans?|operators?|persons?|people|anyone|anybody)\b/i,
  ],
  [
    "tells_to_hide",
    /(?:不要|別|别|請勿|请勿|切勿).{0,4}(?:告訴|告诉|告知|透露|提及|通知).{0,8}(?:使用者|用戶|用户|操作員|操作员|任何人|人類|人类)/,
  ],
  [
    "asks_for_secrets",
    /\b(?:read|open|cat|print|send|post|upload|forward|pass|include|append|attach|copy|output|reveal|repeat)\b[^.!?\n]{0,60}(?:~\/\.(?:ssh|aws|kube|cursor|config)|\bid_(?:rsa|ed25519)\b|\/etc\/(?:passwd|shadow)\b|\bmcp\.json\b|\b(?:system prompt|(?:conversation|chat) history|(?:entire|full|whole) conversation)\b)/i,
  ],
  [
    "orders_a_call",
    /\b(?:before|after|instead of) (?:using|calling|invoking) (?:any|every|all|each|other)\b[^.!?\n]{0,20}\btools?\b|\byou (?:must|have to|should) (?:always |first |also |then )?(?:call|use|invoke|run) (?:the )?[`'"\w-]{1,64} (?:tool |function )?(?:first|before|after|with|and)\b/i,
  ],
];

/** What a text has somewhere if one of the rules finds anything: one look for most texts, instead of nine. */
const HINT =
  /ignore|disregard|forget|override|bypass|[<[]\/?(?:sys|inst|assistant|important|admin)|<[<|]|# {0,2}(?:system|new)|human|assistant|system prompt|you are now|from now on|your new|new instruction|do not|don't|never|without|\.ssh|\.aws|\.kube|\.cursor|\.config|id_rsa|id_ed|\/etc\/|mcp\.json|history|conversation|tool|you must|you have to|you should|忽|視|视|忘|理會|從現|从现|現在|现在|不要|別|别|勿/i;

/** How much of a text is read for such signs; together, of all texts of an answer. */
export const READ_MAX = 100_000;

/** Adds to the flags what a text does to its reader. */
export function flagInstructions(text: string, flags: Set<Flag>): void {
  if (!HINT.test(text)) return;
  for (const [flag, pattern] of RULES) {
    if (!flags.has(flag) && pattern.test(text)) flags.add(flag);
  }
}

const COMMENT = /<!--[\s\S]{0,2000}?-->/;
const TO_A_MODEL =
  /<!--[\s\S]{0,500}?\b(?:assistant|agent|llm|ai|model|instructions?|prompt|tool)\b/i;

/** Adds a flag for an HTML comment; pages are full of them, so in an answer only one that speaks to a model counts. */
export function flagComments(
  text: string,
  where: "description" | "answer",
  flags: Set<Flag>,
): void {
  if (!text.includes("<!--") || flags.has("hidden_comment")) return;
  const pattern = where === "description" ? COMMENT : TO_A_MODEL;
  if (pattern.test(text)) flags.add("hidden_comment");
}
