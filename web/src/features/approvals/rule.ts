import { verdictText } from "../../../../src/gates/contract.ts";
import type { Approval } from "../../app/api.ts";
import type { Language } from "../../app/i18n.ts";

/** Why a person is asked: what the gate said that asks. */
export function ruleInWords(
  approval: Pick<Approval, "rule" | "verdicts">,
  language: Language,
): string {
  const asks = approval.verdicts.find((verdict) => verdict.outcome === "ask");
  return asks ? verdictText(asks, language) : approval.rule;
}
