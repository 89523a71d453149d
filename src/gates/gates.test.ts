import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ToolGrant } from "../contracts/index.ts";
import { VERDICT_WORDS, verdictText } from "./contract.ts";
import type { GateFacts, PolicyDenial, QuestionFact } from "./facts.ts";
import { askGates } from "./gates.ts";
import type { Verdict } from "./verdicts.ts";

const grant: ToolGrant = {
  server: "shop",
  tool: "clear_cache",
  effect: "write",
  cost_per_call: 0.1,
  timeout_seconds: 30,
  expires_seconds: 900,
  redeem_seconds: 300,
  quorum: 1,
};

/** A run of 10 calls and $1, as far as it has been used up. */
const runUsed = (calls: number, costUsd: number): GateFacts["budget"] => {
  const run = { projectId: "acme", scope: "run", subject: "r", period: "run" } as const;
  return [{ account: { ...run, limits: { calls: 10, costUsd: 1 } }, usage: { calls, costUsd } }];
};

const UNFIT = { en: "path must be string", "zh-TW": "path 必須是文字" };

const facts: GateFacts = {
  project: {
    project_id: "acme",
    is_active: true,
    drains: false,
    migration_mode: "active",
    freeze: undefined,
  },
  run: { state: "running", is_shadow: false, ofCaller: true },
  contract: { agentId: "janitor", version: "1.3", grant: { ...grant, approval: "never" } },
  pin: "pinned",
  argumentProblems: [],
  policy: { decision: "unpoliced" },
  budget: runUsed(0, 0),
  question: undefined,
};

const frozen = (scope: "agent" | "project" | "platform") => ({
  scope,
  frozen_by: "ada",
  frozen_at: "2026-11-22T03:07:58.123Z",
  reason: "it deletes too much, password=hunter2hunter2",
});

const question: QuestionFact = {
  status: "approved",
  isPast: false,
  isPastRedeem: false,
  redeemed: false,
  answered: false,
  edited: false,
  decidedBy: "op-2",
};

const call = { server: "shop", tool: "clear_cache" };
const asking = { ...facts, contract: { ...facts.contract, grant } };
const last = (given: GateFacts) => {
  const { decision, last: verdict } = askGates(call, given);
  return [decision, verdict.gate, verdict.code];
};

describe("a freeze", () => {
  it.each([
    ["agent", "ada froze the agent janitor at 2026-11-22 03:07:58 UTC", "代理 janitor"],
    ["project", "ada froze the project acme at 2026-11-22 03:07:58 UTC", "專案 acme"],
    ["platform", "ada froze everything at 2026-11-22 03:07:58 UTC", "整個平台"],
  ] as const)("of the %s says who, when and why, in both languages", (scope, en, zh) => {
    const project = { ...facts.project, freeze: frozen(scope) };
    const { last: verdict } = askGates(call, { ...facts, project });
    expect(verdict.reason).toContain(en);
    expect(verdict.reason).toContain("it deletes too much");
    expect(verdict.reason).not.toContain("hunter2");
    expect(verdictText(verdict, "zh-TW")).toContain(zh);
    expect(verdictText(verdict, "zh-TW")).toContain("ada 於 2026-11-22 03:07:58 UTC");
  });
});

