import { randomUUID } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../test/support/database.ts";
import { startTestHttp, type TestHttp } from "../../test/support/http.ts";
import { withClient } from "../../test/support/server.ts";
import { waitFor } from "../../test/support/wait.ts";

const PING_MS = 700;

interface Heard {
  event: string;
  data: { now?: string; missed?: true; project_id?: string; kind?: string; id?: string };
}

let database: TestDatabase;
let api: TestHttp;
let acme: string;
const open: { close(): void }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  api = await startTestHttp(database.url, { pingMs: PING_MS });
  await api.project("acme");
  await api.project("globex");
  acme = (await api.key({ role: "viewer", project_ids: ["acme"] })).key;
  // All of this has been heard of before a test listens: what is announced arrives in the order of the commits.
  const stream = await listen(bearer(api.adminKey));
  const last = randomUUID();
  await withClient(database.url, (client) =>
    client.query("select pg_notify('awooop_changes', $1)", [`_platform run ${last}`]),
  );
  await stream.until("change", ({ id }) => id === last);
});
afterEach(() => {
  for (const stream of open.splice(0)) stream.close();
});
afterAll(async () => {
  await api?.close();
  await database?.drop();
});

/** Reads an event stream; `heard` fills as events come, `ended` tells when the server closed it. */
async function listen(
  headers: Record<string, string>,
  options: { query?: string; agent?: Agent } = {},
) {
  const heard: Heard[] = [];
  const state = { ended: false };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const url = new URL(`/api/v1/events${options.query ?? ""}`, api.url);
    const sending = request(url, { headers, ...(options.agent ? { agent: options.agent } : {}) });
    sending.once("response", resolve).once("error", reject).end();
  });
  open.push({ close: () => answer.destroy() });
  let text = "";
  answer.setEncoding("utf8").on("data", (part: string) => {
    text += part;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line) => line.split(": ", 2) as [string, string]),
      );
      const data = block.slice(block.indexOf("data: ") + "data: ".length);
      heard.push({ event: fields.get("event") ?? "", data: JSON.parse(data) });
    }
  });
  for (const event of ["end", "error", "close"]) {
    answer.on(event, () => {
      state.ended = true;
    });
  }
  const until = (event: string, matches: (data: Heard["data"]) => boolean = () => true) =>
    waitFor(() => heard.find((one) => one.event === event && matches(one.data)), {
      timeoutMs: 20_000,
      what: `the event ${event}`,
    });
  await until("hello");
  return { answer, heard, state, until };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const rename = (projectId: string) =>
  api.send("PATCH", `/api/v1/tenants/${projectId}`, api.adminKey, {
    display_name: String(Math.random()),
  });

const changed = (projectId: string) => ({
  event: "change",
  data: { project_id: projectId, kind: "tenant", id: projectId },
});

const changesOf = (heard: Heard[]) => heard.filter(({ event }) => event === "change");

