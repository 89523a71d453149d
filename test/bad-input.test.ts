import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Awooop } from "./support/awooop.ts";
import { badDeliveries, badRequests, type Holder } from "./support/bad-input/index.ts";
import { delivery, type E2eTenant, good } from "./support/e2e-tenant.ts";
import {
  expectProblem,
  openQuietServer,
  type QuietServer,
  SIGNING_KEY,
} from "./support/quiet-server.ts";
import { waitFor } from "./support/wait.ts";

/**
 * What comes in wrong by the API and the hooks is refused with the documented status and code, in words, and leaves
 * every table as it was.
 */

const SOON_MS = 20_000;
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

const keyOf = (holder: Holder): string | null => {
  if (holder === "none") return null;
  return holder === "platform" ? ADMIN_KEY : acme.keys[holder];
};

test("the comparison of all tables sees what is written, and only that", async () => {
  const write = () =>
    good(server.api("/secrets/SEEN", { method: "PUT", body: { project_id: "acme", value: "x" } }));
  await expect(leavingNoTrace(write)).rejects.toThrow(/secrets/);
  await leavingNoTrace(write, ["secrets", "audit_log"]);
  await leavingNoTrace(() => good(server.api("/runs")));
});

describe("the operator API", () => {
  // The names of the cases are known before the runs are; their ids are filled in when they are asked for.
  const named = { project: "acme", waiting: "WAITING", ended: "ENDED" };
  const cases = badRequests(named).map((request) => [request.what, request] as const);

  test("is asked many wrong things, each under a name of its own", () => {
    expect(cases.length).toBeGreaterThan(100);
    expect(new Set(cases.map(([what]) => what)).size).toBe(cases.length);
  });

  test.each(cases)("refuses %s", async (_, request) => {
    const { path, method, body, as = "platform", headers, status, code, field } = request;
    const answer = await leavingNoTrace(() =>
      server.api(path.replace("WAITING", quiet.waiting).replace("ENDED", quiet.ended), {
        key: headers?.authorization === undefined ? keyOf(as) : null,
        ...(method === undefined ? {} : { method }),
        ...(body === undefined ? {} : { body }),
        ...(headers === undefined ? {} : { headers }),
      }),
    );
    expectProblem(answer, { status, code });
    if (field === undefined) return;
    const paths = answer.body.errors.map((error: { path: string }) => error.path);
    expect(paths, answer.body.detail).toContain(field);
  });

  test("says which values there are", async () => {
    const { body } = await server.api("/runs?state=RUNNING");
    for (const state of ["pending", "waiting_approval", "timed_out"]) {
      expect(body.errors[0].message).toContain(state);
    }
  });

  test("refuses the bill that takes a run's cost beyond all numbers", async () => {
    const { agent } = acme.keys;
    const { run_id } = await good(server.api("/runs", { key: agent, body: {} }));
    const bill = () =>
      server.api(`/runs/${run_id}/usage`, { key: agent, body: { cost_usd: 1_000_000 } });
    for (let paid = 0; paid < 90; paid += 1) await good(bill());
    expectProblem(await leavingNoTrace(bill), { status: 422, code: "E-INPUT" });
    expect((await good(server.api(`/runs/${run_id}`))).run.cost_usd).toBe(90_000_000);
  });

  test("reads a body that does not say its length up to 1 MiB", async () => {
    const chunk = Buffer.alloc(MIB / 4, "x");
    const body = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 8; sent += 1) controller.enqueue(chunk);
        controller.close();
      },
    });
    const init: RequestInit & { duplex: "half" } = { method: "POST", body, duplex: "half" };
    const response = await leavingNoTrace(() =>
      fetch(`${server.url}/api/v1/tenants`, {
        ...init,
        headers: { authorization: `Bearer ${ADMIN_KEY}`, "content-type": "application/json" },
      }),
    );
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: "E-BODY-SIZE" });
  });

  test("refuses a changed cursor, and one of other filters", async () => {
    const { next_cursor: cursor } = await good(server.api("/runs?limit=1"));
    const changed = `${cursor.slice(0, -2)}${cursor.endsWith("A") ? "B" : "A"}x`;
    for (const path of [
      `/runs?limit=1&cursor=${changed}`,
      `/runs?limit=1&cursor=${cursor}&state=running`,
      `/runs?limit=1&cursor=${cursor}&project_id=acme`,
      `/contracts?limit=1&cursor=${cursor}`,
    ]) {
      expectProblem(await server.api(path), { status: 422, code: "E-CURSOR" });
    }
    expect((await server.api(`/runs?limit=1&cursor=${cursor}`)).status).toBe(200);
  });

  test("refuses a key from the moment it is revoked, and from the moment it expires", async () => {
    const body = { role: "viewer", name: "short", project_ids: ["acme"] };
    const revoked = await good(server.api("/keys", { body }));
    expect((await server.api("/runs", { key: revoked.key })).status).toBe(200);
    await server.api(`/keys/${revoked.key_id}`, { method: "DELETE" });
    const expires_at = new Date(Date.now() + 1_500).toISOString();
    const expiring = await good(server.api("/keys", { body: { ...body, expires_at } }));
    expect((await server.api("/runs", { key: expiring.key })).status).toBe(200);
    await leavingNoTrace(async () => {
      expectProblem(await server.api("/runs", { key: revoked.key }), {
        status: 401,
        code: "E-AUTH",
      });
      const late = await waitFor(
        async () => {
          const answer = await server.api("/runs", { key: expiring.key });
          return answer.status !== 200 && answer;
        },
        { timeoutMs: SOON_MS, what: "the key to expire" },
      );
      expectProblem(late, { status: 401, code: "E-AUTH" });
      const signIn = { key: null, body: { key: expiring.key } };
      expectProblem(await server.api("/session", signIn), { status: 401, code: "E-AUTH" });
    });
  });
});

