import { fileURLToPath } from "node:url";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { agentKey } from "./support/mcp/asking.ts";
import { ask, listenRaw, type RawStream } from "./support/mcp/modern.ts";
import { waitFor } from "./support/wait.ts";

/** What clients hear of without asking: `subscriptions/listen` of 2026-07-28, and the stream of a 2025-era session. */

const SLOW = 60_000;
const CHANGING = fileURLToPath(new URL("./support/mcp/changing-server.ts", import.meta.url));
const TOOLS_CHANGED = "notifications/tools/list_changed";

let database: TestDatabase;
let server: Awooop;
const keys: Record<string, string> = {};
const streams: RawStream[] = [];

const grants = (...tools: string[]) =>
  tools.map((tool) => ({ server: "changing", tool, effect: "read", approval: "never" }));
const agent = (contract_id: string, tools: unknown[], more = {}) => ({
  contract_family: "agent",
  contract_id,
  body: { display_name: contract_id, driver: "client", tools, ...more },
});
const apply = async (...documents: unknown[]) => {
  const applied = await server.api("/contracts/apply", {
    body: { project_id: "acme", documents },
  });
  expect(applied).toMatchObject({ status: 200 });
};

const NOTES = { resources: [{ server: "changing", uris: ["note://*"] }] };
const ALL = grants("look", "grow", "rewrite", "touch", "extra");

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startAwooop({ databaseUrl: database.url });
  await server.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  await apply(
    {
      contract_family: "tool_server",
      contract_id: "changing",
      body: { transport: "stdio", command: process.execPath, args: [CHANGING] },
    },
    agent("scout", ALL, NOTES),
    agent("other", grants("look")),
    agent("asker", [{ server: "changing", tool: "touch", effect: "write" }]),
  );
  for (const name of ["scout", "other", "asker"]) keys[name] = await agentKey(server, name);
}, SLOW);

afterAll(async () => {
  for (const stream of streams) stream.close();
  await server?.stop();
  await database?.drop();
});

const at = (name = "scout") => ({ url: `${server.url}/mcp`, key: keys[name] ?? "" });
const call = (name: string, as = "scout") => ask(at(as), "tools/call", { name, arguments: {} });

async function listen(notifications: Record<string, unknown>, as = "scout", capabilities?: object) {
  const stream = await listenRaw(at(as), { notifications }, capabilities as never);
  streams.push(stream);
  await waitFor(() => stream.heard.length > 0, { timeoutMs: 20_000, what: "the acknowledgement" });
  expect(stream.heard[0]).toMatchObject({
    method: "notifications/subscriptions/acknowledged",
    params: { _meta: { "io.modelcontextprotocol/subscriptionId": stream.id } },
  });
  return stream;
}

const honored = (stream: RawStream) => stream.heard[0]?.params.notifications;
const heard = (stream: RawStream, method: string) =>
  stream.heard.filter((message) => message.method === method);
const untilHeard = (stream: RawStream, method: string, count = 1) =>
  waitFor(() => heard(stream, method).length >= count && heard(stream, method), {
    timeoutMs: 30_000,
    what: `${count} of ${method}`,
  });

