import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import {
  createTaskSessionFromClient,
  type SerializedTaskReference,
  type TaskEnabledSession,
} from "@modelcontextprotocol/ext-tasks/client";
import { connectAuto, connectV1, connectV2, type TestClient } from "./gateway.ts";
import { ask } from "./modern.ts";

/** How a call ended for its agent: the tool's words, or the code and the words of why there are none. */
export interface CallEnd {
  code: string | undefined;
  words: string;
}

/** An agent at its one call, which it sees to its end: waiting for people, asking again, whatever it is told to do. */
export interface WaitingAgent {
  /** Resolves once it has sent so many requests about the call. */
  hasSent(requests: number): Promise<void>;
  end: Promise<CallEnd>;
  /** Goes away in the middle of it; another one of its kind goes on in its place. */
  reconnect(): Promise<WaitingAgent>;
  close(): Promise<void>;
}

interface To {
  url: string;
  key: string;
}

/** Counts what a client sends about its call. */
class Sent {
  #requests = 0;
  readonly #awaited: { requests: number; resolve: () => void }[] = [];

  note(body: unknown): void {
    if (!/"method":"(tools\/call|tasks\/get)"/.test(String(body))) return;
    this.#requests += 1;
    for (const { requests, resolve } of this.#awaited) if (this.#requests >= requests) resolve();
  }

  reached(requests: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#requests >= requests) resolve();
      else this.#awaited.push({ requests, resolve });
    });
  }

  readonly fetch = (url: string | URL, init?: RequestInit): Promise<Response> => {
    this.note(init?.body);
    return fetch(url, init);
  };
}

function endOf(result: Record<string, unknown>): CallEnd {
  const [first] = (result.content ?? []) as { text?: string }[];
  const meta = result._meta as Record<string, unknown> | undefined;
  const code = meta?.["awooop/code"];
  return { code: code === undefined ? undefined : String(code), words: first?.text ?? "" };
}

/** What the answers tell an agent to do, done: wait with the gateway's tool, then repeat the identical call. */
async function callToItsEnd(client: TestClient, text: string): Promise<CallEnd> {
  let asked: string | undefined;
  for (;;) {
    const end = endOf(await client.callTool("echo", { text }));
    if (end.code !== "E-APPR-REQUIRED") return end;
    const approval = /^PENDING (apr_\S+):/.exec(end.words)?.[1];
    if (asked !== undefined) throw new Error(`after ${asked} was decided: ${end.words}`);
    asked = approval;
    for (;;) {
      const { words } = endOf(await client.callTool("awooop_wait", { approval }));
      if (words.startsWith("DECIDED")) break;
      if (!words.startsWith("OPEN")) throw new Error(`awooop_wait says: ${words}`);
    }
  }
}

type Connect = (to: To & { fetch: typeof fetch }) => Promise<TestClient>;

async function plainAgent(connect: Connect, to: To, text: string): Promise<WaitingAgent> {
  const sent = new Sent();
  const client = await connect({ ...to, fetch: sent.fetch as typeof fetch });
  const end = callToItsEnd(client, text);
  return {
    hasSent: (requests) => sent.reached(requests),
    end,
    async reconnect() {
      // What it was told last is nobody's any more.
      end.catch(() => undefined);
      await client.close();
      return plainAgent(connect, to, text);
    },
    close: () => client.close(),
  };
}

const INFO = { name: "test-agent", version: "1.0.0" };

async function openSession(
  { url, key }: To,
  sent: Sent,
): Promise<{ session: TaskEnabledSession; client: Client }> {
  const client = new Client(INFO, { versionNegotiation: { mode: "auto" } });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
  const session = createTaskSessionFromClient(client, {
    endpointId: "gateway",
    rawDispatch: async (request) => {
      const { method, params } = request as { method: string; params: Record<string, unknown> };
      sent.note(`"method":"${method}"`);
      const { result, error } = await ask({ url, key }, method, params);
      return error ? { kind: "error", error } : { kind: "result", result };
    },
    v2RequestFraming: {
      protocolVersion: "2026-07-28",
      clientInfo: INFO,
      clientCapabilities: {},
    },
  });
  return { session, client };
}

/** One that takes a task for an answer: the extension's own package sees it to its end. */
async function taskAgent(
  to: To,
  text: string,
  known?: SerializedTaskReference,
): Promise<WaitingAgent> {
  const sent = new Sent();
  const { session, client } = await openSession(to, sent);
  const execution = await (known ? session.resumeTask(known) : session.callTool("echo", { text }));
  if (execution.kind !== "task") throw new Error("the call was answered at once");
  const leaving = new AbortController();
  const settled = execution.settle({ signal: leaving.signal, close: false });
  const end = settled.then(({ outcome }) => {
    if (outcome.status !== "completed") throw new Error(`the task is ${outcome.status}`);
    return endOf(outcome.result as Record<string, unknown>);
  });
  return {
    hasSent: (requests) => sent.reached(requests),
    end,
    async reconnect() {
      end.catch(() => undefined);
      leaving.abort();
      let reference: SerializedTaskReference | undefined;
      await execution.handoff((kept) => {
        reference = kept;
      });
      // Closing the session as well would cancel the task.
      await client.close();
      return taskAgent(to, text, reference);
    },
    async close() {
      await session.close();
      await client.close();
    },
  };
}

/** Agents by their unmodified clients; each begins its call at once. */
export const AGENTS = {
  "SDK 1.x": (to: To, text: string) => plainAgent(connectV1, to, text),
  "SDK 2.x": (to: To, text: string) => plainAgent(connectV2, to, text),
  "SDK 2.x auto": (to: To, text: string) => plainAgent(connectAuto, to, text),
  "SDK 2.x auto with tasks": (to: To, text: string) => taskAgent(to, text),
} as const;
