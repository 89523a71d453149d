import type { CheckEdit } from "../approvals/index.ts";
import { askGates, type Verdict, verdictText } from "../gates/index.ts";
import { AppError, type FieldError, fieldError } from "../platform/errors.ts";
import type { FactDeps } from "./deps.ts";
import { readFacts } from "./facts.ts";
import { questionOf } from "./question.ts";
import { risksOf } from "./risks.ts";

/**
 * Asks the gates before the fifth about arguments that a person wants in the place of those a call was asked for with.
 * They are asked again when the call is executed.
 */
export function editCheck(deps: FactDeps): CheckEdit {
  return async (tx, { run, question, args }) => {
    const request = {
      projectId: run.project_id,
      runId: run.run_id,
      callKey: question.call_key,
      server: question.server,
      tool: question.tool_name,
      args,
    };
    // What was answered to a call that was asked for with these very arguments is another matter.
    const noQuestion = async () => undefined;
    const { exact, gates, grant, pin } = await readFacts(tx, deps, request, run, noQuestion);
    // It is whoever drives the run that will make the call, once nothing is frozen any more.
    const driven = {
      ...gates,
      run: { ...gates.run, ofCaller: true },
      project: { ...gates.project, freeze: undefined },
    };
    const { decision, last } = askGates(exact, driven, 4);
    if (decision === "pass" && grant) {
      const risks = await risksOf(tx, { exact, pin }, args);
      return { ...questionOf(grant, args, run.driver), risks };
    }
    throw new AppError(last.code ?? "E-INTERNAL", last.reason, errorsOf(last));
  };
}

/** What the third gate says is about the arguments. */
function errorsOf(last: Verdict): { errors?: FieldError[] } {
  if (last.gate !== 3) return {};
  const words = { reason: last.reason, reason_zh_tw: verdictText(last, "zh-TW") };
  return { errors: [fieldError("body.arguments", "gate_refuses", words)] };
}
