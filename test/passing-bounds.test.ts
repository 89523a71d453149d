import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { serveEverything } from "./support/mcp/everything-http.ts";
import { everythingGranted, everythingKey } from "./support/mcp/granted-everything.ts";
import type { ListeningServer } from "./support/mcp/http-server.ts";
import { programBody } from "./support/mcp/pool.ts";
import {
  askLegacy,
  askModern,
  eventsOf,
  openSession,
  postLegacy,
} from "./support/mcp/raw-client.ts";

const MINUTE = 60_000;
const ASKABLE = { elicitation: {} };
const ELICIT = { name: "test_elicitation", arguments: { message: "Who?" } };
const SAID = { action: "accept", content: { username: "olga", email: "o@acme.example" } };

let database: TestDatabase;
let awooop: Awooop;
let other: Awooop;
const upstreams: ListeningServer[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  awooop = await startAwooop({ databaseUrl: database.url });
  other = await startAwooop({ databaseUrl: database.url });
  await awooop.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  for (const era of ["2025", "2026"] as const) upstreams.push(await serveEverything(era));
  const documents = [
    ...everythingGranted("http2025", { transport: "http", url: upstreams[0]?.url }),
    ...everythingGranted("http2026", { transport: "http", url: upstreams[1]?.url }),
    ...everythingGranted("stdio2025", programBody("everything-stdio.ts", "--era=2025")),
    {
      contract_family: "agent",
      contract_id: "narrow-agent",
      body: {
        display_name: "Narrow",
        driver: "client",
        resources: [{ server: "http2025", uris: ["test://static-*"] }],
        prompts: [
          { server: "http2025", names: ["test_simple_prompt"] },
          { server: "http2026", names: ["test_simple_prompt", "test_prompt_with_image"] },
        ],
      },
    },
    {
      contract_family: "agent",
      contract_id: "bare-agent",
      body: { display_name: "Bare", driver: "client", tools: [] },
    },
  ];
  const applied = await awooop.api("/contracts/apply", { body: { project_id: "acme", documents } });
  expect(applied.status, JSON.stringify(applied.body)).toBe(200);
}, MINUTE);

afterAll(async () => {
  await awooop?.stop();
  await other?.stop();
  for (const upstream of upstreams) await upstream.close();
  await database?.drop();
}, MINUTE);

const at = (server: Awooop, key: string, session?: string) => ({
  url: `${server.url}/mcp`,
  key,
  ...(session === undefined ? {} : { session }),
});

async function lastCall() {
  const { body } = await awooop.api("/runs?project_id=acme&per_page=1");
  const run = await awooop.api(`/runs/${body.runs[0].run_id}`);
  return run.body.mcp_calls.at(-1);
}

const words = (message: { result: { content: { text: string }[] } }) =>
  message.result.content.map(({ text }) => text).join("\n");

