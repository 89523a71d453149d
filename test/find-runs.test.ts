import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Awooop, startAwooop } from "./support/awooop.ts";
import { createTestDatabase, type TestDatabase } from "./support/database.ts";
import {
  addTenant,
  applyContracts,
  contract,
  type E2eTenant,
  fireAlert,
  good,
  type Ledger,
  openLedger,
} from "./support/e2e-tenant.ts";
import { queryRows } from "./support/server.ts";
import { waitFor } from "./support/wait.ts";

const SOON_MS = 20_000;

let database: TestDatabase;
let ledger: Ledger;
let server: Awooop;
let tenant: E2eTenant;

beforeAll(async () => {
  database = await createTestDatabase();
  ledger = await openLedger();
  server = await startAwooop({ databaseUrl: database.url });
  tenant = await addTenant(server, "acme", ledger);
});

afterAll(async () => {
  await server?.stop();
  await database?.drop();
  await ledger?.remove();
});

interface Page {
  runs: { run_id: string; created_at: string }[];
  next_cursor: string | null;
}

const page = (query: Record<string, string>): Promise<Page> =>
  good(server.api(`/runs?${new URLSearchParams(query)}`, { key: tenant.keys.viewer }));

const idsOf = async (q: string) => (await page({ q })).runs.map(({ run_id }) => run_id);

describe("a search is no way to find out a secret", () => {
  /** As the redactor knows them: a password, an access key, a bearer token. */
  const SECRETS = ["zqhunter2", "AKIAIOSFODNN7EXAMPLE", "vqtokenvalue99"];
  const text = (word: string) =>
    `${word} password=${SECRETS[0]} key ${SECRETS[1]} header Authorization: Bearer ${SECRETS[2]}`;
  /** Every beginning a search takes for one. */
  const beginnings = SECRETS.flatMap((secret) =>
    Array.from({ length: secret.length - 1 }, (_, n) => secret.slice(0, n + 2)),
  );

  async function holdsNothing(run: string, word: string) {
    expect(
      await waitFor(async () => (await idsOf(word)).includes(run), {
        timeoutMs: SOON_MS,
        what: `the run to be found by ${word}`,
      }),
    ).toBe(true);
    for (const beginning of beginnings) {
      expect(await idsOf(beginning), beginning).not.toContain(run);
    }
  }

  test("in the title or the error of a client's run", async () => {
    const key = tenant.keys.agent;
    const opened = await good(server.api("/runs", { key, body: { title: text("zebra") } }));
    await holdsNothing(opened.run_id, "zebra");
    const error = { error_code: "E-ANY", error_detail: text("giraffe") };
    await good(server.api(`/runs/${opened.run_id}/fail`, { key, body: error }));
    await holdsNothing(opened.run_id, "giraffe");
  });

  test("in the reason of an operator", async () => {
    const key = tenant.keys.agent;
    const opened = await good(server.api("/runs", { key, body: { title: "plain" } }));
    const reason = { reason: text("okapi") };
    await good(
      server.api(`/runs/${opened.run_id}/cancel`, { key: tenant.keys.operator, body: reason }),
    );
    await holdsNothing(opened.run_id, "okapi");
  });

  test("in an alert, the run it starts, and the message about how that ended", async () => {
    await applyContracts(server, tenant.projectId, [
      contract("channel", "console", { type: "console" }),
      contract("agent", "janitor", {
        driver: "worker",
        triggers: [{ channel: "alerts" }],
        notify: ["console"],
        tools: [{ server: "tools", tool: "look", effect: "read" }],
        runbook: {
          steps: [
            {
              key: "look",
              call: { server: "tools", tool: "look", args: { name: text("wombat") } },
            },
          ],
        },
      }),
    ]);
    const { run_id } = await fireAlert(server, tenant, text("lemur"));
    await holdsNothing(run_id ?? "", "lemur");
    const told = async () => {
      const { outbound_messages } = await good(server.api(`/runs/${run_id}`));
      return outbound_messages.length > 0;
    };
    await waitFor(told, { timeoutMs: SOON_MS, what: "the message" });
    const { outbound_messages } = await good(server.api(`/runs/${run_id}`));
    const [word] = /[a-z]{5,}/.exec(outbound_messages[0].content_preview.toLowerCase()) ?? [];
    await holdsNothing(run_id ?? "", word ?? "");
  });
});

describe("walking the list while 5,000 runs come in", () => {
  const WRITERS = 5;
  const EACH = 1_000;

  async function insert(writer: number, from: number, to: number): Promise<void> {
    await queryRows(
      database.adminUrl,
      `insert into runs (run_id, project_id, agent_id, revision_id, driver, state, title, is_shadow, trace_id)
       select gen_random_uuid(), 'acme', 'walker', (select revision_id from contract_revisions where project_id = 'acme' limit 1),
         'client', 'running', 'run ' || $1 || '-' || n, false, md5(n::text) from generate_series($2::int, $3::int) n`,
      [writer, from, to],
    );
  }

  async function walk(order: string, isDone: () => boolean) {
    const seen: string[] = [];
    let cursor: string | null = null;
    let pagesDuring = 0;
    do {
      if (!isDone()) pagesDuring += 1;
      const query = { agent_id: "walker", order, limit: "50" };
      const answer: Page = await page(cursor === null ? query : { ...query, cursor });
      seen.push(...answer.runs.map(({ run_id }) => run_id));
      cursor = answer.next_cursor;
    } while (cursor !== null);
    return { seen, pagesDuring };
  }

  test("misses none that was there, and shows none twice, in both directions", async () => {
    await insert(0, 1, 1_500);
    const rows = await queryRows(
      database.adminUrl,
      "select run_id from runs where agent_id = 'walker'",
    );
    const before = rows.map(({ run_id }) => String(run_id));
    let open = WRITERS;
    const writers = Array.from({ length: WRITERS }, async (_, writer) => {
      for (let n = 0; n < EACH; n += 20) await insert(writer + 1, n + 1, n + 20);
      open -= 1;
    });
    const isDone = () => open === 0;
    const walks = await Promise.all([walk("desc", isDone), walk("asc", isDone)]);
    await Promise.all(writers);
    for (const { seen, pagesDuring } of walks) {
      expect(pagesDuring).toBeGreaterThan(10);
      const once = new Set(seen);
      expect(seen.length).toBe(once.size);
      expect(before.filter((run) => !once.has(run))).toEqual([]);
    }
    const { total } = await good(server.api("/runs?agent_id=walker"));
    expect(total).toBe(1_500 + WRITERS * EACH);
  });
});
