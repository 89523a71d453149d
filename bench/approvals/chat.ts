import { execFile } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ADMIN_KEY } from "../../test/support/awooop.ts";
import { good, waitUntilSent } from "../../test/support/e2e-tenant.ts";
import type { BotState, Person, Shown } from "../../test/support/telegram/bot-state.ts";
import { openTelegram } from "../../test/support/telegram/server.ts";
import { type Connection, openConnection } from "../api/client.ts";
import { type Ground, PROJECT, TOOLS, type Tool } from "./ground.ts";

const CLI = fileURLToPath(new URL("../../dist/server/cli.js", import.meta.url));
const GROUP = -1_001;
/** How often one account presses: thirty times a minute are answered. */
const MOST_PRESSES = 20;
const PATIENCE_MS = 30_000;
const POLL_MS = 5;
/** So that what one press leaves to be done does not fall into the next one. */
const PAUSE_MS = 50;

const AFTER_PRESS = [
  "Telegram: the note to who pressed",
  "console: told by its event stream",
  "console: the run's page shows who decided",
  "Telegram: the message shows who decided",
  "the run's call is at its tool server",
  "CLI: `approvals show` has printed who decided",
] as const;

/** In milliseconds from the press. */
type AfterPress = Map<(typeof AFTER_PRESS)[number], number[]>;

/** A group on Telegram in which somebody may decide, and a console that looks on. */
interface ChatGround {
  ground: Ground;
  tool: Tool;
  bot: BotState;
  /** The moments at which the bot did this, by the message or press that it was done to. */
  done: Map<string, number>;
  /** The moments at which the console was told that a question changed, by its id; the last counts. */
  told: Map<string, number>;
  connection: Connection;
}

async function openChatGround(
  closers: (() => unknown)[],
  at: { ground: Ground; tool: Tool },
  people: readonly Person[],
): Promise<ChatGround> {
  const { server } = at.ground;
  const telegram = await openTelegram();
  closers.push(() => telegram.close());
  const bot = telegram.bot("1:bench");
  bot.addChat(GROUP);
  const done = momentsOf(bot);
  const token = { project_id: PROJECT, value: "1:bench" };
  await good(server.api("/secrets/BOT", { method: "PUT", body: token }));
  const documents = CONTRACTS(telegram.url);
  await good(server.api("/contracts/apply", { body: { project_id: PROJECT, documents } }));
  for (const person of people) await link(at.ground, bot, person);
  const told = await listen(closers, server.url);
  const connection = await openConnection(server.url);
  closers.push(() => connection.close());
  return { ...at, bot, done, told, connection };
}

/** Gives somebody a key and sends its code to the bot. */
async function link({ server }: Ground, bot: BotState, person: Person): Promise<void> {
  const holder = { name: person.first_name, role: "operator", project_ids: [PROJECT] };
  const { key } = await good(server.api("/keys", { body: holder }));
  const body = { project_id: PROJECT };
  const { say } = await good(server.api("/chat-links/codes", { key, body }));
  const before = bot.sentTo(GROUP).length;
  bot.say(GROUP, person, say);
  await until(() => bot.sentTo(GROUP)[before], `${person.first_name} to be linked`);
}

const CONTRACTS = (api_root: string) => [
  {
    contract_family: "channel",
    contract_id: "ops",
    body: {
      ...{ type: "telegram", token: "secret:BOT", chat_id: GROUP, api_root },
      receive: { by: "polling" },
    },
  },
  {
    contract_family: "agent",
    contract_id: "asker",
    body: {
      ...{ display_name: "Asker", driver: "worker", tools: TOOLS, notify: ["ops"] },
      triggers: [{ channel: "ops" }],
      runbook: {
        steps: [
          {
            key: "wipe",
            call: {
              ...{ server: "tool", tool: "wipe" },
              args: { text: { $cel: "trigger.text" } },
            },
          },
        ],
      },
    },
  },
];

/** When the bot answered a press, or changed a message, last. */
function momentsOf(bot: BotState): Map<string, number> {
  const done = new Map<string, number>();
  const call = bot.call.bind(bot);
  bot.call = async (method, given, gone) => {
    const answer = await call(method, given, gone);
    const { callback_query_id, message_id } = given;
    if (method === "answerCallbackQuery") done.set(callback_query_id, performance.now());
    if (method === "editMessageText") done.set(String(message_id), performance.now());
    return answer;
  };
  return done;
}

