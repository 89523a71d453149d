import type { Template } from "../platform/words-contract.ts";

/** What is said in chats, in both languages. */
export const CHAT_WORDS = {
  help: {
    en: [
      "/status: how the project is",
      "/runs: the newest runs",
      "/approvals: what waits for a person",
      "/cancel RUN [reason]: cancel a run",
      "/link CODE: link this account to your key (a code: `awooop chat link`, or the console)",
      "/unlink: take the link back",
    ].join("\n"),
    "zh-TW": [
      "/status：專案狀況",
      "/runs：最新的執行",
      "/approvals：等待決定的問題",
      "/cancel 執行 [原因]：取消執行",
      "/link 代碼：將此帳號連結到你的金鑰（以 `awooop chat link` 或主控台取得代碼）",
      "/unlink：解除連結",
    ].join("\n"),
  },
} as const satisfies Record<string, Template>;
