import type { Words } from "../../app/words.ts";
import { answerName } from "../approvals/answers.ts";
import type { Entry } from "./entries.ts";
import type { Span } from "./spans.ts";

type SomeWords = Pick<Words, "t" | "duration">;

/** "op-2 approved after 4 min 35 s", or that one still waits. */
export function spanInWords(span: Span, entries: readonly Entry[], words: SomeWords): string {
  const wait = words.duration(span.until - span.from);
  if (span.open) return words.t("ribbon.waiting", { wait });
  const answer = entries.findLast(
    (entry) => entry.type === "decision" && Math.abs(Date.parse(entry.ts) - span.until) < 2000,
  );
  if (answer?.type !== "decision") return words.t("ribbon.waited", { wait });
  const who = answer.decision.approver ?? "";
  const name = answerName(answer.decision.decision);
  return name
    ? words.t(`answered_after.${name}`, { who, wait })
    : words.t("ribbon.waited", { wait });
}
