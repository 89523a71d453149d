import type { Tx } from "../platform/database/index.ts";
import type { Records } from "./contract.ts";
import { readCalls, readEvents, readMessages, readSteps } from "./run-query.ts";
import type { TimelineRow } from "./timeline-query.ts";

/** Which records stand behind items; a call's step, too, which has what the contract makes of its result. */
function idsBehind(rows: readonly TimelineRow[]) {
  const of = (kind: string) =>
    rows.flatMap(({ id }) => (id.startsWith(`${kind}:`) ? [id.slice(kind.length + 1)] : []));
  const stepsOfCalls = rows.flatMap(({ facts }) =>
    facts.kind === "mcp" && facts.step_id !== null ? [facts.step_id] : [],
  );
  return {
    steps: [...new Set([...of("step"), ...stepsOfCalls])],
    events: of("inbound"),
    messages: of("outbound"),
    calls: of("mcp"),
  };
}

/** The steps, events, messages and calls of a run that stand behind items of its timeline. */
export async function readRecords(
  tx: Tx,
  runId: string,
  rows: readonly TimelineRow[],
): Promise<Records> {
  const ids = idsBehind(rows);
  const [steps, inbound_events, outbound_messages, mcp_calls] = await Promise.all([
    readSteps(tx, runId, ids.steps),
    readEvents(tx, runId, ids.events),
    readMessages(tx, runId, ids.messages),
    readCalls(tx, runId, ids.calls),
  ]);
  return { steps, inbound_events, outbound_messages, mcp_calls };
}
