import { expect, test } from "vitest";
import { isFinal, RUN_STATES } from "../runs/index.ts";
import { voidReason, voidReasonInChinese } from "./void-contract.ts";

test("what is kept of a reason is said in Chinese, with the names that are in it", () => {
  const params = { server: "shop", tool: "disk/clear", contract: "disk-agent", version: "2.1" };
  const said = (code: Parameters<typeof voidReason>[0]) => {
    const kept = voidReason(code, params);
    return [kept, voidReasonInChinese(kept)];
  };
  expect(said("run_cancelled")).toEqual(["the run was cancelled", "執行已取消"]);
  expect(said("run_timed_out")).toEqual(["the run was timed_out", "執行已逾時"]);
  expect(said("call_withdrawn")).toEqual([
    "the agent has withdrawn the call",
    "代理已撤回這次呼叫",
  ]);
  expect(said("tool_changed")).toEqual([
    "shop/disk/clear is no longer what was pinned",
    "shop/disk/clear 已與釘選時不同",
  ]);
  expect(said("contract_retired")).toEqual([
    "the contract disk-agent 2.1 was retired",
    "合約 disk-agent 2.1 已永久除役",
  ]);
});

test("what others give as a reason is known: each way in which a run ends, and a project's end", () => {
  for (const state of RUN_STATES.filter(isFinal))
    expect(voidReasonInChinese(`the run was ${state}`)).toMatch(/^執行已/);
  expect(voidReasonInChinese("the project was deactivated")).toBe("專案已停用");
});

test("another sentence is left to whoever wrote it", () => {
  expect(voidReasonInChinese("the run was cancelled by hand")).toBeUndefined();
  expect(voidReasonInChinese("")).toBeUndefined();
});
