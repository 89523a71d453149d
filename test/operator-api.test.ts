import { afterAll, describe, expect, test } from "vitest";
import { ADMIN_KEY } from "./support/awooop.ts";
import { good } from "./support/e2e-tenant.ts";
import { openLetters, SECRET, SECRET_TEXT } from "./support/letter.ts";
import type { Parameter } from "./support/openapi.ts";
import { faultsOf } from "./support/openapi-rules.ts";

/** The operator API by the letter: of a real server, what every operation owes by its description. */

const letters = await openLetters();
const { server, description, story, ids } = letters;

afterAll(() => letters.close());

const words = (text: string) => text.trim().split(/\s+/);

/** The reading operations, with an address that works and their parameters. */
const READS = Object.entries(description.paths).flatMap(([template, { get }]) => {
  if (!get || template === "/events") return [];
  const parameters = get.parameters ?? [];
  const required = parameters.filter(({ in: place, required }) => place === "query" && required);
  const path = template.replaceAll(/\{(\w+)\}/g, (_, name) => ids[name] ?? story.run.run_id);
  const address = (query: Record<string, string>) => {
    const needed = required.map(({ name }) => [name, ids[name] ?? "acme"]);
    return `${path}?${new URLSearchParams({ ...Object.fromEntries(needed), ...query })}`;
  };
  return [{ template, parameters, address }];
});

function parametersOf(wanted: (parameter: Parameter & { schema: Schema }) => boolean) {
  return READS.flatMap((read) =>
    read.parameters
      .filter((parameter) => parameter.in === "query" && wanted(parameter))
      .map((parameter) => [`${read.template}?${parameter.name}`, read, parameter] as const),
  );
}

interface Schema {
  type?: string;
  enum?: string[];
  pattern?: string;
}

test("the description keeps the rules of OpenAPI 3.1", () => {
  expect(faultsOf(description)).toEqual([]);
});

describe("field names in their order", () => {
  const STEP = `step_id step_seq tool_name result_status was_blocked block_reason error_code latency_ms created_at
    completed_at`;
  const APPROVAL = "run_id project_id agent_id created_at timeout_at";
  const item = "ts kind title status summary metadata";
  const run = `/runs/${story.run.run_id}`;
  test.each<[path: string, within: string, fields: string]>([
    ["/tenants", "", "tenants total"],
    [
      "/tenants",
      "tenants.0",
      "project_id display_name migration_mode budget_limit_usd is_active created_at",
    ],
    ["/contracts", "", "contracts total"],
    [
      "/contracts",
      "contracts.0",
      `revision_id contract_id contract_family lifecycle_status body_hash version_major version_minor created_at
        project_id`,
    ],
    ["/runs", "", "runs total page per_page"],
    [
      "/runs",
      "runs.0",
      "run_id project_id agent_id state is_shadow cost_usd step_count created_at timeout_at",
    ],
    [run, "", "run steps inbound_events outbound_messages mcp_calls timeline counts"],
    [
      run,
      "run",
      `run_id project_id agent_id state is_shadow trace_id trigger_type trigger_ref cost_usd step_count attempt_count
        max_attempts error_code error_detail created_at started_at completed_at timeout_at heartbeat_at`,
    ],
    [run, "steps.0", STEP],
    [
      run,
      "inbound_events.0",
      "event_id channel_type provider_event_id content_preview is_duplicate received_at",
    ],
    [
      run,
      "outbound_messages.0",
      `message_id channel_type message_type content_preview send_status send_error provider_message_id queued_at sent_at
        triggered_by_state`,
    ],
    [
      run,
      "mcp_calls.0",
      "call_id tool_name result_status block_gate block_reason latency_ms created_at",
    ],
    [run, "counts", "steps inbound_events outbound_messages mcp_calls timeline"],
    [run, "truncated", "steps inbound_events outbound_messages mcp_calls timeline"],
    [run, "timeline.0", item],
    [`${run}/timeline`, "items.0", item],
    [`${run}/timeline?kind=run`, "items.0.metadata", "trace_id trigger_ref"],
    [`${run}/timeline?kind=inbound`, "items.0.metadata", "provider_event_id"],
    [`${run}/timeline?kind=step`, "items.0.metadata", "was_blocked latency_ms"],
    [`${run}/timeline?kind=approval`, "items.0.metadata", "was_blocked latency_ms approval_id"],
    [`${run}/timeline?kind=mcp`, "items.0.metadata", "block_gate latency_ms"],
    [
      `${run}/timeline?kind=outbound`,
      "items.0.metadata",
      "message_type provider_message_id triggered_by_state",
    ],
    ["/channel-events", "", "events total limit"],
    [
      "/channel-events",
      "events.0",
      `event_id project_id channel_type provider_event_id channel_chat_id content_preview is_duplicate received_at`,
    ],
    ["/approvals", "", "approvals total items"],
    ["/approvals", "approvals.0", APPROVAL],
    ["/approvals", "items.0", APPROVAL],
  ])("GET %s, %s", async (path, within, fields) => {
    const body = await good(server.api(path));
    const at = within.split(".").filter(Boolean);
    const part = at.reduce((inner, name) => inner[name], body);
    const wanted = words(fields);
    const named = new Set(wanted);
    expect(Object.keys(part).filter((name) => named.has(name))).toEqual(wanted);
  });
});

