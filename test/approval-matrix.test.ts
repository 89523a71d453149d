import { toNodeHandler } from "@modelcontextprotocol/node";
import { createMcpHandler } from "@modelcontextprotocol/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import { good, newKey } from "./support/e2e-tenant.ts";
import { type Echoes, echoServer, seedAsking } from "./support/mcp/asking.ts";
import { type ListeningServer, listen } from "./support/mcp/http-server.ts";
import { AGENTS, type CallEnd, type WaitingAgent } from "./support/mcp/waiting-agents.ts";
import { withClient } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

/**
 * Every unmodified client, whenever the decision comes and whatever it is: an approved call runs once, no other one runs,
 * and the client learns what became of it. All of them at once, before one server; with short holds here, and with the real
 * ones in `npm run soak`.
 */

const IS_LONG = process.env.AWOOOP_SOAK === "yes";
const HOLD: { key: number; env: Record<string, string> } = IS_LONG
  ? { key: 4, env: {} }
  : { key: 1, env: { AWOOOP_LONGEST_HOLD_SECONDS: "0.25" } };
const SLOW = IS_LONG ? 400_000 : 60_000;

type Kind = keyof typeof AGENTS;
const KINDS = Object.keys(AGENTS) as Kind[];

/** The number of requests about a call after which its client has been through all that it does by itself. */
const LADDER: Record<Kind, number> = {
  "SDK 1.x": 4,
  "SDK 2.x": 4,
  // Nine legs, then PENDING, and the agent waits with awooop_wait.
  "SDK 2.x auto": 11,
  "SDK 2.x auto with tasks": 4,
};

/** When the decision comes; answers the agent that is there at the end. */
const WHEN = {
  "while the first request is held": async (agent: WaitingAgent) => agent,
  "beyond one leg": async (agent: WaitingAgent) => {
    await agent.hasSent(2);
    return agent;
  },
  "beyond the whole ladder": async (agent: WaitingAgent, kind: Kind) => {
    await agent.hasSent(LADDER[kind]);
    return agent;
  },
  "after the client reconnected": async (agent: WaitingAgent) => {
    const next = await agent.reconnect();
    await next.hasSent(1);
    return next;
  },
} as const;
type When = keyof typeof WHEN;

interface Question {
  run_id: string;
  approval_id: string;
}

const REASON = "not during the sale";
const byPerson = (decision: string) => async (question: Question) => {
  const { run_id, approval_id } = question;
  const body = { project_id: "acme", decision, reason: REASON, approval_id };
  await good(server.api(`/approvals/${run_id}/decide`, { body }));
};

/** What becomes of the question, how often the call may then run, and what its client has to learn. */
const DECISIONS = {
  approve: { decide: byPerson("approve"), runs: 1, code: undefined, words: "" },
  reject: { decide: byPerson("reject"), runs: 0, code: "E-APPR-REJECTED", words: REASON },
  "request changes": {
    ...{ decide: byPerson("request_changes"), runs: 0 },
    ...{ code: "E-APPR-CHANGES", words: REASON },
  },
  expire: {
    async decide({ approval_id }: Question) {
      const put = "update approvals set expires_at = clock_timestamp() where approval_id = $1";
      await asPlatform(put, approval_id);
    },
    ...{ runs: 0, code: "E-APPR-EXPIRED", words: "not executed" },
  },
} as const;
type Decision = keyof typeof DECISIONS;

const CELLS = KINDS.flatMap((kind) =>
  (Object.keys(WHEN) as When[]).flatMap((when) =>
    (Object.keys(DECISIONS) as Decision[]).map((decision) => ({ kind, when, decision })),
  ),
);
type Cell = (typeof CELLS)[number];
const textOf = ({ kind, when, decision }: Cell) => `${decision} ${when} by ${kind}`;

const echoes: Echoes = { ran: [], held: new Map() };
let database: TestDatabase;
let upstream: ListeningServer;
let server: Awooop;
const keys = new Map<Kind, string>();
const ends = new Map<string, Promise<CallEnd | Error>>();

const asPlatform = (statement: string, ...values: unknown[]) =>
  withClient(database.adminUrl, async (client) => {
    await client.query("set role awooop_platform; set search_path = awooop");
    return (await client.query(statement, values)).rows;
  });

/** What has been asked about each text, oldest first; read by one for all who wait for it. */
let asked: Promise<Map<string, Question[]>> | undefined;
async function readAsked(): Promise<Map<string, Question[]>> {
  const rows = await asPlatform(
    "select run_id, approval_id, args_display ->> 'text' as text from approvals order by created_at",
  );
  return Map.groupBy(rows as (Record<string, string> & Question)[], ({ text }) => text ?? "");
}
async function questionsAbout(text: string): Promise<Question[]> {
  asked ??= readAsked().finally(() => {
    asked = undefined;
  });
  return (await asked).get(text) ?? [];
}

async function endOfCell(cell: Cell): Promise<CallEnd> {
  const { kind, when, decision } = cell;
  const text = textOf(cell);
  const first = await AGENTS[kind]({ url: `${server.url}/mcp`, key: keys.get(kind) ?? "" }, text);
  const question = await waitFor(async () => (await questionsAbout(text))[0], {
    timeoutMs: SLOW,
    what: `the question about ${text}`,
  });
  const agent = await WHEN[when](first, kind);
  await DECISIONS[decision].decide(question);
  try {
    return await agent.end;
  } finally {
    await agent.close();
  }
}

beforeAll(async () => {
  database = await createTestDatabase();
  upstream = await listen(toNodeHandler(createMcpHandler(() => echoServer(echoes))));
  server = await startAwooop({ databaseUrl: database.url, env: HOLD.env });
  await seedAsking(server, upstream.url, { scout: {} });
  for (const kind of KINDS) {
    const agent = { role: "agent", project_ids: ["acme"], agent_id: "scout" };
    keys.set(kind, await newKey(server, { name: kind, ...agent, hold_seconds: HOLD.key }));
  }
  for (const cell of CELLS) {
    const end = endOfCell(cell).catch((error: unknown) => error as Error);
    ends.set(textOf(cell), end);
  }
}, SLOW);

afterAll(async () => {
  await server?.stop();
  await upstream?.close();
  await database?.drop();
});

describe.each(KINDS)("%s", (kind) => {
  test.each(CELLS.filter((cell) => cell.kind === kind))(
    "$decision $when",
    async (cell) => {
      const text = textOf(cell);
      const { runs, code, words } = DECISIONS[cell.decision];
      const end = await ends.get(text);
      if (end instanceof Error) throw end;
      expect(end).toEqual({ code, words: expect.stringContaining(words || text) });
      expect(echoes.ran.filter((ran) => ran === text)).toHaveLength(runs);
      expect(await questionsAbout(text)).toHaveLength(1);
    },
    SLOW,
  );
});

test(
  "nothing ran beside what was approved, and every question is over",
  async () => {
    await Promise.all(ends.values());
    const approved = CELLS.filter(({ decision }) => decision === "approve").map(textOf);
    expect(echoes.ran.toSorted()).toEqual(approved.toSorted());
    expect(await asPlatform("select approval_id from approvals where status = 'open'")).toEqual([]);
  },
  SLOW,
);
