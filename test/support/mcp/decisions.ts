import { EventEmitter, once } from "node:events";
import type { CallOutcome } from "../../../src/calls/index.ts";
import type { McpCall, RunWish } from "../../../src/mcp/index.ts";
import { canonicalJson } from "../../../src/platform/canonical.ts";
import { AppError } from "../../../src/platform/errors.ts";
import { newId } from "../../../src/platform/ids.ts";

/** Whoever calls in these tests. */
export interface TestCaller {
  keyId: string;
  holdSeconds: number;
}

interface Question {
  approvalId: string;
  status: "open" | "approved" | "rejected";
}

type Answer = (call: McpCall<TestCaller>) => CallOutcome | Promise<CallOutcome>;

/**
 * Stands in for everything behind the gateway's edge, in memory: which calls came, which questions they raised, what a
 * person decided, and what was then executed. The real gates are tested where they are.
 */
export class Decisions {
  readonly calls: McpCall<TestCaller>[] = [];
  readonly wishes: RunWish[] = [];
  /** What was executed, in order. */
  readonly executed: string[] = [];
  /** How many requests wait for a decision now. */
  waiting = 0;
  readonly #questions = new Map<string, Question>();
  readonly #decided = new EventEmitter().setMaxListeners(0);
  /** Answers for tools by name; any other name is no tool of the contract. */
  readonly tools: Record<string, Answer>;

  constructor(tools: Record<string, Answer> = {}) {
    this.tools = { wipe: (call) => this.ask(call), ...tools };
  }

  openQuestions(): string[] {
    const questions = [...this.#questions.values()];
    return questions.filter(({ status }) => status === "open").map(({ approvalId }) => approvalId);
  }

  decide(approvalId: string, status: "approved" | "rejected"): void {
    const question = [...this.#questions.values()].find((one) => one.approvalId === approvalId);
    if (!question) throw new Error(`there is no question ${approvalId}`);
    question.status = status;
    this.#decided.emit(approvalId);
  }

  async openRun(_caller: TestCaller, wish: RunWish): Promise<{ runId: string }> {
    this.wishes.push(wish);
    if (wish.runId === "nobody's")
      throw new AppError("E-NOT-FOUND", "This key has opened no such run.");
    return { runId: wish.runId ?? `run of ${wish.sessionKey ?? wish.traceId ?? "the key"}` };
  }

  async callTool(call: McpCall<TestCaller>): Promise<CallOutcome> {
    this.calls.push(call);
    const answer = this.tools[call.tool];
    if (answer) return answer(call);
    const reason = `The contract of this agent does not list the tool ${call.tool}.`;
    return { kind: "blocked", callId: newId(), gate: 2, code: "E-CONTRACT-TOOL", reason };
  }

  async waitForDecision(
    _caller: TestCaller,
    approvalId: string,
    wait: { timeoutMs: number; signal: AbortSignal },
  ): Promise<"decided" | "open" | "not_found"> {
    const question = [...this.#questions.values()].find((one) => one.approvalId === approvalId);
    if (!question) return "not_found";
    if (question.status !== "open") return "decided";
    const signal = AbortSignal.any([wait.signal, AbortSignal.timeout(wait.timeoutMs)]);
    this.waiting += 1;
    try {
      await once(this.#decided, approvalId, { signal });
      return "decided";
    } catch {
      return "open";
    } finally {
      this.waiting -= 1;
    }
  }

  /** Asks once for each exact call; executes it once after a yes; the next identical call is a new question. */
  ask(call: McpCall<TestCaller>): CallOutcome {
    const key = canonicalJson([call.tool, call.args]);
    const callId = newId();
    const question = this.#questions.get(key) ?? { approvalId: newId(), status: "open" as const };
    this.#questions.set(key, question);
    if (question.status === "open") {
      const { approvalId } = question;
      const { runId } = call;
      return { kind: "waiting", callId, runId, approvalId, expiresAt: "2030-01-01T00:00:00Z" };
    }
    this.#questions.delete(key);
    if (question.status === "rejected") {
      const reason = "Rejected by olga: not during the sale.";
      return { kind: "blocked", callId, gate: 5, code: "E-APPR-REJECTED", reason };
    }
    this.executed.push(key);
    const result = { content: [{ type: "text", text: "wiped" }] };
    return { kind: "result", callId, result, simulated: false };
  }
}
