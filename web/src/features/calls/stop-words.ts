import { verdictText } from "../../../../src/gates/contract.ts";
import type { Call, ItemOf } from "../../app/api.ts";
import type { Words } from "../../app/words.ts";
import { tellingVerdict } from "../gates/verdicts.ts";
import { onlyAsked } from "./in-words.ts";

/** As much of a call as says why it came to nothing. */
type Stopped = Pick<
  Call,
  "result_status" | "verdicts" | "block_code" | "block_reason" | "error_code"
>;

/** The same from the timeline, for a call whose row is not loaded. */
export const stoppedItem = (item: ItemOf<"mcp">): Stopped => ({
  result_status: item.status,
  verdicts: item.metadata.verdicts,
  block_code: null,
  block_reason: item.summary,
  error_code: null,
});

type SomeWords = Pick<Words, "t" | "language" | "codeText">;

/**
 * Why a call has no result, in the reader's language: what a gate or a person said, or what went wrong on the way.
 * Undefined for a call that has one, and for one that still waits.
 */
export function stopInWords(call: Stopped, words: SomeWords): string | undefined {
  switch (call.result_status) {
    case "blocked": {
      if (onlyAsked(call)) return answerInWords(call.block_code, words.t);
      const verdict = tellingVerdict(call.verdicts);
      return verdict ? verdictText(verdict, words.language) : (call.block_reason ?? undefined);
    }
    case "unknown":
      return words.t("details.result_unknown");
    case "error":
      return words.codeText(call.error_code) ?? call.block_reason ?? undefined;
    default:
      return undefined;
  }
}

/** What became of the question of a call that asked a person. */
function answerInWords(code: string | null, t: Words["t"]): string {
  switch (code) {
    case "E-APPR-REJECTED":
      return t("asked.rejected");
    case "E-APPR-CHANGES":
      return t("asked.changes");
    case "E-APPR-EXPIRED":
      return t("asked.expired");
    case "E-APPR-VOIDED":
      return t("asked.voided");
    case "E-APPR-REQUIRED":
      return t("asked.approved");
    default:
      return t("asked.person");
  }
}