describe("a client of 2026-07-28", () => {
  it(
    "is told what it will hear: no more than its contract grants",
    async () => {
      const everything = {
        toolsListChanged: true,
        promptsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: ["note://one", "file:///etc/passwd"],
      };
      expect(honored(await listen(everything))).toEqual({
        toolsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: ["note://one"],
      });
      expect(honored(await listen(everything, "other"))).toEqual({ toolsListChanged: true });
    },
    SLOW,
  );

  it(
    "is let go at once when there is nothing to tell",
    async () => {
      const stream = await listen({ promptsListChanged: true });
      expect(honored(stream)).toEqual({});
      await stream.ended;
      expect(stream.heard.at(-1)).toMatchObject({
        id: stream.id,
        result: { resultType: "complete" },
      });
    },
    SLOW,
  );

  it.each([
    {},
    { notifications: { toolsListChanged: "yes" } },
    { notifications: { taskIds: "x" } },
  ])(
    "is refused what can't be listened to: %j",
    async (params) => {
      const { error } = await ask(at(), "subscriptions/listen", params);
      expect(error).toMatchObject({ code: -32602 });
    },
    SLOW,
  );

  it(
    "has to declare the tasks extension to hear of tasks",
    async () => {
      const params = { notifications: { taskIds: ["x"] } };
      expect(await ask(at(), "subscriptions/listen", params, {})).toMatchObject({
        status: 400,
        error: { code: -32021 },
      });
    },
    SLOW,
  );

  it(
    "hears that its tools have changed with its contract, and nothing of another's",
    async () => {
      const mine = await listen({ toolsListChanged: true }, "other");
      const others = await listen({ toolsListChanged: true });
      await ask(at(), "tools/list");
      await apply(agent("other", grants("look", "touch")));
      await untilHeard(mine, TOOLS_CHANGED);
      const { result } = await ask(at("other"), "tools/list");
      expect(result.tools.map(({ name }: { name: string }) => name)).toContain("touch");
      // Another revision with the same tools is no change of the list.
      await apply(agent("other", grants("look", "touch"), { display_name: "Another name" }));
      await apply(agent("other", grants("touch")));
      await untilHeard(mine, TOOLS_CHANGED, 2);
      expect(heard(others, TOOLS_CHANGED)).toEqual([]);
    },
    SLOW,
  );

  it(
    "hears of a tool that its tool server has added, and of one that was changed and is now withheld",
    async () => {
      const stream = await listen({ toolsListChanged: true });
      const names = async () => {
        const { result } = await ask(at(), "tools/list");
        return result.tools.map(({ name }: { name: string }) => name) as string[];
      };
      expect(await names()).not.toContain("extra");
      await call("grow");
      await untilHeard(stream, TOOLS_CHANGED);
      expect(await names()).toContain("extra");
      await call("rewrite");
      await untilHeard(stream, TOOLS_CHANGED, 2);
      expect(await names()).not.toContain("look");
    },
    SLOW,
  );

  it(
    "hears of the resources it asked for, and of no others",
    async () => {
      const stream = await listen({ resourceSubscriptions: ["note://one"] });
      const without = await listen({ resourcesListChanged: true });
      await call("touch");
      expect(await untilHeard(stream, "notifications/resources/updated")).toMatchObject([
        { params: { uri: "note://one" } },
      ]);
      expect(heard(without, "notifications/resources/updated")).toEqual([]);
    },
    SLOW,
  );

  it(
    "hears how its task goes, with the result of the call",
    async () => {
      const { result } = await ask(at("asker"), "tools/call", { name: "touch", arguments: {} });
      const { taskId } = result;
      const stream = await listen({ taskIds: [taskId, "somebody else's"] }, "asker");
      expect(honored(stream)).toEqual({ taskIds: [taskId] });
      await untilHeard(stream, "notifications/tasks");
      const { body } = await server.api("/approvals?project_id=acme&limit=200");
      const [asked] = body.items.filter((item: { agent_id: string }) => item.agent_id === "asker");
      const decision = { project_id: "acme", decision: "approve", approval_id: asked.approval_id };
      await server.api(`/approvals/${asked.run_id}/decide`, { body: { ...decision, reason: "" } });
      const told = await waitFor(
        () =>
          heard(stream, "notifications/tasks").find(({ params }) => params.status === "completed"),
        { timeoutMs: 20_000, what: "the end of the task" },
      );
      expect(told.params).toMatchObject({
        taskId,
        result: { content: [{ type: "text", text: "done" }] },
        _meta: { "io.modelcontextprotocol/subscriptionId": stream.id },
      });
      const polled = await ask(at("asker"), "tasks/get", { taskId });
      expect(polled.result.result).toEqual(told.params.result);
    },
    SLOW,
  );

  it(
    "may be an unmodified one of SDK v2",
    async () => {
      const client = new Client(
        { name: "test-agent", version: "1.0.0" },
        { versionNegotiation: { mode: "auto" } },
      );
      let changes = 0;
      client.setNotificationHandler(TOOLS_CHANGED, () => {
        changes += 1;
      });
      const headers = { authorization: `Bearer ${keys.other}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(at().url), { requestInit: { headers } }),
      );
      const subscription = await client.listen({ toolsListChanged: true });
      await apply(agent("other", grants("look", "touch", "extra")));
      await waitFor(() => changes > 0, { timeoutMs: 20_000, what: "the change" });
      await subscription.close();
      await client.close();
    },
    SLOW,
  );
});

describe("a session of the 2025 era", () => {
  it(
    "hears on its stream that its tools have changed",
    async () => {
      const client = new Client({ name: "test-agent", version: "1.0.0" });
      let changes = 0;
      client.setNotificationHandler(TOOLS_CHANGED, () => {
        changes += 1;
      });
      const headers = { authorization: `Bearer ${keys.other}` };
      await client.connect(
        new StreamableHTTPClientTransport(new URL(at().url), { requestInit: { headers } }),
      );
      // Its stream is opened in the background, so the contract is changed until that is there.
      let turn = 0;
      await waitFor(
        async () => {
          await apply(agent("other", turn++ % 2 === 0 ? grants("look") : grants("touch")));
          return changes > 0;
        },
        { timeoutMs: 30_000, what: "the change" },
      );
      await client.close();
    },
    SLOW,
  );
});

describe("the gateway", () => {
  it(
    "ends the streams in good order when it stops",
    async () => {
      const stream = await listen({ toolsListChanged: true });
      await server.stop();
      await stream.ended;
      expect(stream.heard.at(-1)).toMatchObject({
        id: stream.id,
        result: { resultType: "complete" },
      });
    },
    SLOW,
  );
});