describe("what every list owes", () => {
  const lists = READS.filter(({ parameters }) => parameters.some(({ name }) => name === "cursor"));

  test("there are lists", () => {
    const named = lists.map(({ template }) => template);
    for (const list of ["/runs", "/contracts", "/tenants", "/approvals", "/channel-events"]) {
      expect(named).toContain(list);
    }
  });

  test.each(lists.map((list) => [list.template, list] as const))(
    "GET %s takes `cursor` and `limit` and answers `total`, `total_is_exact` and `next_cursor`",
    async (template, { parameters, address }) => {
      expect(parameters.map(({ name }) => name)).toContain("limit");
      const answer = await server.api(address({ limit: "1" }));
      if (answer.status === 404) return;
      expect(answer).toMatchObject({
        status: 200,
        body: { total: expect.any(Number), total_is_exact: true },
      });
      const { next_cursor } = answer.body;
      if (next_cursor === null) return;
      const next = await good(server.api(address({ limit: "1", cursor: next_cursor })));
      expect(next.total).toBe(answer.body.total);
      expect(next).not.toEqual(answer.body);
      const another = template === "/keys" ? "/tenants" : "/keys";
      const moved = await server.api(`${another}?cursor=${next_cursor}`);
      expect(moved).toMatchObject({ status: 422, body: { code: "E-CURSOR" } });
    },
  );

  test.each(lists.map((list) => [list.template, list] as const))(
    "GET %s refuses bad paging",
    async (template, { address }) => {
      // Its limit is clamped, as the letter says.
      const small = template === "/channel-events" ? [] : ["", "0", "-1", "201", "99999999999999"];
      for (const limit of [...small, "1.5", "two", "1e400", "NaN", "0x10x", "\0"]) {
        const { status, body } = await server.api(address({ limit }));
        expect({ limit, status, code: body.code }).toEqual({ limit, status: 422, code: "E-INPUT" });
        expect(body.errors[0].path).toBe("query.limit");
      }
      for (const cursor of ["x", "AAAA", "eyJhIjoxfQ", "%", "天"]) {
        const { status, body } = await server.api(address({ cursor }));
        // What the list is of may not be there at all.
        if (status !== 404)
          expect({ status, code: body.code }).toEqual({ status: 422, code: "E-CURSOR" });
      }
    },
  );
});

describe("parameters", () => {
  test.each(parametersOf(({ schema }) => (schema as Schema).enum !== undefined))(
    "%s: a value that there is not, also in another letter case, is refused with those there are",
    async (_, { address }, { name, schema }) => {
      const known = (schema as Schema).enum ?? [];
      for (const value of ["nonsense", "", (known[0] ?? "").toUpperCase()]) {
        const { status, body } = await server.api(address({ [name]: value }));
        expect(status, value).toBe(422);
        const error = body.errors.find(({ path }: { path: string }) => path === `query.${name}`);
        for (const one of known) expect(error.message).toContain(one);
      }
    },
  );

  test.each(parametersOf(({ schema }) => (schema as Schema).type === "string"))(
    "%s: NUL is refused",
    async (_, { address }, { name }) => {
      const { status, body } = await server.api(address({ [name]: "a\0b" }));
      expect(status).toBe(422);
      expect(body.errors[0].path).toBe(`query.${name}`);
    },
  );

  const withIds = READS.filter(({ parameters }) =>
    parameters.some(({ in: place, schema }) => place === "path" && (schema as Schema).pattern),
  );
  test.each(withIds.map((read) => [read.template, read] as const))(
    "GET %s takes its id in any letter case",
    async (_, { address }) => {
      const [path = "", query] = address({}).split("?");
      const upper = path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, (id) => id.toUpperCase());
      const lower = await server.api(`${path}?${query}`);
      expect(await server.api(`${upper}?${query}`)).toEqual(lower);
    },
  );

  test("filters are exact and case-sensitive; what there is not gives an empty list", async () => {
    const totals = async (path: string) => (await good(server.api(path))).total;
    expect(await totals("/runs?project_id=acme&agent_id=disk-janitor")).toBe(2);
    expect(await totals("/contracts?project_id=acme&contract_id=disk-janitor")).toBe(1);
    for (const nothing of [
      "/runs?project_id=ACME",
      "/runs?project_id=acm",
      "/runs?project_id=%25",
      "/runs?agent_id=Disk-Janitor",
      "/runs?agent_id=disk-janito",
      "/runs?trigger_type=ALERTMANAGER",
      "/contracts?project_id=Acme",
      "/contracts?contract_id=disk",
      "/approvals?project_id=ACME",
      "/approvals?run_id=00000000-0000-4000-8000-000000000000",
      "/channel-events?project_id=Acme",
      "/channel-events?provider_prefix=GRP",
      "/channel-events?provider_prefix=%25",
    ]) {
      expect(await totals(nothing), nothing).toBe(0);
    }
  });
});

