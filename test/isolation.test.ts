import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Answer, type Awooop, startAwooop } from "./support/awooop.ts";
import { delivery, type E2eTenant, good, type KeyRole } from "./support/e2e-tenant.ts";
import { askAs, withoutTarget } from "./support/hiding.ts";
import { ENDPOINTS } from "./support/isolation-cases.ts";
import type { ReachingCase, Request, Target } from "./support/isolation-shapes.ts";
import { withClient } from "./support/server.ts";
import { noTarget, openTwoTenants, type TwoTenants } from "./support/two-tenants.ts";
import { waitFor } from "./support/wait.ts";

/**
 * Two tenants on one real server. What belongs to bravo must look to alpha, whatever key alpha holds and whichever way
 * it asks, exactly like what does not exist.
 */

const SOON_MS = 30_000;
const ROLES: readonly KeyRole[] = ["viewer", "operator", "admin", "agent"];
const RANK: readonly (KeyRole | "platform")[] = ["viewer", "operator", "admin", "platform"];

let both: TwoTenants;
let server: Awooop;
let alpha: E2eTenant;
let bravo: E2eTenant;

beforeAll(async () => {
  both = await openTwoTenants();
  ({ server, alpha, bravo } = both);
});

afterAll(() => both?.close());

const ask = (request: Request, key: string): Promise<Answer> => askAs(server, request, key);

const keyOf = (as: ReachingCase["as"], tenant: E2eTenant) =>
  as === "platform" ? ADMIN_KEY : tenant.keys[as];

/** Whether a key of the role may use the operation at all. */
function isOpenTo(role: KeyRole, as: ReachingCase["as"]): boolean {
  if (role === "agent" || as === "agent") return role === as;
  return RANK.indexOf(role) >= RANK.indexOf(as);
}

function expectNoMark(text: string, marks: readonly string[], about: string): void {
  const found = marks.filter((mark) => text.includes(mark));
  expect(found, `${about}: ${text.slice(0, 500)}`).toEqual([]);
}

const CASES = Object.entries(ENDPOINTS);
const REACHING = CASES.flatMap(([name, endpoint]) => {
  if (!("reach" in endpoint) || !endpoint.reach) return [];
  return [[name, { ...endpoint, reach: endpoint.reach }] as const];
});
const LISTS = CASES.flatMap(([name, endpoint]) => {
  if (!("list" in endpoint) || endpoint.list?.all === undefined) return [];
  const { items, all } = endpoint.list;
  return [[name, endpoint.as, items, all] as const];
});

describe("the operator API", () => {
  let looked: Target | undefined;
  /** Looking changes nothing: what was made to be looked at serves all that look. */
  const targetFor = async (name: string) => {
    if (!name.startsWith("GET ")) return both.makeTarget(bravo);
    looked ??= await both.makeTarget(bravo);
    return looked;
  };

  test("has a case for each of its operations", async () => {
    const { paths } = await good(server.api("/openapi.json"));
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.sort()).toEqual(Object.keys(ENDPOINTS).sort());
  });

  test.each(REACHING)(
    "%s shows another tenant's things as if they were not there",
    async (name, endpoint) => {
      const { as, works, reach, list } = endpoint;
      const theirs = await targetFor(name);
      const never = noTarget();
      const marks = await both.marksOfBravo();
      const wrong = reach(theirs, alpha);
      const empty = reach(never, alpha);
      expect(wrong.length).toBeGreaterThan(0);
      for (const role of ROLES) {
        for (const [at, request] of wrong.entries()) {
          const about = `${role}: ${request.method} ${request.path} ${JSON.stringify(request.body)}`;
          const answer = await ask(request, alpha.keys[role]);
          const same = await ask(empty[at] ?? request, alpha.keys[role]);
          const hidden = withoutTarget(answer, theirs);
          expect(hidden, about).toEqual(withoutTarget(same, never));
          expectNoMark(hidden.text, marks, about);
          if (list && isOpenTo(role, as)) {
            expect(answer, about).toMatchObject({ status: 200, body: { [list.items]: [] } });
            expect(answer.body.total, about).toBe(0);
          } else {
            expect([403, 404, 422], about).toContain(answer.status);
          }
        }
      }
      // Its own tenant is answered: there was something to see and to do.
      const [first] = reach(theirs, bravo);
      if (!first) throw new Error("the case reaches for nothing");
      const own = await ask(first, keyOf(as, bravo));
      expect(own.status, JSON.stringify(own.body)).toBe(works);
      if (list) expect(own.body[list.items].length).toBeGreaterThan(0);
    },
  );

  test.each(LISTS)("%s lists what is the caller's and nothing else", async (_, as, items, path) => {
    await both.makeTarget(alpha);
    await both.makeTarget(bravo);
    const marks = await both.marksOfBravo();
    for (const role of ROLES) {
      const { status, body } = await ask({ method: "GET", path }, alpha.keys[role]);
      expect(status, role).toBe(isOpenTo(role, as) ? 200 : 403);
      if (status === 200) expect(body[items].length).toBeGreaterThan(0);
      expectNoMark(JSON.stringify(body), marks, role);
    }
  });

  test("tells of a session only the caller's projects", async () => {
    const marks = await both.marksOfBravo();
    for (const role of ["viewer", "operator", "admin"] as const) {
      const key = alpha.keys[role];
      const signedIn = await server.api("/session", { key: null, body: { key } });
      const asked = await server.api("/session", { key });
      for (const answer of [signedIn, asked]) {
        expect(answer).toMatchObject({
          status: 200,
          body: { role, is_platform: false, projects: [{ project_id: "alpha" }] },
        });
        expectNoMark(JSON.stringify(answer.body), marks, role);
      }
    }
    const agent = await server.api("/session", { key: null, body: { key: alpha.keys.agent } });
    expect(agent).toMatchObject({ status: 403, body: { code: "E-FORBIDDEN" } });
  });

  test("ends only the caller's own session", async () => {
    const signIn = async (key: string) => {
      const response = await fetch(`${server.url}/api/v1/session`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ key }),
      });
      return String(response.headers.get("set-cookie")).split(";")[0] ?? "";
    };
    const [mine, theirs] = [await signIn(alpha.keys.viewer), await signIn(bravo.keys.viewer)];
    const headers = { cookie: mine, origin: server.url };
    expect((await server.api("/session", { key: null, method: "DELETE", headers })).status).toBe(
      204,
    );
    const look = (cookie: string) => server.api("/session", { key: null, headers: { cookie } });
    expect((await look(mine)).status).toBe(401);
    expect((await look(theirs)).body).toMatchObject({ projects: [{ project_id: "bravo" }] });
  });

  test("takes no cursor that was made for somebody else", async () => {
    await both.makeTarget(bravo);
    await both.makeTarget(bravo);
    for (const path of ["/runs", "/runs/bulk", "/contracts", "/channel-events", "/approvals"]) {
      const { next_cursor } = await good(server.api(`${path}?limit=1`, { key: bravo.keys.viewer }));
      expect(next_cursor, path).toEqual(expect.any(String));
      const stolen = await server.api(`${path}?limit=1&cursor=${next_cursor}`, {
        key: alpha.keys.viewer,
      });
      expect(stolen, path).toMatchObject({ status: 422, body: { code: "E-CURSOR" } });
    }
  });

  test("keeps a key of one tenant from making one for all", async () => {
    const body = { name: "spy", role: "viewer" };
    for (const role of ROLES) {
      const answer = await server.api("/keys", { key: alpha.keys[role], body });
      expect(answer).toMatchObject({ status: 403, body: { code: "E-FORBIDDEN" } });
    }
  });

  test.each(["/metrics", "/healthz", "/readyz", "/", "/api/v1/openapi.json"])(
    "%s, which needs no key, names no tenant",
    async (path) => {
      const answer = await server.send(path, { key: null });
      expect(answer.status).toBe(200);
      expectNoMark(JSON.stringify(answer.body), await both.marksOfBravo(), path);
    },
  );
});

