import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  ada,
  agent,
  type Bench,
  channel,
  openBench,
  root,
  server,
} from "../../test/support/contracts-bench.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await openBench();
});
afterAll(() => bench?.close());

const tool = { server: "kit", tool: "look", effect: "read" };

describe("validating", () => {
  it("says everything that is wrong, and stores nothing", async () => {
    const api = bench.api(ada);
    await api.apply([server("kit"), server("fresh"), channel("bell")]);
    await bench.list("acme", "kit", "look", "clear_cache", "restart");
    const wrong = agent("wrong", {
      tools: [
        tool,
        { server: "kit", tool: "clearcache" },
        { server: "kit", tool: "paint" },
        { server: "fresh", tool: "anything" },
        { server: "nowhere", tool: "x" },
        { server: "kit", tool: "restart", args: { type: "strng" } },
      ],
      notify: ["bel"],
    });
    const { status, body } = await api.post("/contracts/validate", wrong);
    expect(status).toBe(200);
    expect(body).toMatchObject({ valid: false, version: null, change_level: null });
    const errors = body.errors.map((of: { path: string; message: string }) => [
      of.path,
      of.message,
    ]);
    expect(errors).toEqual([
      ["body.tools.5.args", expect.stringMatching(/^is no JSON Schema that can be used: /)],
      ["body.tools.4.server", expect.stringContaining("no tool server")],
      [
        "body.tools.1.tool",
        'the tool server "kit" has no tool "clearcache"; did you mean clear_cache?',
      ],
      ["body.tools.2.tool", 'the tool server "kit" has no tool "paint"'],
      ["body.notify.0", expect.stringContaining("no channel")],
    ]);
    expect(body.errors[2]).toMatchObject({
      code: "no_such_tool_but",
      params: { server: "kit", tool: "clearcache", near: "clear_cache" },
    });
    expect(body.errors[4]).toMatchObject({ code: "no_such_channel" });
    expect(await bench.revisions("acme", "wrong")).toEqual([]);
  });

  it("looks for what may have been meant a few times in a request, for that takes long", async () => {
    const api = bench.api(ada);
    await api.apply([server("kit")]);
    await bench.list("acme", "kit", "look");
    const tools = [{ server: "kit", tool: "lock" }];
    const many = Array.from({ length: 30 }, (_, at) => agent(`near-${at}`, { tools }));
    const { body } = await api.apply(many);
    const messages = body.errors.map((of: { message: string }) => of.message);
    expect(messages).toHaveLength(30);
    const meant = messages.filter((text: string) => text.endsWith("did you mean look?"));
    expect(meant).toHaveLength(20);
  });

  it("says what would change and what is worth knowing, in the reader's language", async () => {
    const api = bench.api(ada);
    await api.apply([server("kit"), server("quiet")]);
    await bench.list("acme", "kit", "look");
    await api.apply([agent("grown", { tools: [tool] })]);
    const unchanged = await api.post("/contracts/validate", agent("grown", { tools: [tool] }));
    expect(unchanged.body).toMatchObject({
      valid: true,
      version: "1.1",
      change_level: "minor",
      warnings: ["It says the same as the active revision."],
    });
    const more = agent("grown", { tools: [tool, { server: "quiet", tool: "shout" }] });
    const { body } = await api.post("/contracts/validate", more, "zh-TW");
    expect(body).toMatchObject({
      valid: true,
      errors: [],
      version: "2.0",
      change_level: "major",
      change_reasons: [{ key: "tool_granted", text: "可使用 quiet/shout。" }],
      permissions: { gained: [{ key: "tool_granted", params: { tool: "quiet/shout" } }] },
      warnings: [
        "The tool server quiet has not listed its tools yet, so that they could not be looked up.",
      ],
      notes: [{ code: "server_unlisted", params: { server: "quiet" } }],
    });
    expect((await bench.revisions("acme", "grown")).length).toBe(1);
  });

  it("asks a tool server anew for a tool that it did not have", async () => {
    const api = bench.api(ada);
    await api.apply([server("growing")]);
    await bench.list("acme", "growing", "old");
    const user = agent("grower", { tools: [{ server: "growing", tool: "new" }] });
    expect((await api.post("/contracts/validate", user)).body.valid).toBe(false);
    bench.offered.set("acme/growing", ["old", "new"]);
    expect((await api.post("/contracts/validate", user)).body.valid).toBe(true);
    expect((await api.post("/contracts", user)).status).toBe(201);
    expect((await api.apply([user])).status).toBe(200);
  });

  it("takes no word about a tool server from before its contract changes", async () => {
    const api = bench.api(ada);
    await api.apply([server("moving")]);
    await bench.list("acme", "moving", "old");
    const user = agent("mover", { tools: [{ server: "moving", tool: "new" }] });
    const moved = server("moving", { transport: "http", url: "https://elsewhere.example" });
    expect((await api.apply([server("moving"), user])).status).toBe(422);
    expect((await api.apply([moved, user])).status).toBe(200);
  });

  it("takes what only another rule forbids as wrong, and a foreign project as none", async () => {
    const api = bench.api(ada);
    await api.apply([channel("taken")]);
    const other = await api.post("/contracts/validate", server("taken"));
    expect(other.body).toMatchObject({ valid: false, errors: [{ path: "contract_id" }] });
    const program = await api.post("/contracts/validate", server("p", { transport: "stdio" }));
    expect(program.body).toMatchObject({ valid: false, errors: [{ path: "body.transport" }] });
    const foreign = await api.post("/contracts/validate", { ...agent("x"), project_id: "evil" });
    const absent = await api.post("/contracts/validate", { ...agent("x"), project_id: "none" });
    expect([foreign.status, absent.status]).toEqual([404, 404]);
    expect(foreign.body.detail.replace("evil", "none")).toBe(absent.body.detail);
    const whose = await bench.api(root).post("/contracts/validate", agent("x"));
    expect(whose.body.errors).toMatchObject([{ path: "project_id" }]);
  });
});
