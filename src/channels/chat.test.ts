import { expect, it } from "vitest";
import { createChat } from "./chat.ts";
import type { ChatDeps } from "./chat-types.ts";

const user = {
  channelType: "telegram",
  projectId: "acme",
  channelId: "ops",
  userId: "4711",
  name: "Ada",
} as const;

/** Where the console of these tests is reached. */
const publicUrl: ChatDeps["publicUrl"] = "http://127.0.0.1:4600";

it("says what can be said", async () => {
  const { text } = await createChat().commanded(user, { chatId: publicUrl }, "/help");
  expect(text).toContain("/approvals");
});
