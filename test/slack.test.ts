import { afterAll, beforeAll, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  type E2eTenant,
  good,
  grants,
  type Ledger,
  openLedger,
  waitUntilSent,
} from "./support/e2e-tenant.ts";
import {
  CONVERSATION,
  commandOf,
  eventOf,
  FORM,
  interactionForm,
  pressOf,
  SIGNING_SECRET,
  signed,
} from "./support/slack/requests.ts";
import { openSlackServer, type PostedMessage, type SlackServer } from "./support/slack/server.ts";
import { waitFor } from "./support/wait.ts";

/** From a message on Slack to a decision there, on a real server. */

let database: TestDatabase;
let ledger: Ledger;
let slack: SlackServer;
let server: Awooop;
let tenant: E2eTenant;

beforeAll(async () => {
  [database, ledger, slack] = await Promise.all([
    createTestDatabase(),
    openLedger(),
    openSlackServer(),
  ]);
  const env = { AWOOOP_ALLOW_HOSTS: "127.0.0.1" };
  server = await startAwooop({ databaseUrl: database.url, env });
  tenant = await addTenant(server, "acme", ledger);
  for (const [name, value] of Object.entries({ BOT: slack.token, SIGNING: SIGNING_SECRET }))
    await good(
      server.api(`/secrets/${name}`, { method: "PUT", body: { project_id: "acme", value } }),
    );
  const call = { server: "tools", tool: "wipe", args: { name: "cache" } };
  await applyContracts(server, "acme", [
    contract("channel", "ops", {
      type: "slack",
      bot_token: "secret:BOT",
      signing_secret: "secret:SIGNING",
      conversation_id: CONVERSATION,
      api_url: slack.apiUrl,
    }),
    contract("agent", "janitor", {
      driver: "worker",
      triggers: [{ channel: "ops", when: 'trigger.text.contains("disk")' }],
      notify: ["ops"],
      tools: grants(),
      runbook: { steps: [{ key: "wipe", call }] },
    }),
  ]);
});

afterAll(async () => {
  await server?.stop();
  await slack?.close();
  await database?.drop();
  await ledger?.remove();
});

async function post(body: string, headers: Record<string, string>): Promise<Response> {
  return fetch(`${server.url}/hooks/acme/ops`, {
    method: "POST",
    headers: { "content-type": "application/json", ...signed(body), ...headers },
    body,
  });
}

/** The button of a message that says so. */
function dataOf(message: PostedMessage, label: string): string {
  const elements = message.blocks.flatMap((block) => block.elements ?? []);
  return elements.find(({ text }) => text.text === label)?.value;
}

let presses = 0;

function press(message: PostedMessage, data: string): Promise<Response> {
  presses += 1;
  const payload = pressOf(data, {
    trigger_id: `trigger.${presses}`,
    message: { type: "message", ts: message.ts, thread_ts: message.thread_ts },
  });
  return post(interactionForm(payload), FORM);
}

/** What whoever pressed was told, and nobody else. */
const notes = () => slack.messages.filter(({ user }) => user !== undefined);
const note = (at: number) => slack.waitFor(() => notes()[at]?.text, `note ${at}`);

test("a message starts a run, its question is decided by who is linked, and the message says by whom", async () => {
  const said = JSON.stringify(eventOf({ text: "The disk of cache-1 is full" }));
  const taken = await post(said, {});
  expect(await taken.json()).toMatchObject({ events: [{ run_id: expect.any(String) }] });

  const question = await slack.waitFor(() => slack.messages[0], "the question");
  expect(question.channel).toBe(CONVERSATION);
  await waitUntilSent(server, "acme");
  const [approve, reject] = ["Approve", "Reject"].map((label) => dataOf(question, label)) as [
    string,
    string,
  ];

  await press(question, approve);
  expect(await note(0)).toMatch(/link/i);
  expect(ledger.lines()).toEqual([]);

  const { say } = await good(
    server.api("/chat-links/codes", { key: tenant.keys.operator, body: { project_id: "acme" } }),
  );
  const linked = await post(commandOf(say.replace(/^\//, "")), FORM);
  expect(linked.status).toBe(200);

  const pressed = await press(question, approve);
  expect(pressed.status).toBe(200);
  expect(await note(1)).toBe("Approved.");
  await waitFor(() => ledger.lines().length === 1, { timeoutMs: 20_000, what: "the call" });
  expect(ledger.lines()).toEqual(["wipe cache"]);
  const edited = await slack.waitFor(() => question.edits > 0 && question, "the edit");
  expect(edited.blocks.filter(({ type }) => type === "actions")).toEqual([]);

  await press(question, reject);
  expect(await note(2)).toMatch(/^acme-operator approved this at/);
  const ending = await slack.waitFor(
    () => slack.messages.find(({ thread_ts, user }) => thread_ts === question.ts && !user),
    "how the run ended, in its thread",
  );
  expect(ending.text).toContain("completed");
});
