import type { RunbookStep } from "../contracts/index.ts";
import type { RunRow, StepRow } from "../runs/index.ts";

/** What a finished step left for later expressions, in its journal entry's `output`. */
export interface StepOutput {
  /** A call's structured result, a check's answer; null where there is none. */
  output: unknown;
  /** What it said in words. */
  text: string;
  /** Set by a check. */
  passed?: boolean;
}

/** What is to be done next with a run, by its contract and its journal. */
export type Next =
  | { do: "step"; step: RunbookStep; pending: StepRow | undefined }
  | { do: "complete"; stopped: { key: string; message: string } | undefined }
  | { do: "fail"; code: string; detail: string };

/**
 * Finds the first step of the runbook that the journal does not hold as finished, unless a finished one ends the run.
 * Asks nothing but its arguments, so a run goes on after a crash exactly as it would have without.
 */
export function nextOf(steps: readonly RunbookStep[], journal: readonly StepRow[]): Next {
  const rows = new Map(journal.map((row) => [row.step_key, row]));
  for (const step of steps) {
    const row = rows.get(step.key);
    if (!row || row.result_status === "pending") return { do: "step", step, pending: row };
    const ending = endingOf(step, row);
    if (ending) return ending;
  }
  return { do: "complete", stopped: undefined };
}

const FINE = new Set(["success", "skipped", "simulated"]);

function endingOf(step: RunbookStep, row: StepRow): Next | undefined {
  const left = outputOf(row);
  if ("check" in step && left.passed === false) {
    if (step.else?.action === "complete") {
      return { do: "complete", stopped: { key: step.key, message: left.text } };
    }
    if (step.else) return failure(step, row);
  }
  if (FINE.has(row.result_status) || step.on_error === "continue") return undefined;
  return failure(step, row);
}

function failure(step: RunbookStep, row: StepRow): Next {
  const reason = row.block_reason ?? "it failed without a reason";
  return {
    do: "fail",
    code: row.error_code ?? "E-RUN-STEP",
    detail: `Step "${step.key}": ${reason}`,
  };
}

function outputOf(row: StepRow): StepOutput {
  const { output } = row;
  if (typeof output !== "object" || output === null || !("text" in output)) {
    return { output: null, text: "" };
  }
  return output as unknown as StepOutput;
}

/** What expressions of a runbook can name: `trigger`, `run`, and `steps.<key>` for every step that is finished. */
export function variablesOf(
  run: RunRow,
  steps: readonly RunbookStep[],
  journal: readonly StepRow[],
): Record<string, unknown> {
  const keys = new Set(steps.map((step) => step.key));
  const finished = journal.filter(
    (row) => keys.has(row.step_key) && row.result_status !== "pending",
  );
  return {
    trigger: run.input,
    run: { id: run.run_id, agent_id: run.agent_id, title: run.title, is_shadow: run.is_shadow },
    steps: Object.fromEntries(
      finished.map((row) => {
        const { output, text } = outputOf(row);
        return [row.step_key, { status: row.result_status, output, text }];
      }),
    ),
  };
}
