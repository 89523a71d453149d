import type { readQuestions } from "../approvals/index.ts";
import { fillWords, type Template, type WordParams } from "../platform/words-contract.ts";
import type { Language } from "./chat-types.ts";

type Question = Awaited<ReturnType<typeof readQuestions>>[number];

/** A chat shows a few lines; who wants all of it follows the link. */
const ROWS_MAX = 8;
const VALUE_MAX = 120;
const HEADLINE_MAX = 500;
const WHY_MAX = 700;
/** What every chat takes in one message, with room for what is said around it. */
const TEXT_MAX = 3_500;

const WORDS = {
  more: { en: "  and {{count}} more", "zh-TW": "  另有 {{count}} 項" },
  edited: {
    en: "Edited by {{by}}: the agent asked with other arguments",
    "zh-TW": "已由 {{by}} 修改：代理原先以其他參數詢問",
  },
  read: { en: "read", "zh-TW": "讀取" },
  write: { en: "write", "zh-TW": "寫入" },
  somebody: { en: "somebody", "zh-TW": "某人" },
  risk: { en: "Look twice: {{text}}", "zh-TW": "請留意：{{text}}" },
} as const satisfies Record<string, Template>;

/** A question as a message. */
export interface QuestionText {
  text: string;
  /** Whether it shows every argument to its end, so that who reads it knows what would be executed. */
  isWhole: boolean;
}

/**
 * A question as a message: what is asked, why, the exact call, what is worth a second look, and where to answer. It is
 * the question as the console shows it, in fewer lines.
 */
export function questionText(
  question: Question,
  headline: string,
  link: string,
  language: Language,
): QuestionText {
  const { tool, server, effect, arguments_table: table, risks, edit } = question;
  const rows = table.rows.slice(0, ROWS_MAX);
  const more = table.rows.length - rows.length + table.more;
  const say = (word: keyof typeof WORDS, params: WordParams) =>
    fillWords(WORDS[word], params, language);
  const text = [
    short(headline, HEADLINE_MAX),
    short(question.why, WHY_MAX),
    `${server}/${tool} (${say(effect, {})})`,
    ...rows.map(({ path, value }) => `  ${short(path, VALUE_MAX)}: ${short(value, VALUE_MAX)}`),
    ...(more > 0 ? [say("more", { count: more })] : []),
    ...(edit ? [say("edited", { by: edit.by ?? fillWords(WORDS.somebody, {}, language) })] : []),
    ...risks.map((risk) => say("risk", { text: risk.text })),
    link,
  ].join("\n");
  const isCut = rows.some(
    ({ path, value, length }) => length !== null || isLong(path) || isLong(value),
  );
  return { text, isWhole: more === 0 && !isCut && [...text].length <= TEXT_MAX };
}

const isLong = (text: string) => [...text].length > VALUE_MAX;

function short(text: string, most: number): string {
  const points = [...text];
  return points.length <= most ? text : `${points.slice(0, most - 1).join("")}…`;
}
