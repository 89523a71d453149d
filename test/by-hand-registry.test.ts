import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER_READY_MS } from "./support/chromium.ts";
import { applyContracts, contract, good } from "./support/e2e-tenant.ts";
import { HANDS, type HandName } from "./support/hands.ts";
import { makeRegistryWorld } from "./support/registry-world.ts";
import { openSite, type Site } from "./support/site.ts";
import { openReceiver } from "./support/tenant.ts";
import type { Visit } from "./support/visit.ts";

/** What is done with what is registered: everything by clicking, and everything by keyboard alone. */

let site: Site;
let receiver: Awaited<ReturnType<typeof openReceiver>>;

beforeAll(async () => {
  [site, receiver] = await Promise.all([openSite(), openReceiver()]);
  await makeRegistryWorld(site.server);
  await Promise.all([changeTools(), giveUpMessages(), takeInEvent()]);
}, BROWSER_READY_MS);

afterAll(async () => {
  await site?.close();
  await receiver?.close();
});

/** A changed tool for each hand, as `look` is one. */
async function changeTools(): Promise<void> {
  for (const table of ["tool_pins", "tool_reviews"]) {
    const id = table === "tool_reviews" ? ", 'review_id', gen_random_uuid()" : "";
    await site.admin(
      `insert into awooop.${table} select (jsonb_populate_record(of, jsonb_build_object('tool_name', 'look-' || hand${id}))).*
       from awooop.${table} of, unnest(array['${HANDS.join("','")}']) hand
       where tool_name = 'look' and changed_hash is not null`,
    );
  }
}

/** An event that came in, is of a case and has started a run. */
async function takeInEvent(): Promise<void> {
  await site.admin(
    `with run as (insert into awooop.runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id)
       select gen_random_uuid(), project_id, contract_id, revision_id, 'client', 'running', 'DiskFull', false, md5('a')
       from awooop.contract_revisions where contract_id = 'disk-janitor' and lifecycle_status = 'active' returning *)
     insert into awooop.channel_events (event_id, project_id, channel_type, channel_id, provider_event_id, payload,
       content_preview, run_id, case_id)
     select gen_random_uuid(), project_id, 'alertmanager', 'alerts', 'f1', '{}', 'DiskFull: 91 %', run_id, gen_random_uuid() from run`,
  );
}

/** A channel with a message that was given up, for each hand. */
async function giveUpMessages(): Promise<void> {
  const value = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
  await good(
    site.server.api("/secrets/PAGER", { method: "PUT", body: { project_id: "globex", value } }),
  );
  const body = { type: "webhook", url: receiver.url, secret: "secret:PAGER" };
  await applyContracts(
    site.server,
    "globex",
    HANDS.map((hand) => contract("channel", `pager-${hand}`, body)),
  );
  await site.admin(
    `insert into awooop.outbound_messages (message_id, project_id, channel_type, channel_id, message_type, content,
       content_preview, send_status, send_error)
     select gen_random_uuid(), 'globex', 'webhook', 'pager-' || hand, 'notice', jsonb_build_object('text', hand),
       'Disk is full', 'failed', 'The receiver answered 410.' from unnest(array['${HANDS.join("','")}']) hand`,
  );
}

