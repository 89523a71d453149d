import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADMIN_KEY } from "./support/awooop.ts";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { applyContracts, contract, good } from "./support/e2e-tenant.ts";
import { HANDS, tabTo } from "./support/hands.ts";
import { DESK } from "./support/page.ts";
import { openSite, type Site } from "./support/site.ts";
import type { Visit } from "./support/visit.ts";

/** What is done about people, keys, freezes and the console itself: everything by clicking, and by keyboard alone. */

let site: Site;

beforeAll(async () => {
  site = await openSite({
    AWOOOP_ROLES: "api",
    AWOOOP_OAUTH_ISSUERS: "https://issuer.example",
  });
  for (const [id, display_name] of [
    ["acme", "Acme"],
    ["globex", "Globex"],
  ]) {
    const tenant = { project_id: id, display_name, migration_mode: "active" };
    await good(site.server.api("/tenants", { body: tenant }));
  }
  await applyContracts(site.server, "acme", [
    contract("agent", "helper", { driver: "client", tools: [] }),
  ]);
  await good(site.server.api("/members", { body: { project_id: "acme", member_id: "bo" } }));
  await site.admin(
    `insert into awooop.chat_links (project_id, link_id, channel_type, channel_id, user_id, user_name, key_id, member_id)
     select 'acme', gen_random_uuid(), 'telegram', 'ops', hand, hand, 'e2etests', hand from unnest(array['${HANDS.join("','")}']) hand`,
  );
}, BROWSER_READY_MS);

afterAll(() => site?.close());

