import { type Account, accountsOf } from "../budgets/index.ts";
import { askGates, type GateFacts } from "../gates/index.ts";
import { canonicalJson, sha256Hex } from "../platform/canonical.ts";
import { newId } from "../platform/ids.ts";
import type { RunRow } from "../runs/index.ts";
import { paramHeaders, type ToolServerRef } from "../toolservers/index.ts";
import { GRACE_SECONDS } from "./decide.ts";
import type { CallDeps } from "./deps.ts";
import { type Ending, endingOf, orUnrecorded } from "./ending.ts";
import { ARGS_MAX, argumentProblems, pinFact } from "./facts.ts";
import type { Entered } from "./ledger-items.ts";
import type { LedgerRow } from "./ledger-rows.ts";
import type { CallOutcome, CallRequest } from "./outcome.ts";
import { decidePolicy } from "./policy.ts";
import { keepOpen, timedPeer } from "./rounds.ts";
import type { StandingFacts, StandingTool } from "./standing.ts";

/** A read that takes longer than this shows as executing, in milliseconds. */
const SHOWN_AFTER_MS = 250;

interface FastCall {
  deps: CallDeps;
  request: CallRequest;
  started: number;
  row: LedgerRow;
  agentId: string;
  facts: GateFacts;
  accounts: readonly Account[];
  tool: StandingTool & { ref: ToolServerRef };
  amountUsd: number;
}

/**
 * Makes a client's call that needs no person on what is known already, recorded together with others: a write, and what
 * counts against a limit, before it is sent and after it ended; any other read after it ended. Whatever is not plainly
 * passed by the gates is left to the deciding transaction.
 *
 * @returns undefined when nothing was done, and the call has to be decided in a transaction of its own
 */
export async function makeFastCall(
  deps: CallDeps,
  request: CallRequest,
  run: RunRow,
  started: number,
): Promise<CallOutcome | undefined> {
  const standing = await deps.standing.of(run.project_id, run.revision_id);
  const tool = standing?.tools.get(request.tool);
  if (!standing || !tool?.ref || !tool.pin || !deps.catalog.keepFresh(tool.ref)) return undefined;
  if (run.is_shadow && tool.grant.effect === "write") return undefined;
  const call = prepare(deps, request, run, started, standing, { ...tool, ref: tool.ref });
  if (!call) return undefined;
  const begun = mustBegin(call) ? await begin(call) : undefined;
  if (begun && begun.kind !== "executing") return refused(call, begun);
  return send(call, begun !== undefined);
}

/** Asks the gates; undefined unless all five let the call pass without a person. */
function prepare(
  deps: CallDeps,
  request: CallRequest,
  run: RunRow,
  started: number,
  standing: StandingFacts,
  tool: FastCall["tool"],
): FastCall | undefined {
  const { agent, project } = standing;
  const { grant, pin } = tool;
  const argsText = canonicalJson(request.args);
  if (argsText.length > ARGS_MAX || !pin) return undefined;
  const { project_id: projectId, run_id: runId } = run;
  const agentId = agent.contract_id;
  const exact = { server: grant.server, tool: grant.tool };
  const args = request.args;
  const facts: GateFacts = {
    project,
    run: {
      state: run.state,
      is_shadow: run.is_shadow,
      ofCaller: run.opened_by === request.keyId,
    },
    contract: {
      agentId,
      version: `${agent.version_major}.${agent.version_minor}`,
      grant,
      isObserved: tool.isObserved,
    },
    pin: pinFact(pin),
    argumentProblems: argumentProblems(deps.checker, grant, pin, args, argsText.length),
    policy: decidePolicy(deps.policies, standing.policies, { run, agent, grant, ...exact, args }),
    budget: [],
    question: undefined,
  };
  const { decision, verdicts } = askGates(exact, facts);
  if (decision !== "pass") return undefined;
  const counted = { projectId, runId, agentId, agent: agent.body, project };
  const row: LedgerRow = {
    callId: newId(),
    projectId,
    runId,
    callKey: request.callKey,
    server: grant.server,
    tool: grant.tool,
    args,
    argsHash: sha256Hex(argsText),
    effect: grant.effect,
    isShadow: run.is_shadow,
    status: "executing",
    verdicts,
    agentReason: request.agentReason ?? null,
    attempt: 1,
    ageMs: 0,
    deadlineSeconds: grant.timeout_seconds + GRACE_SECONDS,
  };
  const accounts = accountsOf(counted, grant);
  const amountUsd = grant.cost_per_call;
  return { deps, request, started, row, agentId, facts, accounts, tool, amountUsd };
}