describe("the event stream", () => {
  it("greets with the time, says what changed, and pings", async () => {
    const stream = await listen(bearer(acme));
    expect(stream.answer.headers["content-type"]).toBe("text/event-stream");
    await rename("acme");
    await stream.until("change");
    expect(changesOf(stream.heard)).toEqual([changed("acme")]);
    const ping = await stream.until("ping");
    expect(Math.abs(Date.parse(ping.data.now ?? "") - Date.now())).toBeLessThan(5_000);
  });

  it("tells nobody of a project their key does not open, however they ask", async () => {
    const theirs = await listen(bearer(acme));
    const asking = await listen(bearer(acme), { query: "?project_id=globex" });
    const platform = await listen(bearer(api.adminKey));
    const narrowed = await listen(bearer(api.adminKey), { query: "?project_id=globex" });
    await rename("globex");
    await api.key({ role: "viewer" });
    await rename("acme");
    await platform.until("change", ({ project_id }) => project_id === "acme");
    await theirs.until("change");
    // What is announced arrives in the order of the commits: hearing acme, they have heard all before it.
    expect(changesOf(theirs.heard)).toEqual([changed("acme")]);
    expect(changesOf(platform.heard).map(({ data }) => data.project_id)).toEqual([
      "globex",
      "_platform",
      "acme",
    ]);
    expect(changesOf(narrowed.heard)).toEqual([changed("globex")]);
    await asking.until("ping");
    expect(changesOf(asking.heard)).toEqual([]);
  });

  it("is open to the console's session, and to no stranger, agent or other site", async () => {
    const signedIn = await api.send("POST", "/api/v1/session", undefined, { key: acme });
    const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const stream = await listen({ cookie });
    await rename("acme");
    await stream.until("change");
    expect((await api.send("GET", "/api/v1/events")).status).toBe(401);
    const agent = await api.key({ role: "agent", project_ids: ["acme"], agent_id: "healer" });
    expect((await api.send("GET", "/api/v1/events", agent.key)).status).toBe(403);
    const rebound = { cookie, host: "evil.example" };
    const status = await new Promise((resolve) => {
      request(new URL("/api/v1/events", api.url), { headers: rebound }, (answer) => {
        answer.destroy();
        resolve(answer.statusCode);
      }).end();
    });
    expect(status).toBe(421);
  });

  it("ends when its key is revoked", async () => {
    const made = await api.key({ role: "viewer", project_ids: ["acme"] });
    const stream = await listen(bearer(made.key));
    await stream.until("ping");
    await api.send("DELETE", `/api/v1/keys/${made.key_id}`, api.adminKey);
    await waitFor(() => stream.state.ended, { timeoutMs: 20_000, what: "the stream to end" });
  });

  it("says so when changes may have been missed, and goes on", async () => {
    const stream = await listen(bearer(acme));
    await withClient(database.adminUrl, (client) =>
      client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'awooop-listen' and datname = current_database()",
      ),
    );
    await stream.until("hello", ({ missed }) => missed === true);
    await rename("acme");
    await stream.until("change");
  });

  it("cuts off a reader that takes nothing, and no other", async () => {
    const { hostname, port } = new URL(api.url);
    const stuck = connect(Number(port), hostname);
    open.push({ close: () => stuck.destroy() });
    let isCut = false;
    stuck
      .on("error", () => {})
      .on("close", () => {
        isCut = true;
      });
    stuck.pause();
    stuck.write(
      `GET /api/v1/events HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${acme}\r\n\r\n`,
    );
    const follower = await listen(bearer(acme));
    const pings = () => follower.heard.filter(({ event }) => event === "ping").length;
    await waitFor(
      async () => {
        await withClient(database.url, (client) =>
          client.query(
            "select pg_notify('awooop_changes', 'acme run ' || gen_random_uuid() || repeat('x', 1000)) from generate_series(1, 5000)",
          ),
        );
        return pings() >= 4;
      },
      { timeoutMs: 20_000, what: "four pings" },
    );
    stuck.resume(); // only now it can hear that it was cut off
    await waitFor(() => isCut, { timeoutMs: 20_000, what: "the end of the stuck connection" });
    await rename("acme");
    await follower.until("change", ({ kind }) => kind === "tenant");
    expect(follower.state.ended).toBe(false);
  });

  it("outlives a request on its connection whose body was refused", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    open.push({ close: () => agent.destroy() });
    const body = "x".repeat(1_400_000);
    const status = await new Promise((resolve, reject) => {
      const headers = { ...bearer(acme), "content-length": body.length };
      const sending = request(new URL("/api/v1/session", api.url), {
        method: "POST",
        agent,
        headers,
      });
      sending.once("error", reject).once("response", (answer) => {
        answer.resume().once("end", () => resolve(answer.statusCode));
      });
      sending.end(body);
    });
    expect(status).toBe(413);
    const stream = await listen(bearer(acme), { agent });
    await stream.until("ping");
    expect(stream.state.ended).toBe(false);
  });
});

describe("stopping", () => {
  it("ends open streams at once", async () => {
    const other = await createTestDatabase();
    const stopping = await startTestHttp(other.url);
    try {
      const response = await fetch(`${stopping.url}/api/v1/events`, {
        headers: bearer(stopping.adminKey),
      });
      const reading = response.text();
      await stopping.close();
      // One that is broken off, and not ended, could not be read to its end.
      expect(await reading).toContain("event: hello");
    } finally {
      await other.drop();
    }
  });
});