describe("a hook", () => {
  const path = "/hooks/acme/alerts";
  const sign = (body: string, at = new Date(), key = SIGNING_KEY) => ({
    "webhook-id": "m1",
    "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
    "webhook-signature": new Webhook(key).sign("m1", at, body),
  });

  test.each(badDeliveries())("refuses a delivery %s", async (_, body, field) => {
    const answer = await leavingNoTrace(() => server.send(path, { key: acme.token, body }));
    expectProblem(answer, { status: 422, code: "E-HOOK-PAYLOAD" });
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(field);
  });

  test("refuses a wrong secret, a channel that is not there, and one that takes nothing in", async () => {
    const body = delivery("Bad");
    await leavingNoTrace(async () => {
      for (const [where, key] of [
        [path, "wrong"],
        [path, null],
        [path, acme.keys.admin],
        ["/hooks/acme/nothing", acme.token],
        ["/hooks/acme/tools", acme.token],
        ["/hooks/nowhere/alerts", acme.token],
        ["/hooks/acme/%00", acme.token],
      ] as const) {
        const answer = await server.send(where, { key, body });
        expectProblem(answer, { status: 401, code: "E-HOOK-AUTH" });
      }
    });
  });

  test("refuses a signature of another key, another time, another body, and none", async () => {
    const body = JSON.stringify(delivery("Bad"));
    const other = `whsec_${Buffer.from("a key of somebody else").toString("base64")}`;
    const signed: Record<string, string>[] = [
      sign(body, new Date(), other),
      sign(body, new Date(Date.now() - 6 * 60_000)),
      sign(body, new Date(Date.now() + 6 * 60_000)),
      sign(`${body} `),
      { ...sign(body), "webhook-id": "m2" },
      {},
    ];
    await leavingNoTrace(async () => {
      for (const headers of signed) {
        const answer = await server.send("/hooks/acme/signed", { key: null, body, headers });
        expectProblem(answer, { status: 401, code: "E-HOOK-AUTH" });
      }
    });
    const right = await server.send("/hooks/acme/signed", { key: null, body, headers: sign(body) });
    expect(right.status).toBe(202);
  });

  test("refuses 2 MiB, whatever they are", async () => {
    const body = JSON.stringify({ ...delivery("Bad"), more: "x".repeat(2 * MIB) });
    for (const key of [acme.token, "wrong"]) {
      const answer = await leavingNoTrace(() => server.send(path, { key, body }));
      expectProblem(answer, { status: 413, code: "E-BODY-SIZE" });
    }
  });
});