describe("the gates", () => {
  it("let a call pass when all five do, and say what each of them saw", () => {
    const { decision, verdicts } = askGates(call, facts);
    expect(decision).toBe("pass");
    expect(verdicts.map(({ gate, outcome }) => [gate, outcome])).toEqual(
      [1, 2, 3, 4, 5].map((gate) => [gate, "pass"]),
    );
  });

  it.each<[string, GateFacts, unknown[]]>([
    [
      "an inactive project",
      { ...facts, project: { ...facts.project, is_active: false } },
      [1, "E-TENANT-INACTIVE"],
    ],
    [
      "a legacy project",
      { ...facts, project: { ...facts.project, migration_mode: "legacy" } },
      [1, "E-TENANT-LEGACY"],
    ],
    [
      "an agent that somebody has frozen, whoever's run it is",
      {
        ...facts,
        project: { ...facts.project, freeze: frozen("agent") },
        run: { ...facts.run, ofCaller: false },
      },
      [1, "E-FROZEN"],
    ],
    [
      "another's run",
      { ...facts, run: { ...facts.run, ofCaller: false } },
      [1, "E-RUN-NOT-RUNNING"],
    ],
    [
      "an ended run",
      { ...facts, run: { ...facts.run, state: "cancelled" } },
      [1, "E-RUN-NOT-RUNNING"],
    ],
    [
      "an unlisted tool",
      { ...facts, contract: { ...facts.contract, grant: undefined } },
      [2, "E-CONTRACT-TOOL"],
    ],
    [
      "an observed tool that may write",
      { ...facts, contract: { ...facts.contract, grant, isObserved: true } },
      [2, "E-CONTRACT-TOOL"],
    ],
    ["a tool the server lacks", { ...facts, pin: "absent" }, [2, "E-CONTRACT-TOOL"]],
    ["a changed tool", { ...facts, pin: "changed" }, [2, "E-TOOL-CHANGED"]],
    ["arguments that don't fit", { ...facts, argumentProblems: [UNFIT] }, [3, "E-POLICY-ARGS"]],
    ["no calls left", { ...facts, budget: runUsed(10, 0) }, [4, "E-BUDGET-RUN"]],
    ["too little money", { ...facts, budget: runUsed(1, 0.95) }, [4, "E-BUDGET-RUN"]],
  ])("stop %s", (_, given, expected) => {
    expect(last(given)).toEqual(["block", ...expected]);
  });

  it("let the open runs of a project go on that was deactivated so that they finish, and ask nobody", () => {
    const project = { ...facts.project, is_active: false, drains: true };
    expect(last({ ...facts, project })).toEqual(["pass", 5, null]);
    expect(last({ ...asking, project })).toEqual(["block", 5, "E-TENANT-INACTIVE"]);
    expect(last({ ...asking, project, question })).toEqual(["pass", 5, null]);
    const voided = { ...question, status: "voided" } as const;
    expect(last({ ...asking, project, question: voided })[0]).toBe("block");
  });

  it("let the last cent be spent", () => {
    const budget = runUsed(9, 0.9);
    expect(last({ ...facts, budget })[0]).toBe("pass");
  });

  it("end at the first gate that does not pass, whatever the later ones would say", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        ([tenant, contract, policy, budget]) => {
          const given: GateFacts = {
            ...facts,
            project: { ...facts.project, is_active: tenant === true },
            pin: contract ? "pinned" : "changed",
            argumentProblems: policy ? [] : [UNFIT],
            budget: runUsed(budget ? 0 : 10, 0),
          };
          const first = [tenant, contract, policy, budget].indexOf(false);
          const { verdicts, decision } = askGates(call, given);
          expect(verdicts).toHaveLength(first < 0 ? 5 : first + 1);
          expect(decision).toBe(first < 0 ? "pass" : "block");
        },
      ),
    );
  });
});

describe("gate 3", () => {
  const said = (
    policy: GateFacts["policy"],
    argumentProblems: GateFacts["argumentProblems"] = [],
  ) => askGates(call, { ...facts, policy, argumentProblems }).verdicts[2];
  const why = (given: PolicyDenial, by = "rules 1.0 @no", problem = "it is odd") =>
    said({ decision: "deny", why: given, by, problem });

  it("names the policy that permits", () => {
    expect(said({ decision: "permit", by: "rules 1.0 @yes", hash: "0" })).toMatchObject({
      outcome: "pass",
      reason: "Arguments fit, and rules 1.0 @yes permits this call",
    });
  });

  it.each<[PolicyDenial, string]>([
    ["forbidden", "rules 1.0 @no forbids this call."],
    [
      "forbid_failed",
      "rules 1.0 @no forbids some calls and could not be evaluated for this one: it is odd.",
    ],
    ["not_permitted", "No policy of acme permits this call."],
    [
      "permit_failed",
      "No policy of acme permits this call; rules 1.0 @no could not be evaluated: it is odd.",
    ],
    ["unreadable", "The policies of acme can't be asked about these arguments: it is odd."],
    ["unusable", "The policies of acme can't be used, so nothing is permitted: it is odd."],
  ])("says of a call that is %s: %s", (given, reason) => {
    expect(why(given)).toMatchObject({ outcome: "block", code: "E-POLICY-DENIED", reason });
    const words = verdictText(why(given) as Verdict, "zh-TW");
    expect(words).toMatch(/政策|禁止/);
    expect(words).not.toContain("{{");
  });

  it("speaks of arguments that don't fit before it speaks of policies", () => {
    const denied = {
      decision: "deny",
      why: "forbidden",
      by: "rules 1.0 @no",
      problem: "",
    } as const;
    expect(said(denied, [UNFIT])?.code).toBe("E-POLICY-ARGS");
  });
});

