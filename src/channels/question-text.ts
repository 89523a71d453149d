import type { readQuestions } from "../approvals/index.ts";

type Question = Awaited<ReturnType<typeof readQuestions>>[number];

/** A chat shows a few lines; who wants all of it follows the link. */
const ROWS_MAX = 8;
const VALUE_MAX = 120;

/**
 * A question as a message: what is asked, why, the exact call, what is worth a second look, and where to answer. It is
 * the question as the console shows it, in fewer lines.
 */
export function questionText(question: Question, headline: string, link: string): string {
  const { tool, server, effect, arguments_table: table, risks } = question;
  const rows = table.rows.slice(0, ROWS_MAX).map(({ path, value }) => `  ${path}: ${short(value)}`);
  const more = table.rows.length - rows.length + table.more;
  return [
    headline,
    question.why,
    `${server}/${tool} (${effect})`,
    ...rows,
    ...(more > 0 ? [`  and ${more} more`] : []),
    ...risks.map(({ text }) => `Look twice: ${text}`),
    link,
  ].join("\n");
}

function short(value: string): string {
  const points = [...value];
  return points.length <= VALUE_MAX ? value : `${points.slice(0, VALUE_MAX - 1).join("")}…`;
}