describe.each(HANDS)("by %s alone, who may do what", { timeout: 120_000 }, (name) => {
  let me: Visit;
  beforeAll(async () => {
    me = await site.visitBy(name);
    await me.go("/members?project=acme");
  });
  afterAll(() => me?.end());

  const inDialog = (label: string | RegExp) => me.dialog.getByLabel(label);
  const row = (called: RegExp) => me.page.getByRole("row", { name: called });

  it("is said of a member, and changed", async () => {
    await me.press(me.button("Add a member"));
    await me.choose(inDialog("Project"), "Acme");
    await me.write(inDialog("Member"), `ada-${name}`);
    await me.choose(inDialog("Role"), "viewer");
    await me.write(inDialog("Groups"), "dba, sre");
    await me.confirm("Add");
    await row(new RegExp(`ada-${name} viewer dba, sre`)).waitFor();
    await me.press(me.button(`Change ada-${name}`));
    await me.choose(inDialog("Role"), "admin");
    await me.confirm("Save");
    await row(new RegExp(`ada-${name} admin`)).waitFor();
  });

  it("is lent, and taken back", async () => {
    await me.press(me.button("Lent rights"));
    await me.press(me.button("Lend a right"));
    await me.write(inDialog("Whose right"), `ada-${name}`);
    await me.write(inDialog("To whom"), "bo");
    await me.confirm("Lend");
    const lent = row(new RegExp(`ada-${name} to bo`));
    await me.press(lent.getByRole("button", { name: "Take back what bo was lent" }));
    await me.confirm("Take back");
    await lent.getByText("taken back").waitFor();
  });

  it("is had from a chat, by a code or no more", async () => {
    await me.press(me.button(/^Chat/));
    await me.press(me.button("Link my chat account"));
    await me.press(me.dialog.getByRole("button", { name: "Make a code" }));
    await me.sees("The code is shown only now");
    await me.press(me.dialog.getByRole("button", { name: "Copy for Telegram" }));
    await me.copied();
    await me.confirm("Close");
    await me.press(me.button(`Remove the link of ${name} with Telegram`));
    await me.confirm("Remove the link");
    await row(new RegExp(`^${name} Telegram`)).waitFor({ state: "hidden" });
  });

  it("is had with a key, made and revoked", async () => {
    await me.press(me.button("Keys"));
    await me.press(me.button("Make a key"));
    await me.write(inDialog("Name"), `bob-${name}`);
    await me.choose(inDialog("Role"), "viewer");
    await me.press(me.dialog.getByRole("button", { name: "Make the key" }));
    await me.sees("This is the only time the key is shown");
    await me.press(me.dialog.getByRole("button", { name: "Copy the key" }));
    await me.copied();
    await me.confirm("I have kept it");
    await me.press(me.button(`Revoke bob-${name}`));
    await me.confirm("Revoke the key");
    await row(new RegExp(`bob-${name}`))
      .getByText("revoked")
      .waitFor();
  });

  it("is had by a client of an authorization server, added and revoked", async () => {
    await me.press(me.button("OAuth clients"));
    await me.press(me.button("Add a client"));
    await me.write(inDialog("Agent contract"), "helper");
    await me.write(inDialog("Issuer"), "https://issuer.example");
    await me.choose(inDialog("Its tokens name it by"), "sub");
    await me.write(me.dialog.getByRole("textbox", { name: "Client" }), `client-${name}`);
    await me.confirm("Add");
    await me.press(me.button(`Revoke client-${name}`));
    await me.confirm("Revoke the client");
    await row(new RegExp(`client-${name}`))
      .getByText("revoked")
      .waitFor();
  });

  it("stands in the audit log, is found there and taken along", async () => {
    await me.go("/audit-log?project=acme");
    await me.write(me.page.getByRole("searchbox", { name: "Who" }), "nobody");
    await me.sees("No entry matches");
    await me.press(me.link("Take off all filters"));
    await me.write(me.page.getByRole("searchbox", { name: "To what" }), `ada-${name}`);
    await me.page.waitForURL(/target=ada/);
    await me.pick(me.button(/^since/), "last hour");
    await me.pick(me.button(/^action/), "member.create");
    await me.press(me.link("member.create"));
    await me.dialog.getByText('"role": "viewer"').waitFor();
    await me.press(me.dialog.getByRole("button", { name: "Copy record" }));
    await me.copied();
    await me.confirm("Close details");
    expect(await me.download(me.button("Download"))).toBe("audit-log.jsonl");
    await me.press(me.button("Remove filter action"));
    // Only what comes after the list has been read is newer than it.
    await me.button("Remove filter action").waitFor({ state: "hidden" });
    await me.sees("Nothing newer");
    await good(
      site.server.api(`/members/ada-${name}`, {
        method: "PATCH",
        body: { project_id: "acme", groups: [] },
      }),
    );
    await me.press(me.button(/^1 newer/));
    await me.sees("Nothing newer");
    await me.press(me.link("member.update"));
    await me.press(me.dialog.getByRole("link", { name: "admin" }));
    await me.page.waitForURL(/actor=admin/);
    await me.press(me.link("member.update"));
    await me.press(me.dialog.getByRole("link", { name: `ada-${name}` }));
    await me.page.waitForURL(/target=ada/);
  });

  it("is stopped, one agent, a project or everything, and goes on", async () => {
    await me.go("/tenants/globex");
    await me.press(me.page.getByRole("main").getByRole("button", { name: /^Freeze/ }));
    await me.confirm("Back");
    await me.press(me.link("Freezes"));
    await me.page.getByRole("heading", { level: 1, name: "Freezes" }).waitFor();
    const lift = async (why: string) => {
      await me.press(me.button("Lift…"));
      await me.write(me.dialog.getByRole("textbox"), why);
      await me.confirm("Lift the freeze");
      await me.button("Lift…").waitFor({ state: "hidden" });
    };
    const freeze = async (what: string) => {
      await me.press(me.dialog.getByRole("button", { name: `Freeze ${what} now` }));
      await me.sees("It holds");
      await me.confirm("Close");
    };
    await me.press(me.button("Freeze"));
    await freeze("Globex");
    await me.sees("globex is frozen");
    await lift(`A drill by ${name}.`);
    await me.press(me.button("Freeze"));
    await me.press(me.dialog.getByRole("button", { name: "One agent" }));
    await me.choose(inDialog("Project"), "Acme");
    await me.choose(inDialog("Agent"), "helper");
    await me.write(me.dialog.getByRole("textbox"), "It deletes live caches.");
    await freeze("helper");
    await me.pick(me.button(/^Project/), "All projects");
    await lift("It deletes no more.");
    await me.press(me.button("Freeze"));
    await me.press(me.dialog.getByRole("button", { name: "Everything", exact: true }));
    await freeze("everything");
    await me.sees("Everything is frozen");
    await lift("All is well.");
    await me.sees(`A drill by ${name}.`);
  });

  it("is over for one who leaves", async () => {
    await me.go("/members?project=acme");
    await me.press(me.button(`Change ada-${name}`));
    await me.choose(inDialog("State"), "deactivated: their keys open nothing here");
    await me.confirm("Save");
    await row(new RegExp(`ada-${name}`))
      .getByText("deactivated")
      .waitFor();
  });
});

