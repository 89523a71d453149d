import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linkChat } from "../src/identity/index.ts";
import { openDatabase } from "../src/platform/database/index.ts";
import { createLog } from "../src/platform/log.ts";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { seedClientRuns } from "./support/client-runs.ts";
import { applyContracts, contract, good } from "./support/e2e-tenant.ts";
import { DESK, PHONE } from "./support/page.ts";
import { openSite, type Site } from "./support/site.ts";
import { openReceiver } from "./support/tenant.ts";

/** The console's lists of who may do what, of who did what and of channels, and its overview. */

let site: Site;

beforeAll(async () => {
  site = await openSite({ AWOOOP_ROLES: "api,worker" });
  await site.openQuestions();
  await seedClientRuns(site, 1_200);
}, BROWSER_READY_MS);

afterAll(() => site?.close());

/** What the bot does when somebody sends it a code. */
async function linkFromChat(code: string): Promise<void> {
  const db = openDatabase({ url: site.database.url, log: createLog("silent") });
  const person = {
    channelType: "telegram",
    channelId: "ops",
    userId: "4711",
    name: "Ada L",
  } as const;
  expect(await linkChat(db, { ...person, projectId: "acme" }, code)).toBeDefined();
  await db.close();
}

describe("the overview", { timeout: 120_000 }, () => {
  it("looks back as far as one chooses, which stands in the address and is remembered", async () => {
    const { page, go, looksRight, end } = await site.visit(DESK, "/");
    const chart = (time: string) => page.getByRole("heading", { name: `Runs by state, ${time}` });
    await chart("last 24 hours").waitFor();
    await page.getByRole("button", { name: "24 h" }).focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await chart("last 7 days").waitFor();
    await page.getByText(/1,2\d\d runs in the last 7 days\./).waitFor();
    expect(new URL(page.url()).search).toContain("since=7d");
    await looksRight();
    await go("/runs");
    await go("/");
    await chart("last 7 days").waitFor();
    await go("/?since=1h");
    await chart("last hour").waitFor();
    await end();
    const phone = await site.visit(PHONE, "/?since=7d");
    await phone.page.getByRole("heading", { name: "各狀態的執行，最近 7 天" }).waitFor();
    await phone.looksRight();
    await phone.end();
  });
});

describe("who may do what", { timeout: 120_000 }, () => {
  it("is told and changed by those who may", async () => {
    const { page, looksRight, end } = await site.visit(DESK, "/members");
    const dialog = page.getByRole("dialog");
    await page.getByText("No members yet").waitFor();
    await page.getByRole("button", { name: "Add a member" }).click();
    await dialog.getByRole("textbox", { name: "Member", exact: true }).fill("ada");
    await dialog.getByRole("textbox", { name: "Groups" }).fill("dba, sre");
    await page.keyboard.press("Enter");
    await page.getByRole("cell", { name: "dba, sre" }).waitFor();
    await page.getByRole("button", { name: "Change ada" }).click();
    await dialog.getByRole("combobox", { name: "Role" }).selectOption("admin");
    await looksRight();
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("row", { name: /ada.*admin/ }).waitFor();
    await page.getByRole("button", { name: "Lent rights" }).click();
    await page.getByText("Nothing is lent").waitFor();
    await end();
  });

  it("links a chat account by a code that is shown once, and removes the link", async () => {
    const { page, looksRight, end } = await site.visit(PHONE, "/members?tab=chats");
    const dialog = page.getByRole("dialog");
    await page.getByText("尚未連結聊天帳號").waitFor();
    await page.getByRole("button", { name: "連結我的聊天帳號" }).click();
    await dialog.getByRole("combobox", { name: "專案" }).waitFor();
    await dialog.getByRole("button", { name: "產生代碼" }).click();
    const said = (await dialog.getByText(/^\/link /).textContent()) ?? "";
    const code = said.replace("/link ", "");
    await dialog.getByText(`/awooop link ${code}`, { exact: true }).waitFor();
    await looksRight();
    await dialog.locator(".foot").getByRole("button", { name: "關閉" }).click();
    expect(await page.getByText(code).count()).toBe(0);
    await linkFromChat(code);
    await page.getByRole("row", { name: /Telegram Ada L/ }).waitFor();
    await looksRight();
    await page.getByRole("button", { name: /^移除 .* Telegram/ }).click();
    await dialog.getByRole("button", { name: "移除連結" }).click();
    await page.getByText("尚未連結聊天帳號").waitFor();
    expect((await site.server.api("/chat-links")).body.total).toBe(0);
    await end();
  });

  it("shows a key once, and revokes it", async () => {
    const { page, looksRight, end } = await site.visit(PHONE, "/members?tab=keys");
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "建立金鑰" }).click();
    await dialog.getByRole("textbox", { name: "名稱" }).fill("bob");
    await dialog.getByRole("button", { name: "建立金鑰" }).click();
    const key = await dialog.locator("pre").textContent();
    await looksRight();
    expect((await site.server.api("/session", { key })).body.actor.name).toBe("bob");
    await dialog.getByRole("button", { name: "我已保存" }).click();
    expect(await page.getByText(key ?? "").count()).toBe(0);
    await page.getByRole("button", { name: "撤銷 bob" }).click();
    await dialog.getByRole("button", { name: "撤銷金鑰" }).click();
    await page.getByRole("row", { name: /bob/ }).getByText("已撤銷").waitFor();
    expect((await site.server.api("/session", { key })).status).toBe(401);
    await end();
  });
});