describe("hooks", () => {
  test("take only their own tenant's secret, and say the same of a hook that is not there", async () => {
    const events = () =>
      withClient(both.databaseUrl, async (client) => {
        await client.query("set role awooop_platform");
        return (await client.query("select count(*) from awooop.channel_events")).rows[0].count;
      });
    const before = await events();
    const send = (path: string, key: string | null) =>
      server.send(`/hooks/${path}`, { key, body: delivery("Spy") });
    const refused = [
      await send("alpha/alerts", bravo.token),
      await send("bravo/alerts", alpha.token),
      await send("bravo/alerts", alpha.keys.admin),
      await send("bravo/alerts", ADMIN_KEY),
      await send("bravo/alerts", null),
      await send("bravo/nothing", bravo.token),
      await send("nowhere/alerts", bravo.token),
      await send("alpha,bravo/alerts", bravo.token),
    ];
    for (const answer of refused) {
      expect(answer).toEqual(refused[0]);
      expect(answer).toMatchObject({ status: 401, body: { code: "E-HOOK-AUTH" } });
    }
    expect(await events()).toBe(before);
    expect((await send("bravo/alerts", bravo.token)).status).toBe(202);
  });
});

interface Heard {
  /** The projects of the changes that came, in order. */
  projects: string[];
  /** Resolves when the server has ended the stream: what was on its way has come. */
  ended: Promise<void>;
}

async function listen(to: Awooop, key: string, query = ""): Promise<Heard> {
  const response = await fetch(`${to.url}/api/v1/events${query}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  expect(response.status).toBe(200);
  const heard: Heard = { projects: [], ended: Promise.resolve() };
  heard.ended = (async () => {
    let text = "";
    for await (const chunk of response.body ?? []) {
      text += Buffer.from(chunk).toString("utf8");
      heard.projects = [...text.matchAll(/"project_id":"([^"]*)"/g)].map((found) => found[1] ?? "");
    }
  })();
  return heard;
}

test("GET /events: a tenant hears nothing of another one, also of what happens in another process", async () => {
  const second = await startAwooop({ databaseUrl: both.databaseUrl });
  try {
    const [mine, wrong, theirs, everything] = await Promise.all([
      listen(second, alpha.keys.viewer),
      listen(second, alpha.keys.admin, "?project_id=bravo"),
      listen(second, bravo.keys.viewer),
      listen(second, ADMIN_KEY),
    ]);
    await both.makeTarget(bravo);
    await good(server.api("/tenants/bravo", { method: "PATCH", body: { canary_percent: 1 } }));
    await both.makeTarget(alpha);
    await good(server.api("/tenants/alpha", { method: "PATCH", body: { canary_percent: 1 } }));
    await waitFor(() => mine.projects.length > 0 && everything.projects.at(-1) === "alpha", {
      timeoutMs: SOON_MS,
      what: "alpha's changes",
    });
    await second.stop();
    await Promise.all([mine, wrong, theirs, everything].map(({ ended }) => ended));
    const kinds = (heard: Heard) => [...new Set(heard.projects)].sort();
    expect(kinds(mine)).toEqual(["alpha"]);
    expect(kinds(wrong)).toEqual([]);
    expect(kinds(theirs)).toEqual(["bravo"]);
    expect(kinds(everything)).toEqual(["alpha", "bravo"]);
  } finally {
    await second.stop();
  }
  const agent = await server.api("/events", { key: alpha.keys.agent });
  expect(agent.status).toBe(403);
});