describe("gate 5", () => {
  it("asks for every write the contract does not free, and for what it marks", () => {
    expect(last(asking)).toEqual(["ask", 5, "E-APPR-REQUIRED"]);
    const read = { ...grant, effect: "read" as const };
    expect(last({ ...facts, contract: { ...facts.contract, grant: read } })[0]).toBe("pass");
    const marked = { ...read, approval: "always" as const };
    expect(last({ ...facts, contract: { ...facts.contract, grant: marked } })[0]).toBe("ask");
  });

  it("asks nobody in a shadow run and says that it would", () => {
    const { decision, last: verdict } = askGates(call, {
      ...asking,
      run: { ...facts.run, is_shadow: true },
    });
    expect([decision, verdict.outcome]).toEqual(["pass", "would_ask"]);
  });

  it.each<[string, Partial<QuestionFact>, unknown[]]>([
    ["an approval passes", {}, ["pass", 5, null]],
    ["a used approval asks anew", { redeemed: true }, ["ask", 5, "E-APPR-REQUIRED"]],
    ["a stale approval has expired", { isPastRedeem: true }, ["block", 5, "E-APPR-EXPIRED"]],
    ["an open question is joined", { status: "open" }, ["ask", 5, "E-APPR-REQUIRED"]],
    [
      "an open question past its time has expired",
      { status: "open", isPast: true },
      ["block", 5, "E-APPR-EXPIRED"],
    ],
    ["a rejection stands", { status: "rejected", answered: true }, ["block", 5, "E-APPR-REJECTED"]],
    ["an expiry is told", { status: "expired" }, ["block", 5, "E-APPR-EXPIRED"]],
    [
      "and asks anew once it was told",
      { status: "expired", answered: true },
      ["ask", 5, "E-APPR-REQUIRED"],
    ],
    ["a voided question asks anew", { status: "voided" }, ["ask", 5, "E-APPR-REQUIRED"]],
  ])("%s", (_, given, expected) => {
    expect(last({ ...asking, question: { ...question, ...given } })).toEqual(expected);
  });
});

describe("the words of a verdict", () => {
  it("are there in both languages, with every parameter filled in", () => {
    const { verdicts } = askGates(call, {
      ...asking,
      question: { ...question, status: "rejected" },
    });
    expect(verdicts.map((verdict) => verdictText(verdict, "en"))).toEqual([
      "acme is active, this run is its own",
      "Listed in janitor 1.3, tool unchanged since it was pinned",
      "Arguments fit the schema and the contract's constraints",
      "Call 1 of 10, $0.00 of $1.00 used",
      "A person said no to exactly this call: op-2.",
    ]);
    expect(verdicts.map((verdict) => verdictText(verdict, "zh-TW"))).toEqual([
      "acme 的模式為 active，且執行屬於它",
      "列於 janitor 1.3，工具自固定後未變",
      "參數符合結構與合約的限制",
      "第 1／10 次呼叫，已用 $0.00／$1.00",
      "有人拒絕了這個呼叫：op-2。",
    ]);
  });

  it("name the same parameters in both languages", () => {
    const named = (text: string) => [...text.matchAll(/\{\{\w+\}\}/g)].map(([name]) => name).sort();
    for (const words of Object.values(VERDICT_WORDS)) {
      expect(named(words["zh-TW"])).toEqual(named(words.en));
    }
  });

  it("of a verdict without a key are its reason", () => {
    expect(verdictText({ reason: "It was so." }, "zh-TW")).toBe("It was so.");
    expect(verdictText({ key: "constructor", reason: "It was so." }, "en")).toBe("It was so.");
  });
});

describe("a permit that demands a person's yes", () => {
  const permit = { decision: "permit", by: "guardrails 1.0 @big", hash: "0" } as const;
  const asks = { by: "guardrails 1.0 @big", reason: "", reasonZhTw: "" };
  const because = { ...asks, reason: "It is a lot.", reasonZhTw: "數量很大。" };
  const demanded = (more: Partial<GateFacts> = {}): GateFacts => ({
    ...facts,
    policy: { ...permit, asks },
    ...more,
  });

  it("asks about a tool that the contract marks with approval: never", () => {
    expect(last({ ...facts, policy: permit })).toEqual(["pass", 5, null]);
    expect(last(demanded())).toEqual(["ask", 5, "E-APPR-REQUIRED"]);
    expect(last(demanded({ question }))).toEqual(["pass", 5, null]);
    expect(last(demanded({ question: { ...question, status: "rejected" } }))).toEqual([
      "block",
      5,
      "E-APPR-REJECTED",
    ]);
  });

  it("is named with its words, also where the contract would ask as well", () => {
    const verdict = askGates(call, { ...asking, policy: { ...permit, asks: because } }).last;
    expect(verdict.reason).toBe(
      "guardrails 1.0 @big permits this call only with a person's yes: It is a lot.",
    );
    expect(verdictText(verdict, "zh-TW")).toBe(
      "guardrails 1.0 @big 僅在有人核准時允許這個呼叫：數量很大。",
    );
    expect(askGates(call, demanded()).last.reason).toBe(
      "guardrails 1.0 @big permits this call only with a person's yes.",
    );
  });

  it("is noted by a shadow run, which asks nobody", () => {
    const shadow = demanded({ run: { ...facts.run, is_shadow: true } });
    expect(askGates(call, shadow)).toMatchObject({
      decision: "pass",
      last: { outcome: "would_ask", key: "would_ask_by_policy" },
    });
    const told = { ...shadow, policy: { ...permit, asks: because } };
    expect(askGates(call, told).last.reason).toContain("It is a lot.");
  });
});
