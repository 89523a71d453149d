import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ada,
  agent,
  type Bench,
  caller,
  channel,
  openBench,
  root,
  server,
} from "../../test/support/contracts-bench.ts";
import type { FieldError } from "../platform/errors.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench?.close());

describe("refusing", () => {
  const pathsOf = (answer: { body: { errors: FieldError[] } }) =>
    answer.body.errors.map((error) => error.path);

  it("refuses to observe what is not there, nothing, or with a runbook", async () => {
    const observing = (servers: string[], more: object = {}) =>
      agent("crew", { display_name: "Crew", observe: { servers }, ...more });
    const worker = {
      driver: "worker",
      runbook: { steps: [{ key: "a", check: { $cel: "true" } }] },
    };
    const answer = await bench
      .api(ada)
      .apply([observing(["nowhere"]), observing([]), observing(["nowhere"], worker)]);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-CONTRACT-INVALID" } });
    expect(pathsOf(answer)).toEqual(
      expect.arrayContaining([
        "documents.0.body.observe.servers.0",
        "documents.1.body.observe.servers",
        "documents.2.body.observe",
      ]),
    );
  });

  it("reports every wrong field of every document at once", async () => {
    const answer = await bench.api(ada).apply([
      agent("Bad Id", { driver: "robot" }),
      agent("crew", {
        tools: [{ server: "nowhere", tool: "x", effect: "maybe" }, { server: "nowhere" }],
      }),
      "a text",
      { contract_family: "robot", contract_id: "p", body: {} },
      { contract_family: "channel", contract_id: "c", body: [] },
      agent("nobody", { display_name: "Nobody", notify: ["absent"] }),
      { ...agent("elsewhere"), project_id: "evil" },
      { ...agent("elsewhere"), project_id: "no-such" },
      agent("nobody"),
      { ...channel("extra"), surprise: true },
    ]);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-CONTRACT-INVALID" } });
    expect(pathsOf(answer).sort()).toEqual([
      "documents.0.body.driver",
      "documents.0.contract_id",
      "documents.1.body.tools.0.effect",
      "documents.1.body.tools.1.tool",
      "documents.2",
      "documents.3.contract_family",
      "documents.4.body",
      "documents.5.body.display_name",
      "documents.5.body.notify.0",
      "documents.6.project_id",
      "documents.7.project_id",
      "documents.8.contract_id",
      "documents.9.surprise",
    ]);
    const [foreign, absent] = answer.body.errors.filter((error: FieldError) =>
      error.path.endsWith("project_id"),
    );
    expect(foreign.message.replace("evil", "no-such")).toBe(absent.message);
  });

  it("checks what a body names, and takes what comes with it", async () => {
    const crew = agent("crew", {
      driver: "worker",
      triggers: [{ channel: "alarm" }],
      tools: [{ server: "hammer", tool: "hit" }],
      runbook: {
        steps: [
          { key: "saw", call: { server: "saw", tool: "cut" } },
          { key: "tell", message: { channel: "horn", text: "done" } },
        ],
      },
    });
    const alone = await bench.api(ada).apply([crew]);
    expect(pathsOf(alone)).toEqual([
      "documents.0.body.tools.0.server",
      "documents.0.body.runbook.steps.0.call.server",
      "documents.0.body.triggers.0.channel",
      "documents.0.body.runbook.steps.1.message.channel",
    ]);
    await bench.api(ada).apply([server("hammer"), channel("alarm")]);
    const together = await bench.api(ada).apply([crew, server("saw"), channel("horn")]);
    expect(together.status).toBe(200);
    expect(together.body.results[0].warnings).toEqual([
      "The tool server hammer has not listed its tools yet, so that they could not be looked up.",
      "The step saw calls saw/cut, which tools does not list; gate 2 will block it.",
    ]);
  });

  it("warns of secrets that are not set", async () => {
    const body = { type: "webhook", secret: "secret:HORN", also: ["Bearer secret:TOKEN"] };
    const first = await bench.api(ada).apply([channel("secretive", body)]);
    expect(first.body.results[0].warnings).toHaveLength(2);
    await bench.db.transaction({ role: "app", projects: ["acme"] }, (tx) =>
      tx
        .insertInto("secrets")
        .values({ project_id: "acme", name: "HORN", ciphertext: Buffer.of(1), created_by: "t" })
        .execute(),
    );
    const second = await bench.api(ada).apply([channel("secretive", body)]);
    expect(second.body.results[0]).toMatchObject({
      status: "unchanged",
      warnings: ["The secret TOKEN is not set; set it before this contract is used."],
    });
  });

  it("keeps a contract id in its family", async () => {
    await bench.api(ada).apply([channel("settled")]);
    const answer = await bench.api(ada).apply([server("settled")]);
    expect(answer).toMatchObject({ status: 409, body: { code: "E-CONTRACT-FAMILY" } });
    expect((await bench.revisions("acme", "settled")).map((row) => row.contract_family)).toEqual([
      "channel",
    ]);
  });

  it("lets only platform admins name programs, and only where that is allowed", async () => {
    const program = server("program", { transport: "stdio", command: "/bin/true" });
    const at = { project_id: "acme" };
    expect(await bench.api(ada).apply([program])).toMatchObject({ body: { code: "E-STDIO-OFF" } });
    expect(await bench.api(root, false).apply([program], at)).toMatchObject({ status: 403 });
    expect(await bench.api(root).apply([program], at)).toMatchObject({ status: 200 });
    const again = await bench.api(ada, false).apply([program]);
    expect(again.body.results[0]).toMatchObject({ status: "unchanged" });
  });

  it("asks which project is meant when that is open", async () => {
    const both = caller({ projects: ["acme", "evil"] });
    expect(pathsOf(await bench.api(both).apply([channel("whose")]))).toEqual([
      "documents.0.project_id",
    ]);
    expect(pathsOf(await bench.api(root).apply([channel("whose")]))).toEqual([
      "documents.0.project_id",
    ]);
    const foreign = await bench.api(ada).apply([channel("whose")], { project_id: "evil" });
    const absent = await bench.api(ada).apply([channel("whose")], { project_id: "no-such" });
    const forRoot = await bench.api(root).apply([channel("whose")], { project_id: "no-such" });
    expect([foreign.status, absent.status, forRoot.status]).toEqual([404, 404, 404]);
    expect(foreign.body.detail.replace("evil", "no-such")).toBe(absent.body.detail);
  });

  it("refuses everyone below an admin", async () => {
    for (const role of ["viewer", "operator", "agent"] as const) {
      const answer = await bench.api(caller({ role })).apply([channel("by-viewer")]);
      expect(answer).toMatchObject({ status: 403, body: { code: "E-FORBIDDEN" } });
    }
    expect(await bench.revisions("acme", "by-viewer")).toEqual([]);
  });

  it.each([
    ["no documents", { documents: [] }],
    ["too many", { documents: Array.from({ length: 201 }, () => channel("x")) }],
    ["no list", { documents: "x" }],
    ["an unknown field", { documents: [channel("x")], force: true }],
  ])("refuses a request with %s", async (_, request) => {
    const { documents, ...more } = request;
    const answer = await bench.api(ada).apply(documents as unknown[], more);
    expect(answer).toMatchObject({ status: 422, body: { code: "E-INPUT" } });
  });
});