/** Whether a call has to be in the record before it is sent: a write, or one that may find its budget used up. */
function mustBegin({ row, accounts, amountUsd }: FastCall): boolean {
  const isLimited = accounts.some(({ limits }) => limits.calls !== null || limits.costUsd !== null);
  return row.effect === "write" || amountUsd > 0 || isLimited;
}

async function begin(call: FastCall, isUnderWay = false): Promise<Entered> {
  const { deps, row, agentId, facts, accounts, amountUsd } = call;
  return deps.ledger.begin({
    row: { ...row, ageMs: performance.now() - call.started },
    agentId,
    facts,
    accounts,
    amountUsd,
    isUnderWay,
  });
}

function refused({ row }: FastCall, entered: Entered): CallOutcome {
  const { callId } = row;
  if (entered.kind === "blocked") {
    const { gate, code, reason } = entered.decision.last;
    return { kind: "blocked", callId, gate, code: code ?? "E-INTERNAL", reason };
  }
  const reason = "The call could not be recorded for certain, so it was not sent.";
  return { kind: "error", callId, code: "E-CALL-LOST", reason, sent: false };
}

async function send(call: FastCall, hasBegun: boolean): Promise<CallOutcome> {
  const { deps, request, row, tool } = call;
  const { grant, ref } = tool;
  const isWrite = row.effect === "write";
  const shown = new LateBegin(call, hasBegun);
  const executing = { callId: row.callId, grant };
  const sentAt = performance.now();
  try {
    const answer = await deps.pool.callTool(ref, grant.tool, request.args, {
      timeoutMs: grant.timeout_seconds * 1_000,
      // A client that goes away may give up a read; a write that is on its way is seen to its end.
      signal: isWrite ? undefined : request.signal,
      meta: request.meta,
      headers: paramHeaders(tool.pin?.definition.inputSchema, request.args),
      peer: request.peer && timedPeer(deps.db, request, executing, request.peer, () => shown.now()),
      round: request.round,
    });
    const sent = { callId: row.callId, tool: grant.tool, isWrite };
    if (answer.kind === "input_required") {
      await shown.now();
      return await orUnrecorded(keepOpen(deps.db, request, executing, answer), sent);
    }
    const now = performance.now();
    const figures = { latencyMs: now - call.started, upstreamMs: now - sentAt };
    const ending = endingOf(sent, answer, figures);
    return await orUnrecorded(finish(call, await shown.settled(), ending), sent);
  } finally {
    shown.cancel();
  }
}

async function finish(
  call: FastCall,
  hasBegun: boolean,
  { end, outcome, money }: Ending,
): Promise<CallOutcome> {
  const { deps, row, accounts, amountUsd } = call;
  const costUsd = money === "spent" ? amountUsd : 0;
  const ended = { ...row, ageMs: end.latencyMs ?? 0, end: { ...end, costUsd } };
  const entered = await deps.ledger.end({ row: ended, hasBegun, accounts, amountUsd, money });
  if (entered.kind === "ended") return outcome;
  return lost(row.callId, call.tool.grant.tool, row.effect === "write");
}

function lost(callId: string, tool: string, isWrite: boolean): CallOutcome {
  if (isWrite) {
    const reason = `${tool} was declared lost before its answer came.`;
    return { kind: "unknown", callId, code: "E-CALL-UNKNOWN", reason };
  }
  const reason = "The call was declared lost before its answer came.";
  return { kind: "error", callId, code: "E-CALL-LOST", reason, sent: true };
}

/** Lets a read that takes long show as executing. */
class LateBegin {
  readonly #call: FastCall;
  readonly #timer: NodeJS.Timeout | undefined;
  #begun: Promise<boolean> | undefined;

  constructor(call: FastCall, hasBegun: boolean) {
    this.#call = call;
    if (hasBegun) this.#begun = Promise.resolve(true);
    else this.#timer = setTimeout(() => this.now(), SHOWN_AFTER_MS);
  }

  /** Begins the call in the record if it has not been; resolves once that is durable, false when it could not be. */
  now(): Promise<boolean> {
    this.cancel();
    this.#begun ??= begin(this.#call, true).then(
      ({ kind }) => kind === "executing",
      (error: unknown) => {
        this.#call.deps.log.warn({ err: error }, "a read that takes long can't be shown");
        return false;
      },
    );
    return this.#begun;
  }

  /** Whether the call has a row by now. */
  async settled(): Promise<boolean> {
    this.cancel();
    return (await this.#begun) ?? false;
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }
}
