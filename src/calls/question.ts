import type { NewQuestion } from "../approvals/index.ts";
import type { Actor } from "../audit/index.ts";
import type { ToolGrant } from "../contracts/index.ts";
import { resolveCel } from "../platform/cel.ts";

type Bilingual = Record<string, string>;

/**
 * What the contract says in words about a call, for a person: expressions over the arguments are evaluated. One that
 * fails is left out, for a question without a headline is better than none.
 */
function inWords(texts: Record<string, unknown> | undefined, args: unknown): Bilingual | undefined {
  const entries = Object.entries(texts ?? {}).flatMap(([language, text]) => {
    try {
      const value = resolveCel(text, { args });
      return typeof value === "string" && value !== ""
        ? [[language, value.slice(0, 1_000)] as const]
        : [];
    } catch {
      return [];
    }
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** The part of a question that its tool's grant and the arguments make. */
export function questionOf(
  grant: ToolGrant,
  args: Record<string, unknown>,
  driver: "worker" | "client",
): Pick<
  NewQuestion,
  | "headline"
  | "undoable"
  | "blastRadius"
  | "estimate"
  | "effect"
  | "costUsd"
  | "quorum"
  | "escalation"
  | "approvers"
  | "onReject"
  | "onExpire"
  | "expiresSeconds"
  | "redeemSeconds"
> {
  const headline = inWords(grant.ask?.headline, args);
  const blastRadius = inWords(grant.ask?.blast_radius, args);
  const estimate = inWords(grant.ask?.estimate, args);
  // An agent with a runbook has no mind of its own to take a refusal to; a client's agent has.
  const fallback = driver === "worker" ? "cancel" : "return";
  return {
    effect: grant.effect,
    costUsd: grant.cost_per_call,
    quorum: grant.quorum,
    escalation: grant.ask?.escalate ?? [],
    approvers: {
      ...(grant.approvers?.group === undefined ? {} : { group: grant.approvers.group }),
      editorCounts: grant.approvers?.editor_counts === true,
      twoPerson: grant.two_person === true && grant.effect === "write",
    },
    onReject: grant.on_reject ?? fallback,
    onExpire: grant.on_expire ?? fallback,
    expiresSeconds: grant.expires_seconds,
    redeemSeconds: grant.redeem_seconds,
    ...(headline ? { headline } : {}),
    ...(blastRadius ? { blastRadius } : {}),
    ...(estimate ? { estimate } : {}),
    ...(grant.ask?.undoable === undefined ? {} : { undoable: grant.ask.undoable }),
  };
}

/** The agent as the one who asks. */
export function agentActor(agentId: string): Actor {
  return { kind: "agent", id: agentId };
}