describe("who did what", { timeout: 120_000 }, () => {
  it("is found by filters, opened by keyboard, and taken along", async () => {
    await site.server.api("/members", { body: { project_id: "acme", member_id: "eve" } });
    const { page, looksRight, end } = await site.visit(DESK, "/audit-log?target=eve");
    await page.getByRole("link", { name: "member.create" }).waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    const sheet = page.getByRole("dialog");
    await sheet.getByText('"role": "operator"').waitFor();
    await looksRight();
    expect(page.url()).toContain("entry=");
    await page.keyboard.press("Escape");
    const [file] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download" }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("audit-log.jsonl");
    await page.getByText("1 entry was downloaded").waitFor();
    await page.getByRole("searchbox", { name: "To what" }).fill("nobody");
    await page.getByText("No entry matches").waitFor();
    await site.server.api("/members/eve", {
      method: "PATCH",
      body: { project_id: "acme", groups: ["dba"] },
    });
    await page.getByRole("searchbox", { name: "To what" }).fill("eve");
    await page.getByRole("link", { name: "member.update" }).waitFor();
    await end();
  });
});

describe("what was done very often", { timeout: 120_000 }, () => {
  it("is taken along as far as there is room, which is said", async () => {
    await site.admin(
      `insert into awooop.audit_log (audit_id, project_id, actor_kind, actor_id, action, subject_kind, subject_id)
       select gen_random_uuid(), 'acme', 'key', 'bot', 'member.update', 'member', 'busy' from generate_series(1, 10001)`,
    );
    const { page, looksRight, end } = await site.visit(PHONE, "/audit-log?target=busy");
    const taken = page.waitForEvent("download");
    await page.getByRole("button", { name: "下載" }).click();
    await taken;
    await page.getByText("只下載了最新的 10,000 筆").waitFor();
    await looksRight();
    await end();
  });
});

describe("channels", { timeout: 120_000 }, () => {
  it("say how they are, and send again what was given up", async () => {
    const receiver = await openReceiver();
    const value = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    const secret = { project_id: "acme", value };
    await good(site.server.api("/secrets/PAGER", { method: "PUT", body: secret }));
    await applyContracts(site.server, "acme", [
      contract("channel", "pager", { type: "webhook", url: receiver.url, secret: "secret:PAGER" }),
    ]);
    await site.admin(
      `insert into awooop.outbound_messages (message_id, project_id, channel_type, channel_id, message_type, content,
         content_preview, send_status, send_error)
       select gen_random_uuid(), 'acme', 'webhook', 'pager', 'notice', jsonb_build_object('text', text), text, 'failed',
         'The receiver answered 410.' from unnest(array['Disk is full', 'Disk is fine']) text`,
    );
    const { page, looksRight, end } = await site.visit(DESK, "/channels");
    const pager = page.getByRole("row", { name: /pager/ });
    await pager.getByText("failing").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "pager" }).waitFor();
    await page.getByRole("button", { name: /^status/ }).click();
    await page.getByRole("menuitemradio", { name: "given up" }).click();
    await page.waitForURL(/status=failed/);
    await looksRight();
    // Nobody has told this page of it.
    await site.admin(
      "update awooop.outbound_messages set send_status = 'suppressed' where content_preview = 'Disk is fine'",
    );
    await page.getByRole("button", { name: "Send again: Disk is fine" }).click();
    await page.getByText("Nothing was sent again").first().waitFor();
    await page.getByRole("button", { name: "Send again: Disk is full" }).click();
    await page.getByText("No message has this status.").waitFor();
    await page.getByRole("button", { name: "Remove filter status" }).click();
    await page
      .getByRole("row", { name: /Disk is full/ })
      .getByText("sent")
      .waitFor();
    expect(receiver.received).toHaveLength(1);
    await end(/ 409 /);
    await receiver.close();
  });
});
