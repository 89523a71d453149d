/** Who decided what, as the journal writes it. */
export interface ParsedDecision {
  approver: string | null;
  decision: string | null;
  reason: string | null;
}

/** Reads `approver=…; decision=…; reason=…`, in which `;`, `=` and `\` inside values are escaped. */
export function parseDecision(text: string | null): ParsedDecision {
  const found: Record<string, string> = {};
  for (const part of (text ?? "").match(/(?:\\.|[^;\\])+/gs) ?? []) {
    const [, key, value] = /^\s*(\w+)=(.*)$/s.exec(part) ?? [];
    if (key && value !== undefined) found[key] = value.replace(/\\(.)/gs, "$1").trim();
  }
  return {
    approver: found.approver || null,
    decision: found.decision || null,
    reason: found.reason || null,
  };
}
