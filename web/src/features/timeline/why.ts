import type { Call, ItemOf, Run, RunDetail } from "../../app/api.ts";
import { ended } from "../../app/format.ts";
import type { Words } from "../../app/words.ts";
import { onlyAsked } from "../calls/in-words.ts";
import { stopInWords } from "../calls/stop-words.ts";

type SomeWords = Pick<Words, "t" | "language" | "codeText">;
type Known = Pick<RunDetail, "run" | "steps" | "mcp_calls">;

/** The call that a gate stopped and the run failed over. */
export const stoppedCall = (run: Run, calls: readonly Call[]): Call | undefined =>
  calls.findLast(
    (call) =>
      call.result_status === "blocked" && !onlyAsked(call) && call.block_code === run.error_code,
  );

/**
 * Why a run ended as it did, in the reader's language: from its calls, its steps and its error code. What a person or
 * an agent said itself stays in their words.
 */
export function whyInWords(known: Known, words: SomeWords): string | undefined {
  const { run } = known;
  if (run.error_code === null) return run.error_detail ?? undefined;
  const step = known.steps.findLast((each) => each.error_code === run.error_code);
  if (!step) return words.codeText(run.error_code) ?? run.error_detail ?? run.error_code;
  const call = known.mcp_calls.findLast((each) => each.call_id === step.call_id);
  const why =
    (call && stopInWords(call, words)) ??
    step.summary ??
    words.codeText(run.error_code) ??
    step.block_reason ??
    run.error_code;
  return words.t("story.step_failed", { step: step.step_key, why: ended(why, words.language) });
}

/** What a change of a run's state says beside its title. */
export function changeInWords(item: ItemOf<"run">, known: Known, words: SomeWords): string | null {
  const { run } = known;
  switch (item.title_key) {
    case "run.created":
      return [run.trigger_type, run.agent_id].filter((part) => part !== null).join(", ");
    case "run.started":
    case "run.taken_up":
      return item.summary === null ? null : words.t("story.by_worker", { worker: item.summary });
    case "run.pending":
      return words.t("story.worker_lost");
    case "run.running":
    case "run.waiting_approval":
      return null;
    case "run.completed":
      return null;
    default:
      return whyInWords(known, words) ?? null;
  }
}