describe.each(HANDS)("by %s alone, what is registered", { timeout: 120_000 }, (name: HandName) => {
  let me: Visit;
  beforeAll(async () => {
    me = await site.visitBy(name);
  });
  afterAll(() => me?.end(/ 422 /));

  const inMain = (link: string) =>
    me.page.getByRole("main").getByRole("link", { name: link, exact: true }).first();
  const body = () => me.page.getByRole("textbox", { name: "Body" });

  /** Takes the next step of a revision's life. */
  async function step(called: string, reason?: string): Promise<void> {
    await me.press(me.button(called));
    if (reason !== undefined) await me.write(me.dialog.getByRole("textbox"), reason);
    await me.confirm(called);
  }

  async function draft(text: string, heading: string | RegExp): Promise<void> {
    await me.write(body(), text);
    await me.sees("Valid as things stand now");
    await me.press(me.button("Save draft"));
    await me.page.getByRole("heading", { level: 1, name: heading }).waitFor();
  }

  it("is found by filters, drafted and checked", async () => {
    await me.go("/contracts");
    await me.pick(me.button(/^family/), "policy");
    await me.page.waitForURL(/family=policy/);
    await me.pick(me.button(/^status/), "rejected");
    await me.press(me.link("Take off all filters"));
    await me.pick(me.button(/^status/), "in review");
    await me.press(me.button("Remove filter status"));
    await me.press(me.link("New contract"));
    await me.choose(me.page.getByRole("combobox", { name: "Project" }), "Globex");
    await me.choose(me.page.getByRole("combobox", { name: "Family" }), "policy");
    await me.choose(me.page.getByRole("combobox", { name: "Family" }), "agent");
    await me.write(me.field("Contract id"), `agent-of-${name}`);
    await me.press(me.button("JSON"));
    expect(await body().inputValue()).toMatch(/^\{/);
    await me.press(me.button("YAML"));
    await me.write(body(), "display_name: New\ndriver: client\ntools: [\n");
    await me.press(me.button(/^Line \d/));
    await me.page.locator("textarea:focus").waitFor();
    await draft("display_name: New\ndriver: client\ntools: []\n", `agent-of-${name} 1.0`);
  });

  it("goes its way from draft to retired, and is compared on it", async () => {
    await step("Submit for review", "It is new.");
    await step("Approve revision");
    await step("Activate");
    await me.sees(/^Active: what begins/);
    await me.press(me.button("Copy body"));
    await me.copied();
    await me.press(me.link("Draft a new revision"));
    await draft("display_name: Newer\ndriver: client\ntools: []\n", `agent-of-${name} 1.1`);
    await step("Submit for review");
    await me.press(me.link("Compare with the active one"));
    for (const view of ["Inline", "JSON Patch", "Side by side"]) await me.press(me.button(view));
    await me.choose(me.field("Compare from"), "1.1 in review");
    await me.sees("Nothing that bears on");
    await me.choose(me.field("Compare from"), "1.0 active");
    await step("Approve revision");
    await step("Activate");
    await me.press(me.link("Open 1.1 alone"));
    await me.press(me.link("1.0"));
    await me.sees(/^Deprecated: nothing/);
    await step("Retire for good");
    await me.sees(/^Retired for good/);
    await me.press(me.link("1.1"));
    await step("Take out of use");
    await me.sees(/^Deprecated: nothing/);
  });

  it("is rejected with words", async () => {
    await me.press(me.link("Draft a new revision"));
    await draft("display_name: Worse\ndriver: client\ntools: []\n", /^agent-of-\w+ [\d.]+$/);
    await step("Submit for review");
    await me.press(me.button("Reject…"));
    await me.press(me.dialog.getByRole("button", { name: "Reject" }).last());
    await me.sees("A reason is needed");
    await me.write(me.dialog.getByRole("textbox"), "Only a trial.");
    await me.confirm("Reject");
    await me.sees(/^Rejected for good/);
  });

  it("is a changed tool: both versions are read, and it is kept or accepted", async () => {
    await me.go("/");
    await me.press(inMain("Tool servers"));
    await me.press(me.link("kit"));
    const review = me.page.getByRole("article", { name: `look-${name}` });
    await me.press(review.locator("summary"));
    await review.getByText("tells somebody else").nth(1).waitFor();
    await me.press(review.getByRole("button", { name: "Keep it quarantined" }));
    await me.write(me.dialog.getByRole("textbox"), "Who did that?");
    await me.confirm("Keep it quarantined");
    await review.getByText("admin left it quarantined").waitFor();
    await me.press(review.getByRole("button", { name: /^Accept/ }));
    await me.confirm(/^Accept/);
    await review.waitFor({ state: "hidden" });
  });

  it("is a channel: what was given up is sent again, and what came in is found", async () => {
    await me.go("/channels");
    await me.press(me.link(`pager-${name}`));
    await me.pick(me.button(/^status/), "given up");
    await me.page.waitForURL(/status=failed/);
    await me.press(me.button("Send again: Disk is full"));
    await me.sees("No message has this status.");
    await me.press(me.button("Remove filter status"));
    await me.page
      .getByRole("row", { name: /Disk is full/ })
      .getByText("sent")
      .waitFor();
    await me.go("/channel-events");
    await me.pick(me.button(/^type/), "grafana");
    await me.sees("No event matches");
    await me.press(me.link("Take off all filters"));
    await me.write(me.page.getByRole("textbox", { name: /provider id/ }), "nothing");
    await me.sees("No event matches");
    await me.write(me.page.getByRole("textbox", { name: /provider id/ }), "");
    await me.press(inMain("case"));
    await me.page.waitForURL(/case=/);
    await me.press(me.button("Remove filter case"));
    await me.press(inMain("run"));
    await me.page.getByRole("heading", { level: 1, name: /DiskFull/ }).waitFor();
  });

  it("is a project, from its making to its end and back", async () => {
    await me.go("/tenants");
    await me.press(me.button("New project"));
    await me.write(me.field("Project id"), `initech-${name}`);
    await me.write(me.field("Display name"), `Initech ${name}`);
    await me.write(me.field("Limit of a month"), "40");
    await me.choose(me.page.getByRole("radio", { name: /^active/ }));
    await me.confirm("Make the project");
    await me.page.getByRole("heading", { level: 1, name: `Initech ${name}` }).waitFor();
    await me.press(me.button("Change mode…"));
    await me.choose(me.page.getByRole("radio", { name: /^canary/ }));
    await me.write(me.field(/Percent/), "10");
    await me.confirm("Set to canary");
    await me.sees("10 % of the triggers run live");
    await me.press(me.button("Edit…"));
    await me.write(me.field("Days until a run is deleted"), "1");
    await me.write(me.field("Days until a run’s payloads are erased"), "5");
    await me.press(me.field("Whoever drafts a contract"));
    await me.press(me.dialog.getByRole("button", { name: "Save" }));
    await me.sees("must not be more than retention_run_days");
    await me.write(me.field("Days until a run is deleted"), "9");
    await me.confirm("Save");
    await me.sees("9 days");
    await me.press(me.button("Deactivate…"));
    await me.choose(me.page.getByRole("radio", { name: /^They are cancelled/ }));
    await me.confirm("Deactivate, cancel runs");
    await me.sees("Deactivated:");
    await me.press(me.button("Activate"));
    await me.confirm("Activate");
    await me.button("Deactivate…").waitFor();
  });

  it("is a secret that is set, replaced and deleted", async () => {
    await me.press(me.button("New secret"));
    await me.write(me.dialog.getByLabel("Name"), "TOKEN");
    await me.write(me.dialog.getByLabel("Value"), "s3cr3t");
    await me.confirm("Store");
    await me.press(me.button("Replace TOKEN"));
    await me.write(me.dialog.getByLabel("Value"), "0ther");
    await me.confirm("Store");
    await me.press(me.button("Delete TOKEN"));
    await me.confirm("Delete TOKEN");
    await me.sees("It has no secret");
  });

  it("begins on the page where it will stand", async () => {
    const nav = me.page.getByRole("navigation", { name: "Main" });
    const kinds = [
      [
        "Tool servers",
        "Add a tool server",
        "tool_server",
        "transport: http\nurl: http://127.0.0.1:9/mcp\n",
      ],
      [
        "Channels",
        "New channel",
        "channel",
        "type: webhook\nurl: http://127.0.0.1:9/\nsecret: secret:PAGER\n",
      ],
    ] as const;
    for (const [page, called, family, text] of kinds) {
      await me.press(nav.getByRole("link", { name: page, exact: true }));
      await me.press(me.link(called));
      await me.page.waitForURL(new RegExp(`family=${family}`));
      await me.choose(me.page.getByRole("combobox", { name: "Project" }), "Globex");
      await me.write(me.field("Contract id"), `${family}-of-${name}`);
      await draft(text, `${family}-of-${name} 1.0`);
    }
  });
});
