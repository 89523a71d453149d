import type { AgentBody, ToolGrant } from "../contracts/index.ts";

/** What may be used up; null is without limit. Money in US dollars. */
export interface Limits {
  calls: number | null;
  costUsd: number | null;
}

/** What has been used up; money that calls under way may still cost counts as used. */
export interface Usage {
  calls: number;
  costUsd: number;
}

/** Whose calls and money are counted together. */
export type BudgetScope = "run" | "agent" | "tool" | "project";
/** Over what: a run's whole life, or a calendar window (UTC) that begins anew. */
export type BudgetPeriod = "run" | "minute" | "day" | "month";

/** Something that a call counts against, with its limits. */
export interface Account {
  projectId: string;
  scope: BudgetScope;
  /** The run's id, the agent's, `agent/server/tool`; empty for the project itself. */
  subject: string;
  period: BudgetPeriod;
  limits: Limits;
}

/** The project's own limits. */
interface ProjectLimits {
  budget_limit_usd: number | null;
  calls_per_minute: number | null;
  calls_per_day: number | null;
}

interface Counted {
  projectId: string;
  runId: string;
  agentId: string;
  agent: AgentBody;
  project: ProjectLimits;
}

/** Names an account among all. */
export function accountKey(account: Omit<Account, "limits">): string {
  return `${account.projectId}\n${account.scope}\n${account.subject}\n${account.period}`;
}

/** The limits an agent's contract sets for each of its runs as a whole. */
export function limitsOf(agent: AgentBody): Limits {
  return { calls: agent.limits.calls ?? null, costUsd: agent.limits.cost_usd ?? null };
}

const isLimited = ({ limits }: Account) => limits.calls !== null || limits.costUsd !== null;

/** The windows of an agent that money counts against, also money that was spent without a call. */
export function agentAccounts({ projectId, agentId, agent }: Omit<Counted, "runId" | "project">) {
  const { calls_per_minute, calls_per_day, cost_usd_per_day } = agent.limits.agent ?? {};
  const mine = { projectId, scope: "agent", subject: agentId } as const;
  const accounts: Account[] = [
    { ...mine, period: "minute", limits: { calls: calls_per_minute ?? null, costUsd: null } },
    {
      ...mine,
      period: "day",
      limits: { calls: calls_per_day ?? null, costUsd: cost_usd_per_day ?? null },
    },
  ];
  return accounts.filter(isLimited);
}

/**
 * What a call counts against: its run in any case, and whatever else has a limit. In the order in which gate 4 looks at
 * them: from the narrowest to the widest.
 */
export function accountsOf(counted: Counted, grant: ToolGrant): Account[] {
  const { projectId, runId, agentId, agent, project } = counted;
  const run = { projectId, scope: "run", subject: runId } as const;
  const tool = {
    projectId,
    scope: "tool",
    subject: `${agentId}/${grant.server}/${grant.tool}`,
  } as const;
  const all = { projectId, scope: "project", subject: "" } as const;
  const calls = (limit: number | null | undefined): Limits => ({
    calls: limit ?? null,
    costUsd: null,
  });
  const windows: Account[] = [
    { ...run, period: "minute", limits: calls(agent.limits.calls_per_minute) },
    { ...tool, period: "minute", limits: calls(grant.limits?.calls_per_minute) },
    {
      ...tool,
      period: "day",
      limits: {
        calls: grant.limits?.calls_per_day ?? null,
        costUsd: grant.limits?.cost_usd_per_day ?? null,
      },
    },
    ...agentAccounts(counted),
    { ...all, period: "minute", limits: calls(project.calls_per_minute) },
    { ...all, period: "day", limits: calls(project.calls_per_day) },
    { ...all, period: "month", limits: { calls: null, costUsd: project.budget_limit_usd } },
  ];
  return [{ ...run, period: "run", limits: limitsOf(agent) }, ...windows.filter(isLimited)];
}

/** Money is kept with six decimals; the tolerance is far below one of them. */
const TOLERANCE_USD = 1e-9;

/** Which of its limits one more call of this cost would break; undefined when both hold. */
export function brokenLimit(
  { limits }: Pick<Account, "limits">,
  usage: Usage,
  costUsd: number,
): "calls" | "money" | undefined {
  if (limits.calls !== null && usage.calls >= limits.calls) return "calls";
  if (limits.costUsd === null) return undefined;
  return usage.costUsd + costUsd > limits.costUsd + TOLERANCE_USD ? "money" : undefined;
}
