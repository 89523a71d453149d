import i18next from "i18next";
import { beforeAll, describe, expect, test } from "vitest";
import type { Call, ItemOf, RunDetail, Step, Verdict } from "../../app/api.ts";
import type { Language } from "../../app/i18n.ts";
import en from "../../app/locales/en.json" with { type: "json" };
import zhTW from "../../app/locales/zh-TW.json" with { type: "json" };
import type { Words } from "../../app/words.ts";
import { stopInWords } from "../calls/stop-words.ts";
import { changeInWords, whyInWords } from "./why.ts";

const instance = i18next.createInstance();
beforeAll(() =>
  instance.init({
    resources: { en: { translation: en }, "zh-TW": { translation: zhTW } },
    interpolation: { escapeValue: false },
  }),
);

function words(language: Language) {
  const t = instance.getFixedT(language) as Words["t"];
  const codeText = (code: string | null) =>
    code === "E-RUN-LOST" || code === "E-UPSTREAM-TIMEOUT" ? t(`codes.${code}`) : undefined;
  return { t, language, codeText };
}

const verdict = (over: Partial<Verdict>): Verdict => ({
  gate: 2,
  name: "contract",
  outcome: "block",
  code: "E-CONTRACT-TOOL",
  reason: "as the server says it",
  ...over,
});
const NOT_LISTED = verdict({
  key: "tool_not_listed",
  params: { contract: "restart-happy 1.0", tool: "shop-tools/restart_service" },
});
const ASKS = verdict({ gate: 5, outcome: "ask", code: "E-APPR-REQUIRED" });

const call = (over: Partial<Call>): Call =>
  ({
    call_id: "c1",
    result_status: "blocked",
    verdicts: [],
    block_code: null,
    block_reason: null,
    error_code: null,
    ...over,
  }) as Call;

describe("why a call has no result", () => {
  test("what a gate said, in both languages; what it says in no language we know stays English", () => {
    const blocked = call({ verdicts: [verdict({ outcome: "pass" }), NOT_LISTED] });
    expect(stopInWords(blocked, words("en"))).toBe(
      "The contract restart-happy 1.0 does not list the tool shop-tools/restart_service.",
    );
    expect(stopInWords(blocked, words("zh-TW"))).toBe(
      "合約 restart-happy 1.0 未列出工具 shop-tools/restart_service。",
    );
    expect(stopInWords(call({ verdicts: [verdict({ key: "newer" })] }), words("zh-TW"))).toBe(
      "as the server says it",
    );
  });

  test.each([
    ["E-APPR-REQUIRED", "詢問了人，已獲核准。"],
    ["E-APPR-REJECTED", "詢問了人，遭到拒絕。"],
    ["E-APPR-EXPIRED", "詢問了人，逾時無人決定。"],
    ["E-APPR-VOIDED", "詢問了人，問題在答覆前已撤回。"],
    [null, "詢問了人。"],
  ])("what became of its question: %s", (block_code, text) => {
    const asked = call({ block_code, verdicts: [ASKS], block_reason: "Asked a person: …" });
    expect(stopInWords(asked, words("zh-TW"))).toBe(text);
  });

  test("what went wrong on the way, by its code", () => {
    const failed = { result_status: "error", block_reason: "no answer in 30 s" };
    expect(stopInWords(call({ ...failed, error_code: "E-UPSTREAM-TIMEOUT" }), words("zh-TW"))).toBe(
      "工具伺服器未及時回應",
    );
    expect(stopInWords(call({ ...failed, error_code: "E-OTHER" }), words("zh-TW"))).toBe(
      "no answer in 30 s",
    );
    expect(stopInWords(call({ result_status: "success" }), words("en"))).toBeUndefined();
    expect(
      stopInWords(call({ result_status: "pending", verdicts: [ASKS] }), words("en")),
    ).toBeUndefined();
  });
});

const known = (run: object, steps: object[] = [], calls: Call[] = []) =>
  ({
    run: { error_code: null, error_detail: null, ...run },
    steps: steps as Step[],
    mcp_calls: calls,
  }) as Pick<RunDetail, "run" | "steps" | "mcp_calls">;

describe("why a run ended", () => {
  test("the step that failed, and what its call met", () => {
    const failed = known(
      { error_code: "E-CONTRACT-TOOL", error_detail: "English" },
      [{ step_key: "restart", error_code: "E-CONTRACT-TOOL", call_id: "c1" }],
      [call({ verdicts: [NOT_LISTED] })],
    );
    expect(whyInWords(failed, words("zh-TW"))).toBe(
      "步驟「restart」：合約 restart-happy 1.0 未列出工具 shop-tools/restart_service。",
    );
  });

  test("the code where no step says more; an agent's or a person's own words as they are", () => {
    const lost = known({ error_code: "E-RUN-LOST", error_detail: "worker x was lost" });
    expect(whyInWords(lost, words("zh-TW"))).toBe("worker 失聯，且已無剩餘嘗試次數");
    const own = known({ error_code: "E-DISK", error_detail: "the disk is gone" });
    expect(whyInWords(own, words("zh-TW"))).toBe("the disk is gone");
    expect(whyInWords(known({}), words("en"))).toBeUndefined();
  });
});

test("what a change of state says beside its title", () => {
  const item = (title_key: string, summary: string | null) =>
    ({ title_key, summary }) as ItemOf<"run">;
  const run = known({ trigger_type: null, agent_id: "disk-janitor" });
  const said = (title_key: string, summary: string | null = null) =>
    changeInWords(item(title_key, summary), run, words("en"));
  expect(said("run.created", "unknown, disk-janitor")).toBe("disk-janitor");
  expect(said("run.started", "vm:1")).toBe("worker vm:1");
  expect(said("run.started")).toBeNull();
  expect(said("run.running", "admin: approve by admin")).toBeNull();
  expect(said("run.completed")).toBeNull();
});