describe("a session", () => {
  it("is its key's, ends when its client says so, and outlives the process it began at", async () => {
    const key = await everythingKey(awooop, "http2025");
    const stranger = await everythingKey(awooop, "http2026");
    const session = await openSession(at(awooop, key));
    const ping = (server: Awooop, by: string, id = session) =>
      askLegacy(at(server, by, id), "ping");
    expect(await ping(awooop, key)).toMatchObject({ status: 200, last: { result: {} } });
    expect(await ping(other, key)).toMatchObject({ status: 200, last: { result: {} } });
    expect((await ping(awooop, stranger)).status).toBe(404);
    expect((await ping(awooop, key, `${session.slice(0, -2)}AA`)).status).toBe(404);
    const headers = { authorization: `Bearer ${key}`, "mcp-session-id": session };
    const ended = await fetch(`${awooop.url}/mcp`, { method: "DELETE", headers });
    expect(ended.status).toBe(200);
    expect((await ping(awooop, key)).status).toBe(404);
  });

  it.each(["http2025", "http2026"])(
    "is told what changes at %s, and of resources that it subscribed to",
    async (server) => {
      const key = await everythingKey(awooop, server);
      const [session, deaf] = [
        await openSession(at(awooop, key)),
        await openSession(at(awooop, key)),
      ];
      const listen = (id: string) =>
        fetch(`${awooop.url}/mcp`, {
          headers: {
            authorization: `Bearer ${key}`,
            accept: "text/event-stream",
            "mcp-session-id": id,
          },
        });
      const heard = eventsOf(await listen(session));
      const overheard = eventsOf(await listen(deaf));
      const uri = "test://watched-resource";
      const subscribed = await askLegacy(at(awooop, key, session), "resources/subscribe", { uri });
      expect(subscribed.last.result).toEqual({});
      const refused = await askLegacy(at(awooop, key, session), "resources/subscribe", {
        uri: "file:///etc/passwd",
      });
      expect(refused.last.error.data).toEqual({ "awooop/code": "E-CONTRACT-TOOL" });
      for (const name of ["test_trigger_resource_update", "test_trigger_prompt_change"])
        await askLegacy(at(awooop, key, session), "tools/call", { name });
      expect((await heard.next()).value).toMatchObject({
        method: "notifications/resources/updated",
        params: { uri },
      });
      expect((await heard.next()).value.method).toBe("notifications/prompts/list_changed");
      expect((await overheard.next()).value.method).toBe("notifications/prompts/list_changed");
      await Promise.all([heard.return(undefined), overheard.return(undefined)]);
    },
    MINUTE,
  );

  it(
    "is asked on the stream of its own call, and nobody else can answer for it",
    async () => {
      const key = await everythingKey(awooop, "http2025");
      const session = await openSession(at(awooop, key), ASKABLE);
      const bystander = await openSession(at(awooop, key), ASKABLE);
      const call = { id: "call", method: "tools/call", params: ELICIT };
      const events = eventsOf(await postLegacy(at(awooop, key, session), call));
      const { value: question } = await events.next();
      expect(question).toMatchObject({ method: "elicitation/create", params: { message: "Who?" } });
      const answer = (id: string, name: string) => {
        const content = { username: name, email: name };
        const result = { action: "accept", content };
        return postLegacy(at(awooop, key, id), { id: question.id, result });
      };
      expect((await answer(bystander, "mallory")).status).toBe(202);
      expect((await answer(session, "olga")).status).toBe(202);
      const { value: end } = await events.next();
      expect(end.id).toBe("call");
      expect(words(end)).toContain("olga");
      expect(words(end)).not.toContain("mallory");
    },
    MINUTE,
  );

  it(
    "that declared nothing is not asked, and one that goes away leaves nobody waiting",
    async () => {
      const key = await everythingKey(awooop, "http2025");
      const mute = await openSession(at(awooop, key));
      const unasked = await askLegacy(at(awooop, key, mute), "tools/call", ELICIT);
      expect(unasked.messages).toHaveLength(1);
      expect(unasked.last.result).toMatchObject({ isError: true });
      const leaving = await openSession(at(awooop, key), ASKABLE);
      const call = { id: "call", method: "tools/call", params: ELICIT };
      const events = eventsOf(await postLegacy(at(awooop, key, leaving), call));
      await events.next();
      const cancel = { method: "notifications/cancelled", params: { requestId: "call" } };
      expect((await postLegacy(at(awooop, key, leaving), cancel)).status).toBe(202);
      const rest = [];
      for await (const message of events) rest.push(message);
      expect(rest.filter(({ id }) => id === "call")).toEqual([]);
      expect(await lastCall()).toMatchObject({ result_status: "error", error_code: "E-CALL-LOST" });
    },
    MINUTE,
  );
});

describe("a program that two clients use at once", () => {
  it(
    "can't ask either of them, for nobody can tell whose call it asks about",
    async () => {
      const key = await everythingKey(awooop, "stdio2025");
      const sessions = [
        await openSession(at(awooop, key), ASKABLE),
        await openSession(at(awooop, key), ASKABLE),
      ];
      const slow = {
        id: "slow",
        method: "tools/call",
        params: { name: "test_elicitation", arguments: { message: "First" } },
      };
      const first = eventsOf(await postLegacy(at(awooop, key, sessions[0]), slow));
      const { value: question } = await first.next();
      expect(question.params.message).toBe("First");
      const second = await askLegacy(at(awooop, key, sessions[1]), "tools/call", ELICIT);
      expect(second.messages).toHaveLength(1);
      expect(words(second.last)).toContain("more than one");
      await postLegacy(at(awooop, key, sessions[0]), { id: question.id, result: SAID });
      expect(words((await first.next()).value)).toContain("olga");
    },
    MINUTE,
  );
});

