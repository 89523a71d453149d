import type { GateNumber, RunDetail } from "../../app/api.ts";
import { ended, joined } from "../../app/format.ts";
import { useWords, type Words } from "../../app/words.ts";
import { stopInWords } from "../calls/stop-words.ts";
import type { Entry } from "./entries.ts";
import { explain, type Sentence } from "./explain.ts";
import type { Totals } from "./spans.ts";
import { whyInWords } from "./why.ts";

function inWords(sentence: Sentence, detail: RunDetail, words: Words): string {
  const { t, duration } = words;
  switch (sentence.key) {
    case "said":
      return sentence.text;
    case "completed":
    case "simulated":
      return t(`explain.${sentence.key}`, { took: duration(sentence.ms), count: sentence.count });
    case "wrote":
      return t("explain.wrote", { count: sentence.count });
    case "approved":
    case "edited":
      return t(`explain.${sentence.key}`, { who: sentence.who, wait: duration(sentence.ms) });
    case "blocked":
      return t("explain.blocked", {
        tool: sentence.call.tool_name,
        gate: sentence.gate,
        name: t(`gates.names.${sentence.gate as GateNumber}`),
        reason: stopInWords(sentence.call, words) ?? "",
      });
    case "rejected":
      return sentence.reason === ""
        ? t("explain.rejected", { who: sentence.who })
        : t("explain.rejected_because", { who: sentence.who, reason: sentence.reason });
    case "changes":
      return t("explain.changes", { who: sentence.who, reason: sentence.reason });
    case "unknown":
      return t("explain.unknown", { tool: sentence.tool });
    case "wrote_nothing":
      return t("explain.wrote_nothing");
    default:
      return t(`explain.${sentence.key}`, { detail: whyInWords(detail, words) ?? "" });
  }
}

export function ExplainText(props: { detail: RunDetail; entries: Entry[]; totals: Totals }) {
  const words = useWords();
  const sentences = explain(props.detail, props.entries, props.totals);
  if (sentences.length === 0) return null;
  const texts = sentences.map((sentence) =>
    ended(inWords(sentence, props.detail, words), words.language),
  );
  return <p className="explain">{joined(texts)}</p>;
}
