import {
  Client as ClientV2,
  LOG_LEVEL_META_KEY,
  StreamableHTTPClientTransport as TransportV2,
} from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js";

type Json = Record<string, unknown>;

/** An unmodified SDK client that answers what it is asked, and notes what it hears. */
export interface AnsweringClient {
  call(name: string, args?: Json): Promise<Json>;
  read(uri: string): Promise<Json>;
  prompt(name: string, args?: Record<string, string>): Promise<Json>;
  complete(prompt: string, value: string): Promise<unknown>;
  lists(): Promise<{ resources: string[]; templates: string[]; prompts: string[] }>;
  /** What it was asked, by method. */
  asked: string[];
  progress: number[];
  logs: unknown[];
  close(): Promise<void>;
}

interface Connect {
  url: string;
  key: string;
  /** What it declares and answers; everything by default. */
  capabilities?: Json;
}

const CAPABILITIES = { elicitation: {}, sampling: {}, roots: {} };
const SAID = {
  elicit: {
    action: "accept",
    content: { username: "olga", email: "olga@acme.example", name: "Olga" },
  },
  sample: { role: "assistant", model: "scripted", content: { type: "text", text: "Paris" } },
  roots: { roots: [{ uri: "file:///work", name: "Work" }] },
};

const headers = (key: string) => ({ requestInit: { headers: { authorization: `Bearer ${key}` } } });

/** Of SDK v1 and the 2025-11-25 protocol: it is asked on the stream of its call. */
export async function answering2025(to: Connect): Promise<AnsweringClient> {
  const capabilities = to.capabilities ?? CAPABILITIES;
  const client = new ClientV1({ name: "answers-2025", version: "1.0.0" }, { capabilities });
  const heard = { asked: [] as string[], progress: [] as number[], logs: [] as unknown[] };
  const note = <T>(method: string, answer: T) => {
    heard.asked.push(method);
    return answer as never;
  };
  if ("elicitation" in capabilities)
    client.setRequestHandler(ElicitRequestSchema, () => note("elicitation/create", SAID.elicit));
  if ("sampling" in capabilities)
    client.setRequestHandler(CreateMessageRequestSchema, () =>
      note("sampling/createMessage", SAID.sample),
    );
  if ("roots" in capabilities)
    client.setRequestHandler(ListRootsRequestSchema, () => note("roots/list", SAID.roots));
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    heard.logs.push(params.data);
  });
  await client.connect(new TransportV1(new URL(to.url), headers(to.key)) as never);
  await client.setLoggingLevel("debug");
  const onprogress = ({ progress }: { progress: number }) => void heard.progress.push(progress);
  return {
    ...heard,
    call: (name, args = {}) =>
      client.callTool({ name, arguments: args }, undefined, { onprogress }),
    read: (uri) => client.readResource({ uri }),
    prompt: (name, args = {}) => client.getPrompt({ name, arguments: args }),
    complete: async (name, value) =>
      (
        await client.complete({
          ref: { type: "ref/prompt", name },
          argument: { name: "arg1", value },
        })
      ).completion.values,
    lists: async () => ({
      resources: (await client.listResources()).resources.map(({ uri }) => uri),
      templates: (await client.listResourceTemplates()).resourceTemplates.map((t) => t.uriTemplate),
      prompts: (await client.listPrompts()).prompts.map(({ name }) => name),
    }),
    close: () => client.close(),
  };
}

/** Of SDK v2 and the 2026-07-28 protocol: its calls come back with questions, and it calls again with the answers. */
export async function answering2026(to: Connect): Promise<AnsweringClient> {
  const capabilities = to.capabilities ?? CAPABILITIES;
  const client = new ClientV2(
    { name: "answers-2026", version: "1.0.0" },
    { capabilities, versionNegotiation: { mode: "auto" } },
  );
  const heard = { asked: [] as string[], progress: [] as number[], logs: [] as unknown[] };
  const note = <T>(method: string, answer: T) => {
    heard.asked.push(method);
    return answer as never;
  };
  if ("elicitation" in capabilities)
    client.setRequestHandler("elicitation/create", () => note("elicitation/create", SAID.elicit));
  if ("sampling" in capabilities)
    client.setRequestHandler("sampling/createMessage", () =>
      note("sampling/createMessage", SAID.sample),
    );
  if ("roots" in capabilities)
    client.setRequestHandler("roots/list", () => note("roots/list", SAID.roots));
  client.setNotificationHandler("notifications/message", ({ params }) => {
    heard.logs.push(params.data);
  });
  await client.connect(new TransportV2(new URL(to.url), headers(to.key)));
  const onprogress = ({ progress }: { progress: number }) => void heard.progress.push(progress);
  const _meta = { [LOG_LEVEL_META_KEY]: "debug" };
  return {
    ...heard,
    call: (name, args = {}) => client.callTool({ name, arguments: args, _meta }, { onprogress }),
    read: (uri) => client.readResource({ uri }),
    prompt: (name, args = {}) => client.getPrompt({ name, arguments: args }),
    complete: async (name, value) =>
      (
        await client.complete({
          ref: { type: "ref/prompt", name },
          argument: { name: "arg1", value },
        })
      ).completion.values,
    lists: async () => ({
      resources: (await client.listResources()).resources.map(({ uri }) => uri),
      templates: (await client.listResourceTemplates()).resourceTemplates.map((t) => t.uriTemplate),
      prompts: (await client.listPrompts()).prompts.map(({ name }) => name),
    }),
    close: () => client.close(),
  };
}
