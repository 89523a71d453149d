import type { Words } from "../../app/words.ts";
import type { Mark } from "../../ui/pips.tsx";

/** Five signs in words, as far as a contract alone decides. */
export function markWords(marks: readonly Mark[], t: Words["t"]): string {
  if (marks.includes("block")) return t("pips.blocked", { gate: 2, name: t("gates.names.2") });
  return marks.includes("ask")
    ? t("pips.asks", { gate: 5, name: t("gates.names.5") })
    : t("pips.passed");
}