describe("values", () => {
  test("money stays what it was", async () => {
    const raw = async (path: string) => {
      const headers = { authorization: `Bearer ${ADMIN_KEY}` };
      return (await fetch(`${server.url}/api/v1${path}`, { headers })).text();
    };
    expect(await raw("/tenants")).toContain('"budget_limit_usd":0.1,');
    expect(await raw("/runs")).toContain('"cost_usd":0.1,');
    expect(await raw(`/runs/${letters.waiting.run_id}`)).toContain('"cost_usd":0.1,');
    const amounts = [0.3, 1.1, 0.000001, 4.35, 1_000.01, 99_999_998.999999, 0];
    for (const budget_limit_usd of amounts) {
      await good(server.api("/tenants/globex", { method: "PATCH", body: { budget_limit_usd } }));
      expect(await raw("/tenants")).toContain(`"budget_limit_usd":${budget_limit_usd},`);
    }
  });

  test("inactive projects are listed, by id", async () => {
    const { tenants, total } = await good(server.api("/tenants"));
    expect(tenants.map(({ project_id, is_active }: never) => [project_id, is_active])).toEqual([
      ["acme", true],
      ["globex", false],
    ]);
    expect(total).toBe(2);
  });

  test("times come in UTC with Z, of the same moment that was written", async () => {
    const { run } = await good(server.api(`/runs/${story.run.run_id}`));
    expect(run).toMatchObject({
      created_at: "2026-11-22T03:07:01Z",
      completed_at: "2026-11-22T03:07:40Z",
    });
  });

  test.each(["/runs", "/approvals", "/channel-events", "RUN", "RUN/timeline"])(
    "%s lets no secret out",
    async (path) => {
      const answer = await server.api(path.replace("RUN", `/runs/${letters.waiting.run_id}`));
      const text = JSON.stringify(answer.body);
      expect(answer.status).toBe(200);
      expect(text).toContain("see password=[redacted]");
      expect(text).not.toContain(SECRET);
    },
  );

  test("reasons that people gave let no secret out either", async () => {
    const reason = SECRET_TEXT;
    const bulk = { project_id: "acme", action: "cancel", filter: { state: "timed_out" }, reason };
    const { bulk_id } = await good(server.api("/runs/bulk", { body: bulk }));
    const bell = { project_id: "acme", contract_family: "channel", contract_id: "bell" };
    const draft = { ...bell, body: { type: "console" } };
    const { revision_id } = await good(server.api("/contracts", { body: draft }));
    await good(server.api(`/contracts/${revision_id}/submit`, { body: { reason } }));
    for (const path of [`/runs/bulk/${bulk_id}`, "/runs/bulk", `/contracts/${revision_id}`]) {
      const text = JSON.stringify(await good(server.api(path)));
      expect(text).toContain("see password=[redacted]");
      expect(text).not.toContain(SECRET);
    }
  });

  test("titles follow Accept-Language, their keys do not", async () => {
    const path = `/runs/${story.run.run_id}/timeline`;
    const ask = async (language?: string) => {
      const headers: Record<string, string> = language ? { "accept-language": language } : {};
      return (await good(server.api(path, { headers }))).items as Record<string, string>[];
    };
    const english = await ask();
    const chinese = await ask("zh-TW,zh;q=0.9,en;q=0.8");
    const keys = (items: Record<string, string>[]) => items.map(({ title_key }) => title_key);
    expect(keys(chinese)).toEqual(keys(english));
    expect(english.map(({ title }) => title)).toContain("Run created");
    expect(chinese.map(({ title }) => title)).toContain("建立執行");
    for (const language of ["en-GB", "de", "fr;q=0.2,en", "zh-CN", "zh-TW;q=0", "*", ";;;q=x"]) {
      expect(await ask(language), language).toEqual(english);
    }
    for (const language of ["zh-Hant", "ZH-HK", "zh", "en;q=0.1,zh-TW"]) {
      expect(await ask(language), language).toEqual(chinese);
    }
  });
});