describe("a call in rounds", () => {
  const ask = (server: Awooop, key: string, more: object = {}) =>
    askModern(at(server, key), "tools/call", { ...ELICIT, ...more }, ASKABLE);

  it(
    "goes on at another process, and each answer is sent once",
    async () => {
      const key = await everythingKey(awooop, "http2026");
      const { result: first } = (await ask(awooop, key)).last;
      expect(first).toMatchObject({
        resultType: "input_required",
        inputRequests: { answer: { method: "elicitation/create" } },
      });
      expect(await lastCall()).toMatchObject({ result_status: "executing" });
      const round = { requestState: first.requestState, inputResponses: { answer: SAID } };
      const { last } = await ask(other, key, round);
      expect(words(last)).toContain("olga");
      expect(await lastCall()).toMatchObject({ result_status: "success" });
      const again = await ask(awooop, key, round);
      expect(again.last.result).toMatchObject({
        isError: true,
        _meta: { "awooop/code": "E-CALL-LOST" },
      });
    },
    MINUTE,
  );

  it(
    "is its key's and its arguments'",
    async () => {
      const key = await everythingKey(awooop, "http2026");
      const { result: first } = (await ask(awooop, key)).last;
      const round = { requestState: first.requestState, inputResponses: { answer: SAID } };
      const stranger = await everythingKey(awooop, "http2026");
      for (const answer of [
        await ask(awooop, stranger, round),
        await ask(awooop, key, { ...round, arguments: { message: "Something else" } }),
        await ask(awooop, key, { ...round, requestState: `${first.requestState}x` }),
      ])
        expect(answer.last.error).toMatchObject({ code: -32602 });
    },
    MINUTE,
  );

  it(
    "of a server of the older era is held, at the process that it began at",
    async () => {
      const key = await everythingKey(awooop, "http2025");
      const { result: first } = (await ask(awooop, key)).last;
      const [name] = Object.keys(first.inputRequests);
      const round = { requestState: first.requestState, inputResponses: { [name ?? ""]: SAID } };
      expect((await ask(other, key, round)).last.error).toMatchObject({ code: -32602 });
      expect(words((await ask(awooop, key, round)).last)).toContain("olga");
      expect((await ask(awooop, key, round)).last.error).toMatchObject({ code: -32602 });
    },
    MINUTE,
  );
});

describe("resources and prompts", () => {
  it(
    "are listed and read where the contract says so, and each reading is recorded",
    async () => {
      const to = at(awooop, await keyOf("narrow-agent"));
      const { resources } = (await askModern(to, "resources/list")).last.result;
      expect(resources.map(({ uri }: { uri: string }) => uri)).toEqual([
        "test://static-text",
        "test://static-binary",
      ]);
      const read = await askModern(to, "resources/read", { uri: "test://static-text" });
      expect(read.last.result.contents).toHaveLength(1);
      expect(await lastCall()).toMatchObject({
        tool_name: "resources/read",
        server: "http2025",
        effect: "read",
        args: { uri: "test://static-text" },
        result_status: "success",
      });
      const denied = await askModern(to, "resources/read", { uri: "test://watched-resource" });
      expect(denied.last.error).toMatchObject({
        code: -32602,
        data: {
          uri: "test://watched-resource",
          "awooop/code": "E-CONTRACT-TOOL",
          "awooop/gate": 2,
        },
      });
      expect(await lastCall()).toMatchObject({ result_status: "blocked", block_gate: 2 });
    },
    MINUTE,
  );

  it(
    "of two servers with one name are both prefixed, and the list says whose they are",
    async () => {
      const to = at(awooop, await keyOf("narrow-agent"));
      const { prompts } = (await askModern(to, "prompts/list")).last.result;
      expect(
        prompts.map(({ name, _meta }: { name: string; _meta?: object }) => [name, _meta]),
      ).toEqual([
        ["http2025__test_simple_prompt", { "awooop/server": "http2025" }],
        ["http2026__test_simple_prompt", { "awooop/server": "http2026" }],
        ["test_prompt_with_image", undefined],
      ]);
      const got = await askModern(to, "prompts/get", { name: "http2026__test_simple_prompt" });
      expect(got.last.result.messages).toHaveLength(1);
      expect(await lastCall()).toMatchObject({ tool_name: "prompts/get", server: "http2026" });
      const plain = await askModern(to, "prompts/get", { name: "test_simple_prompt" });
      expect(plain.last.error.code).toBe(-32602);
    },
    MINUTE,
  );

  it(
    "do not exist for an agent that is granted none",
    async () => {
      const to = at(awooop, await keyOf("bare-agent"));
      for (const method of ["resources/list", "resources/templates/list", "prompts/list"]) {
        expect(await askModern(to, method)).toMatchObject({
          status: 404,
          last: { error: { code: -32601 } },
        });
        expect((await askLegacy(to, method)).last.error.code).toBe(-32601);
      }
      const { capabilities } = (await askModern(to, "server/discover")).last.result;
      expect(Object.keys(capabilities).sort()).toEqual(["extensions", "logging", "tools"]);
      const read = await askLegacy(to, "resources/read", { uri: "test://static-text" });
      expect(read.last.error.data).toMatchObject({ "awooop/gate": 2 });
    },
    MINUTE,
  );
});

async function keyOf(agentId: string): Promise<string> {
  const made = await awooop.api("/keys", {
    body: { name: agentId, role: "agent", project_ids: ["acme"], agent_id: agentId },
  });
  expect(made.status).toBe(201);
  return made.body.key;
}