/** Follows what changes, as the console does. */
async function listen(closers: (() => unknown)[], url: string): Promise<Map<string, number>> {
  const told = new Map<string, number>();
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const asked = request(new URL("/api/v1/events", url), { headers }).end();
  const [stream] = (await once(asked, "response")) as [IncomingMessage];
  closers.push(() => stream.destroy());
  stream.on("error", () => {});
  stream.setEncoding("utf8").on("data", (part: string) => {
    for (const [, id = ""] of part.matchAll(/"kind":"approval","id":"([0-9a-f-]+)"/g))
      told.set(id, performance.now());
  });
  return told;
}

async function until<T>(probe: () => T | undefined | Promise<T | undefined>, what: string) {
  const givenUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() > givenUpAt) throw new Error(`There was no sign of ${what}.`);
    await pause(POLL_MS);
  }
}

/**
 * How long after a press on Telegram all who look on know of it.
 *
 * @param count of presses; the first is not counted
 */
export async function measureChat(
  closers: (() => unknown)[],
  at: { ground: Ground; tool: Tool },
  count: number,
): Promise<AfterPress> {
  const people = Array.from({ length: Math.ceil((count + 1) / MOST_PRESSES) }, (_, n) => ({
    id: 77 + n,
    first_name: `ada-${n}`,
  }));
  const chat = await openChatGround(closers, at, people);
  const found: AfterPress = new Map(AFTER_PRESS.map((row) => [row, []]));
  for (let press = 0; press <= count; press += 1) {
    const text = `press ${press}`;
    const person = people[press % people.length] as Person;
    chat.bot.say(GROUP, person, text);
    const question = await until(
      () =>
        chat.bot
          .sentTo(GROUP)
          .find((of) => of.reply_markup && new RegExp(`\\b${text}\\b`).test(of.text)),
      `the question about ${text}`,
    );
    // Buttons hold once it is known where their message stands.
    await waitUntilSent(at.ground.server, PROJECT);
    await pause(PAUSE_MS);
    const moments = await afterPress(chat, question, { text, person });
    for (const [at, row] of AFTER_PRESS.entries()) {
      if (press > 0) found.get(row)?.push(moments[at] ?? Number.NaN);
    }
  }
  return found;
}

/** In the order of `AFTER_PRESS`. */
async function afterPress(
  chat: ChatGround,
  question: Shown,
  { text, person }: { text: string; person: Person },
): Promise<number[]> {
  const { bot, done, told, ground, tool, connection } = chat;
  const asked = (await ground.questions()).get(text);
  const data = question.reply_markup?.inline_keyboard?.[0]?.[0]?.callback_data;
  if (!asked || data === undefined) throw new Error(`${text} can't be approved in the chat.`);
  const { approval_id: id, run_id: runId } = asked;
  told.delete(id);
  const arrival = tool.arrival(text);
  const pressed = performance.now();
  const press = bot.press(question, person, data).id;
  const heard = await until(() => told.get(id), "the console's event");
  await until(async () => (await shows(connection, runId)) || undefined, "the decision");
  const shown = performance.now();
  const called = await arrival;
  const noted = await until(() => done.get(press), "the note");
  const edited = await until(() => done.get(String(question.message_id)), "the edit");
  // It is asked by somebody who has seen the note; the way of that counts as well.
  const typed = performance.now();
  await printed(ground, id);
  const cli = noted - pressed + (performance.now() - typed);
  return [...[noted, heard, shown, edited, called].map((moment) => moment - pressed), cli];
}

async function shows(connection: Connection, runId: string): Promise<boolean> {
  const { body } = await connection.ask({
    method: "GET",
    path: `/api/v1/runs/${runId}`,
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
  });
  return body.includes("operator_console.approve");
}

async function printed({ server }: Ground, approvalId: string): Promise<void> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [CLI, "approvals", "show", approvalId],
    { env: { ...process.env, AWOOOP_URL: server.url, AWOOOP_KEY: ADMIN_KEY } },
  );
  if (!/ada.*approve|approve.*ada/i.test(stdout)) throw new Error(`The CLI printed\n${stdout}`);
}
