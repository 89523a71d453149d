import type { Mark } from "../../ui/pips.tsx";

/** What an agent's contract says of one tool, with what it says by saying nothing. */
export interface Terms {
  server: string;
  tool: string;
  effect: "read" | "write";
  /** Whether a person has to agree. */
  isAsked: boolean;
  quorum: number;
  group: string | undefined;
  /** Whether the contract binds the arguments besides the tool's own schema. */
  hasRule: boolean;
  costPerCall: number;
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The tools that a body of the family `agent` lists, in its order. */
export function termsOf(body: unknown): Terms[] {
  if (!isObject(body)) return [];
  return listOf(body.tools)
    .filter(isObject)
    .map((grant) => {
      const effect = grant.effect === "read" ? "read" : "write";
      const approvers = isObject(grant.approvers) ? grant.approvers : {};
      return {
        server: textOf(grant.server),
        tool: textOf(grant.tool),
        effect,
        isAsked: grant.approval === undefined ? effect === "write" : grant.approval === "always",
        quorum: typeof grant.quorum === "number" ? grant.quorum : 1,
        group: textOf(approvers.group) || undefined,
        hasRule: grant.args !== undefined,
        costPerCall: typeof grant.cost_per_call === "number" ? grant.cost_per_call : 0,
      };
    });
}

const PASS = ["pass", "pass", "pass", "pass"] as const;
const BLOCKED: readonly Mark[] = ["pass", "block", "off", "off", "off"];

/** How far a call of a tool gets by the contract alone: blocked at gate 2, asked at gate 5, or through. */
export const marksOf = (terms: { isAsked: boolean } | undefined): readonly Mark[] =>
  terms === undefined ? BLOCKED : [...PASS, terms.isAsked ? "ask" : "pass"];

/**
 * As `marksOf`, for a tool named as `server/tool` in the words of a change. A server that the contract observes lets
 * some of its tools pass by its own word: how far they get can't be said.
 */
export function marksOfTool(body: unknown, name: string): readonly Mark[] | undefined {
  const terms = termsOf(body).find(({ server, tool }) => `${server}/${tool}` === name);
  if (!terms && observed(body).some((server) => name.startsWith(`${server}/`))) return undefined;
  return marksOf(terms);
}

function observed(body: unknown): string[] {
  const observe = isObject(body) ? body.observe : undefined;
  return isObject(observe) ? listOf(observe.servers).map(textOf) : [];
}
