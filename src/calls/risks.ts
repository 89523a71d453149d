import { argumentRisks, type Demand, type Risk } from "../approvals/index.ts";
import { type GateDecision, verdictText } from "../gates/index.ts";
import type { Tx } from "../platform/database/index.ts";
import { acceptedLately, type Flag, flagText, oddTextWithin } from "../toolservers/index.ts";
import type { CallFacts } from "./facts.ts";

/** How long a change of a tool is told of after somebody accepted it, in days. */
const LATELY_DAYS = 7;

/** These are about characters; what else may be flagged is about words. */
const UNSEEN: readonly Flag[] = [
  "control_characters",
  "invisible_characters",
  "bidi_overrides",
  "hidden_text",
];

function flagsInWords(flags: readonly Flag[]) {
  return {
    what: flags.map((flag) => flagText(flag, "en")).join("; "),
    what_zh_tw: flags.map((flag) => flagText(flag, "zh-TW")).join("；"),
  };
}

function oddArguments(args: Record<string, unknown>): Risk[] {
  const flags = oddTextWithin(args);
  const words = flags.filter((flag) => !UNSEEN.includes(flag));
  return [
    ...(words.length < flags.length
      ? [{ key: "arguments_hide_characters", params: {} } as const]
      : []),
    ...(words.length > 0
      ? [{ key: "arguments_read_oddly", params: flagsInWords(words) } as const]
      : []),
  ];
}

/** What of a call's tool and arguments is worth a second look before a person says yes. */
export async function risksOf(
  tx: Tx,
  { exact, pin }: Pick<CallFacts, "exact" | "pin">,
  args: Record<string, unknown>,
): Promise<Risk[]> {
  const { projectId, server: serverId, tool } = exact;
  const accepted = pin && (await acceptedLately(tx, { projectId, serverId, tool }, LATELY_DAYS));
  const changed = accepted && { by: accepted.by, date: accepted.at.slice(0, 10) };
  return [
    ...oddArguments(args),
    ...argumentRisks(args),
    ...(changed ? [{ key: "tool_changed", params: changed } as const] : []),
    ...(pin && pin.flags.length > 0
      ? [{ key: "tool_reads_oddly", params: flagsInWords(pin.flags) } as const]
      : []),
  ];
}

/** Which contract or policy demands a person, from what gate 5 said. */
export function demandOf({ last }: GateDecision): Demand {
  const { key, params } = last;
  const isPolicy = key === "asks_by_policy" || key === "asks_by_policy_because";
  return {
    kind: isPolicy ? "policy" : "contract",
    name: String((isPolicy ? params.by : params.contract) ?? ""),
    key,
    params,
    words: { en: verdictText(last, "en"), "zh-TW": verdictText(last, "zh-TW") },
  };
}
