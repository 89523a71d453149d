import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Answer, type Awooop } from "./support/awooop.ts";
import { compileCache } from "./support/compile-cache.ts";
import { type E2eTenant, good } from "./support/e2e-tenant.ts";
import { expectProblem, openQuietServer, type QuietServer } from "./support/quiet-server.ts";

/**
 * What comes in wrong by the gateway and the command line is refused with the documented code, in words, and leaves
 * every table as it was but for the record of a blocked call.
 */

const CLI = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const MIB = 1024 * 1024;

let quiet: QuietServer;
let server: Awooop;
let acme: E2eTenant;

beforeAll(async () => {
  quiet = await openQuietServer();
  ({ server, acme } = quiet);
});

afterAll(() => quiet?.close());

const leavingNoTrace: QuietServer["leavingNoTrace"] = (work, except) =>
  quiet.leavingNoTrace(work, except);

describe("the gateway", () => {
  const send = (body: unknown, more: { key?: string | null; run?: string } = {}) =>
    server.send("/mcp", {
      key: more.key === undefined ? acme.keys.agent : more.key,
      body,
      headers: {
        accept: "application/json, text/event-stream",
        "awooop-run": more.run ?? quiet.waiting,
      },
    });
  const call = (params: unknown) => ({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  /** The JSON-RPC message of an answer, which comes as one server-sent event. */
  const message = ({ status, body }: Answer) => {
    expect(status).toBe(200);
    return typeof body === "string" ? JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? "null") : body;
  };

  test("refuses keys that are none, are revoked, or are a person's", async () => {
    const revoked = await good(
      server.api("/keys", {
        body: { role: "agent", name: "gone", project_ids: ["acme"], agent_id: "helper" },
      }),
    );
    await server.api(`/keys/${revoked.key_id}`, { method: "DELETE" });
    await leavingNoTrace(async () => {
      const body = call({ name: "look", arguments: { name: "x" } });
      for (const key of [null, "wrong", revoked.key]) {
        expectProblem(await send(body, { key }), { status: 401, code: "E-AUTH" });
      }
      for (const key of [acme.keys.viewer, acme.keys.admin, ADMIN_KEY]) {
        expectProblem(await send(body, { key }), { status: 403, code: "E-FORBIDDEN" });
      }
    });
  });

  test.each<[what: string, body: unknown, status: number, code: number]>([
    ["what is no JSON", "{", 400, -32_700],
    ["what is no message", "5", 400, -32_600],
    ["a method it does not know", { jsonrpc: "2.0", id: 1, method: "tools/burn" }, 200, -32_601],
    ["a call of nothing", call({}), 200, -32_602],
    ["a name of 257 characters", call({ name: "x".repeat(257) }), 200, -32_602],
    ["arguments that are a list", call({ name: "look", arguments: [] }), 200, -32_602],
    ["arguments with NUL", call({ name: "look", arguments: { name: "\0" } }), 200, -32_602],
    [
      "arguments with half a character",
      call({ name: "look", arguments: { name: "\ud800" } }),
      200,
      -32_602,
    ],
    [
      "endlessly nested arguments",
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"look","arguments":{"name":${"[".repeat(100_000)}${"]".repeat(100_000)}}}}`,
      200,
      -32_602,
    ],
  ])("answers %s with the protocol's error", async (_, body, status, code) => {
    const answer = await leavingNoTrace(() => send(body));
    expect(answer.status).toBe(status);
    const { error } = status === 200 ? message(answer) : answer.body;
    expect(error.code).toBe(code);
  });

  test("refuses 2 MiB", async () => {
    const body = call({ name: "look", arguments: { name: "x".repeat(2 * MIB) } });
    const answer = await leavingNoTrace(() => send(body));
    expectProblem(answer, { status: 413, code: "E-BODY-SIZE" });
  });

  test("refuses runs that are not there, are over, or have no name a run can have", async () => {
    await leavingNoTrace(async () => {
      for (const [run, code] of [
        ["01a20465-3dff-72e0-a76e-94a30be58cfc", "E-NOT-FOUND"],
        ["nonsense", "E-NOT-FOUND"],
        [quiet.ended, "E-RUN-STATE"],
      ] as const) {
        const answer = message(
          await send(call({ name: "look", arguments: { name: "x" } }), { run }),
        );
        expect(answer.result).toMatchObject({ isError: true, _meta: { "awooop/code": code } });
      }
    });
  });

  test.each<[what: string, tool: string, args: object, code: string, gate: number]>([
    ["a tool that the contract does not list", "hidden", { name: "x" }, "E-CONTRACT-TOOL", 2],
    ["a tool that there is not", "burn", {}, "E-CONTRACT-TOOL", 2],
    ["arguments of another type", "look", { name: 5 }, "E-POLICY-ARGS", 3],
    ["arguments that are not there", "look", {}, "E-POLICY-ARGS", 3],
    ["arguments over 256 KiB", "look", { name: "x".repeat(300_000) }, "E-POLICY-ARGS", 3],
  ])("blocks %s, records the call and sends nothing", async (_, name, args, code, gate) => {
    const before = quiet.ledger.lines();
    const answer = await leavingNoTrace(() => send(call({ name, arguments: args })), ["mcp_calls"]);
    expect(message(answer).result).toMatchObject({
      isError: true,
      _meta: { "awooop/code": code, "awooop/gate": gate },
    });
    expect(quiet.ledger.lines()).toEqual(before);
    const { mcp_calls } = await good(server.api(`/runs/${quiet.waiting}`));
    expect(mcp_calls.at(-1)).toMatchObject({
      tool_name: name,
      result_status: "blocked",
      block_gate: gate,
    });
  });
});

describe("the command line", () => {
  async function apply(text: string, env: Record<string, string> = {}, ...more: string[]) {
    const file = join(quiet.ledger.folder, "contracts.yaml");
    await writeFile(file, text);
    const child = spawn(
      process.execPath,
      [CLI, "contracts", "apply", file, "--project", "acme", ...more],
      {
        env: { ...compileCache, AWOOOP_URL: server.url, AWOOOP_KEY: acme.keys.admin, ...env },
        stdio: "pipe",
      },
    );
    let said = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        said += chunk;
      });
    }
    const [code] = await once(child, "close");
    return { code, said: said.replaceAll(file, "FILE") };
  }

  const fine = "contract_family: channel\ncontract_id: spare\nbody: { type: console }\n";
  const agent = (body: string) =>
    `${fine}---\ncontract_family: agent\ncontract_id: bad\nbody:\n  display_name: Bad\n  driver: client\n${body}`;

  test.each<[what: string, text: string, words: RegExp]>([
    ["that is no YAML", "body: [", /^E-CLI-FILE.*FILE:1/s],
    ["that holds nothing", "# nothing\n", /^E-CLI-FILE.*holds no contract/s],
    [
      "with a placeholder without a value",
      agent("  description: $" + "{MISSING}\n"),
      /^E-CLI-FILE.*FILE:10.*MISSING/s,
    ],
    [
      "with a mode that there is not",
      agent("  mode: on-fire\n"),
      /^E-CONTRACT-INVALID.*FILE:10: body\.mode/s,
    ],
    [
      "with a tool of no server",
      agent("  tools:\n    - { server: nobody, tool: x }\n"),
      /^E-CONTRACT-INVALID.*FILE:11: body\.tools\.0\.server/s,
    ],
    [
      "with a number that is too large",
      agent("  limits: { calls: 99999999999999999999 }\n"),
      /^E-CLI-FILE.*FILE:10/s,
    ],
  ])("refuses a file %s, with its place, and applies nothing of it", async (_, text, words) => {
    const { code, said } = await leavingNoTrace(() => apply(text));
    expect(said).toMatch(words);
    expect(code).toBe(1);
  });

  test("says that a key is wrong, that a file is missing, and that an option is unknown", async () => {
    await leavingNoTrace(async () => {
      const wrong = await apply(fine, { AWOOOP_KEY: `awp_nobody_${"x".repeat(43)}` });
      expect(wrong).toMatchObject({ code: 1, said: expect.stringMatching(/^E-AUTH: /) });
      const weak = await apply(fine, { AWOOOP_KEY: acme.keys.viewer });
      expect(weak).toMatchObject({ code: 1, said: expect.stringMatching(/^E-FORBIDDEN: /) });
      const missing = await apply(fine, {}, "/nowhere.yaml");
      expect(missing).toMatchObject({
        code: 1,
        said: expect.stringMatching(/^E-CLI-FILE: .*no such file/s),
      });
      const option = await apply(fine, {}, "--force");
      expect(option).toMatchObject({ code: 2, said: expect.stringMatching(/^E-CLI-USAGE: /) });
    });
    expect(await apply(fine)).toMatchObject({ code: 0 });
  });
});
