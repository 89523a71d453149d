import { McpServer } from "@modelcontextprotocol/server";
import { expect } from "vitest";
import { z } from "zod";
import type { Awooop } from "../awooop.ts";
import { waitFor } from "../wait.ts";

/** What an echoing tool has done. */
export interface Echoes {
  ran: string[];
  /** Calls about these texts are held until the promise is resolved. */
  held: Map<string, Promise<void>>;
}

/** A tool server with one tool, `echo`. */
export function echoServer({ ran, held }: Echoes): McpServer {
  const tools = new McpServer({ name: "fixture", version: "1.0.0" });
  const inputSchema = z.object({ text: z.string() });
  tools.registerTool("echo", { inputSchema }, async ({ text }) => {
    ran.push(text);
    await held.get(text);
    return { content: [{ type: "text", text }], structuredContent: { said: text } };
  });
  return tools;
}

/** A project `acme` with the tool server at `url`, and agents whose `echo` asks a person. */
export async function seedAsking(
  server: Awooop,
  url: string,
  agents: Record<string, Record<string, unknown>>,
): Promise<void> {
  await server.api("/tenants", {
    body: { project_id: "acme", display_name: "Acme", migration_mode: "active" },
  });
  const grant = { server: "fixture", tool: "echo", effect: "write" };
  const documents = [
    { contract_family: "tool_server", contract_id: "fixture", body: { transport: "http", url } },
    ...Object.entries(agents).map(([contract_id, more]) => ({
      contract_family: "agent",
      contract_id,
      body: { display_name: contract_id, driver: "client", tools: [{ ...grant, ...more }] },
    })),
  ];
  const applied = await server.api("/contracts/apply", {
    body: { project_id: "acme", documents },
  });
  expect(applied).toMatchObject({ status: 200 });
}

/** A new key of an agent; its calls are not held while a person thinks. */
export async function agentKey(server: Awooop, agent: string): Promise<string> {
  const made = await server.api("/keys", {
    body: { name: agent, role: "agent", project_ids: ["acme"], agent_id: agent, hold_seconds: 0 },
  });
  expect(made.status).toBe(201);
  return made.body.key;
}

/** The open question about a text. */
export async function question(server: Awooop, text: string) {
  return waitFor(
    async () => {
      const { body } = await server.api("/approvals?project_id=acme&limit=200");
      return body.items.find(
        (item: { arguments: { text: string } }) => item.arguments.text === text,
      );
    },
    { timeoutMs: 20_000, what: `the question about ${text}` },
  );
}

/** Answers the open question about a text. */
export async function decide(
  server: Awooop,
  text: string,
  decision: Record<string, unknown>,
): Promise<void> {
  const { run_id, approval_id } = await question(server, text);
  const answer = await server.api(`/approvals/${run_id}/decide`, {
    body: { project_id: "acme", reason: "", approval_id, ...decision },
  });
  expect(answer.status).toBe(200);
}
