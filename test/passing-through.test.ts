import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  type AnsweringClient,
  answering2025,
  answering2026,
} from "./support/mcp/answering-clients.ts";
import { serveEverything } from "./support/mcp/everything-http.ts";
import { everythingGranted, everythingKey } from "./support/mcp/granted-everything.ts";
import type { ListeningServer } from "./support/mcp/http-server.ts";
import { programBody } from "./support/mcp/pool.ts";

const MINUTE = 60_000;

let database: TestDatabase;
let awooop: Awooop;
const upstreams: ListeningServer[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  awooop = await startAwooop({ databaseUrl: database.url });
  await awooop.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  const documents = [];
  for (const era of ["2025", "2026"] as const) {
    const upstream = await serveEverything(era);
    upstreams.push(upstream);
    documents.push(
      ...everythingGranted(`http${era}`, { transport: "http", url: upstream.url }),
      ...everythingGranted(`stdio${era}`, programBody("everything-stdio.ts", `--era=${era}`)),
    );
  }
  const applied = await awooop.api("/contracts/apply", { body: { project_id: "acme", documents } });
  expect(applied.status, JSON.stringify(applied.body)).toBe(200);
}, MINUTE);

afterAll(async () => {
  await awooop?.stop();
  for (const upstream of upstreams) await upstream.close();
  await database?.drop();
}, MINUTE);

const words = (result: Record<string, unknown>) =>
  (result.content as { text: string }[]).map(({ text }) => text).join("\n");

const CLIENTS = [
  ["2025-11-25", answering2025],
  ["2026-07-28", answering2026],
] as const;
const SERVERS = ["http2025", "http2026", "stdio2025", "stdio2026"] as const;

describe.each(CLIENTS)("a client of %s", (_protocol, connect) => {
  describe.each(SERVERS)("and a tool server behind %s", (server) => {
    let client: AnsweringClient;
    beforeAll(async () => {
      client = await connect({
        url: `${awooop.url}/mcp`,
        key: await everythingKey(awooop, server),
      });
    }, MINUTE);
    afterAll(() => client?.close());

    it(
      "it is asked for what a person knows, what a model says and where it works",
      async () => {
        const form = await client.call("test_elicitation", { message: "Who are you?" });
        expect(words(form)).toContain("olga@acme.example");
        expect(words(await client.call("test_sampling", { prompt: "Capital?" }))).toBe(
          "LLM response: Paris",
        );
        const roots = await client.call("test_input_required_result_list_roots");
        expect(words(roots)).toContain("file:///work");
        expect(client.asked).toEqual([
          "elicitation/create",
          "sampling/createMessage",
          "roots/list",
        ]);
      },
      MINUTE,
    );

    it(
      "it is asked several things at once, and several times for one call",
      async () => {
        const several = await client.call("test_input_required_result_multiple_inputs");
        expect(words(several)).toBe("client_roots, greeting, user_name");
        const rounds = await client.call("test_input_required_result_multi_round");
        expect(words(rounds)).toBe("Olga likes undefined");
      },
      MINUTE,
    );

    it(
      "it hears of progress and what is logged, before the answer",
      async () => {
        await client.call("test_tool_with_progress");
        expect(client.progress.slice(-3)).toEqual([0, 50, 100]);
        await client.call("test_tool_with_logging");
        expect(client.logs).toEqual(
          ["started", "processing", "completed"].map((word) => `Tool execution ${word}`),
        );
      },
      MINUTE,
    );

    it(
      "it reads resources, gets prompts and completes arguments",
      async () => {
        const { resources, templates, prompts } = await client.lists();
        expect(resources).toContain("test://static-text");
        expect(templates).toEqual(["test://template/{id}/data"]);
        expect(prompts).toContain("test_prompt_with_arguments");
        expect(await client.read("test://template/7/data")).toMatchObject({
          contents: [{ uri: "test://template/7/data", text: expect.stringContaining('"id":"7"') }],
        });
        const args = { arg1: "one", arg2: "two" };
        expect(await client.prompt("test_prompt_with_arguments", args)).toMatchObject({
          messages: [{ content: { text: "arg1='one', arg2='two'" } }],
        });
        expect(await client.complete("test_prompt_with_arguments", "par")).toEqual([
          "par-one",
          "par-two",
        ]);
        const asking = await client.prompt("test_input_required_result_prompt");
        expect(JSON.stringify(asking.messages)).toContain("Context: ");
      },
      MINUTE,
    );
  });
});