describe.each(HANDS)("by %s alone, the console", { timeout: 120_000 }, (name) => {
  let me: Visit;
  beforeAll(async () => {
    me = await site.visitBy(name);
  });
  // Without a session some requests are turned away.
  afterAll(() => me?.end(/ 401 /));

  const isFocused = (target: ReturnType<Visit["link"]>) =>
    target.and(me.page.locator(":focus")).waitFor();

  it("finds what is called so, and has the focus back after", async () => {
    await me.go("/channels");
    const found = me.page.getByRole("combobox");
    const search = me.button(/^Runs, tools, ids/);
    await me.press(search);
    await found.waitFor();
    await me.page.keyboard.press("Escape");
    await isFocused(search);
    await me.press(search);
    await me.write(found, "keys");
    await me.take(me.page.getByRole("option", { name: /^Keys/ }));
    await me.press(me.dialog.getByRole("button", { name: "Close" }));
    await isFocused(search);
    await me.press(search);
    await me.write(found, "audit");
    await me.take(me.page.getByRole("option", { name: "Audit log" }));
    await me.page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
  });

  it("leads to every page", async () => {
    const nav = me.page.getByRole("navigation", { name: "Main" });
    for (const label of ["Overview", "Runs", "Approvals", "Contracts", "Channels", "Tenants"]) {
      const link = nav.getByRole("link", { name: label, exact: true });
      await me.press(link);
      await nav.locator("[aria-current=page]").filter({ hasText: label }).waitFor();
    }
  });

  it("leads to every page from a phone as well", async () => {
    const phone = await site.visitBy(name, { ...DESK, width: 390 });
    await phone.go("/");
    const tabs = phone.page.getByRole("navigation", { name: "Sections" });
    const here = tabs.locator("[aria-current=page]");
    for (const label of ["Approvals", "Runs", "Overview"]) {
      await phone.press(tabs.getByRole("link", { name: label }));
      await here.filter({ hasText: label }).waitFor();
    }
    for (const label of [
      "Contracts",
      "Tool servers",
      "Channels",
      "Channel events",
      "Tenants",
      "Members, keys",
      "Audit log",
    ]) {
      await phone.pick(tabs.getByRole("button", { name: "More" }), `${label}$`);
      await phone.page.getByRole("heading", { level: 1, name: label, exact: true }).waitFor();
      await here.filter({ hasText: "More" }).waitFor();
    }
    await phone.end();
  });

  it("leads back from an address where there is nothing", async () => {
    await me.page.goto(`${site.server.url}/nothing`);
    await me.press(me.link("To the runs"));
    await me.page.getByRole("heading", { level: 1, name: "Runs" }).waitFor();
  });

  it("does by its search what buttons do, for a project, a theme, a language or a freeze", async () => {
    await me.go("/channels");
    const found = me.page.getByRole("combobox");
    const find = async (words: string, option: string | RegExp) => {
      await me.page.keyboard.press("Control+k");
      await me.write(found, words);
      await me.take(me.page.getByRole("option", { name: option }).first());
      await found.waitFor({ state: "hidden" });
    };
    await find("globex", /^Globex/);
    await me.page.waitForURL(/project=globex/);
    await find("all projects", "All projects");
    await me.page.waitForURL(/channels$/);
    for (const theme of ["Dark", "Light"]) {
      await find(theme, `Theme: ${theme}`);
      await me.page.locator(`html[data-theme=${theme.toLowerCase()}]`).waitFor();
    }
    await find("freeze", /^Freeze/);
    await me.confirm("Back");
    await find("繁體中文", "繁體中文");
    await me.page.getByRole("heading", { level: 1, name: "頻道" }).waitFor();
    await find("English", "English");
    await me.page.getByRole("heading", { level: 1, name: "Channels" }).waitFor();
  });

  it("changes its language, its theme, its project and its keys", async () => {
    const html = me.page.locator("html");
    await me.pick(me.button("Theme"), "Dark");
    expect(await html.getAttribute("data-theme")).toBe("dark");
    await me.pick(me.button("Language"), "繁體中文");
    await me.pick(me.button("語言"), "English");
    await me.pick(me.button("Project"), "Globex");
    await me.page.waitForURL(/project=globex/);
    await me.pick(me.button("Account"), "Keys");
    await me.confirm("Close");
    await me.pick(me.button("Account"), "Single-key shortcuts");
    await me.page.keyboard.press("?");
    await me.pick(me.button("Account"), "Single-key shortcuts");
    expect(await me.dialog.count()).toBe(0);
    await me.page.keyboard.press("?");
    await me.confirm("Close");
  });

  it("lets one sign in again when the session is over, out, and in", async () => {
    const signIn = async (within: Visit["dialog"]) => {
      await me.write(within.getByLabel("Key"), ADMIN_KEY);
      await me.press(within.getByRole("button", { name: "Sign in" }));
    };
    await me.go("/contracts");
    await me.page.context().clearCookies();
    // What looks for it finds out.
    await me.page.keyboard.press("Control+k");
    await me.page.keyboard.type("half a thought");
    const over = me.page.getByRole("dialog", { name: "Your session has ended" });
    await signIn(over);
    await over.waitFor({ state: "hidden" });
    await me.page.keyboard.press("Escape");
    await me.dialog.waitFor({ state: "hidden" });
    await me.pick(me.button("Account"), "Sign out");
    await me.page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();
    await signIn(me.page.getByRole("main"));
    await me.button("Account").waitFor();
  });
});

describe("the search for everything", { timeout: 60_000 }, () => {
  it("gives the focus back also while its code is on its way", async () => {
    const me = await site.visitBy("keyboard");
    const { page } = me;
    let isAsked = false;
    // It never comes.
    await page.route(/palette-[^/]*\.js/, () => {
      isAsked = true;
    });
    await me.go("/channels");
    const link = me.link("Contracts");
    await tabTo(link);
    await page.keyboard.press("Control+k");
    await page.locator("input:focus").waitFor();
    await expect.poll(() => isAsked).toBe(true);
    await page.keyboard.press("Escape");
    await link.and(page.locator(":focus")).waitFor();
    await me.end();
  });
});
