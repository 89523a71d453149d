import { afterAll, describe, expect, test } from "vitest";
import { ADMIN_KEY, type Answer } from "./support/awooop.ts";
import { type E2eTenant, good, newKey } from "./support/e2e-tenant.ts";
import { askAs, withoutTarget } from "./support/hiding.ts";
import { ENDPOINTS } from "./support/isolation-cases.ts";
import type { ReachingCase, Target } from "./support/isolation-shapes.ts";
import type { Description } from "./support/openapi.ts";
import { noTarget, openTwoTenants } from "./support/two-tenants.ts";
import {
  CALLERS,
  type CallerName,
  LISTS,
  type Outcome,
  REACHES,
} from "./support/visibility-cases.ts";

/**
 * Who sees what: people of the whole platform, a member of two of its three projects, an outsider and an agent ask every
 * endpoint. The tables say what becomes of it.
 */

const both = await openTwoTenants();
const { server, alpha, bravo } = both;
const charlie: E2eTenant = await both.addThird("charlie");
const keys: Record<CallerName, string> = {
  admin: ADMIN_KEY,
  operator: await newKey(server, { role: "operator", name: "on call" }),
  member: await newKey(server, {
    role: "admin",
    name: "member",
    project_ids: ["alpha", "bravo"],
  }),
  outsider: charlie.keys.admin,
  agent: alpha.keys.agent,
};
const description: Description = await good(server.api("/openapi.json"));
/** Things of alpha that are looked at and not used up. */
const shown = await both.makeTarget(alpha);
await both.makeTarget(bravo);
await both.makeTarget(charlie);

afterAll(() => both.close());

const REACHING = Object.entries(ENDPOINTS).flatMap(([name, endpoint]) =>
  "reach" in endpoint && endpoint.reach
    ? [[name, { ...endpoint, reach: endpoint.reach }] as const]
    : [],
);
type Reaching = ReachingCase & { reach: NonNullable<ReachingCase["reach"]> };

test("the tables have a row for every operation that names or lists something", () => {
  expect(Object.keys(REACHES).sort()).toEqual(REACHING.map(([name]) => name).sort());
  const lists = Object.entries(ENDPOINTS).filter(([, each]) => "list" in each && each.list?.all);
  expect(Object.keys(LISTS).sort()).toEqual(lists.map(([name]) => name).sort());
});

/** What all ways of asking for the target come to. */
async function outcomesOf(caller: CallerName, { reach }: Reaching, target: Target) {
  const own = caller === "outsider" ? charlie : alpha;
  const never = noTarget();
  const instead = reach(never, own);
  const outcomes = new Set<Outcome>();
  for (const [at, request] of reach(target, own).entries()) {
    const answer = await askAs(server, request, keys[caller]);
    const same = await askAs(server, instead[at] ?? request, keys[caller]);
    const isAlike =
      JSON.stringify(withoutTarget(answer, target)) === JSON.stringify(withoutTarget(same, never));
    if (answer.status === 403 && isAlike) outcomes.add("refused");
    else outcomes.add(isAlike ? "unknown" : "reached");
  }
  return [...outcomes];
}

describe.each(REACHING)("%s", (name, endpoint) => {
  const row = REACHES[name] ?? [];
  const uses = !name.startsWith("GET ");
  const removes = name.startsWith("DELETE ");

  test(`comes to ${CALLERS.map((caller, at) => `${row[at]} for ${caller}`).join(", ")}`, async () => {
    let target = uses ? await both.makeTarget(alpha) : shown;
    // Those who reach it may change it, so they come last.
    const order = CALLERS.map((caller, at) => [caller, row[at]] as const).sort(
      (one, other) => Number(one[1] === "reached") - Number(other[1] === "reached"),
    );
    for (const [caller, wanted] of order) {
      if (wanted !== "reached") {
        expect({ [caller]: await outcomesOf(caller, endpoint, target) }).toEqual({
          [caller]: [wanted],
        });
        continue;
      }
      const [request] = endpoint.reach(target, alpha);
      if (!request) throw new Error("the case reaches for nothing");
      const answer = await askAs(server, request, keys[caller]);
      expect(isReached(answer, endpoint), `${caller}: ${JSON.stringify(answer)}`).toBe(true);
      if (removes) target = await both.makeTarget(alpha);
    }
  });
});

/** Done, shown, or refused for its state, which is told only to those who may know of it. */
function isReached({ status, body }: Answer, { list }: ReachingCase): boolean {
  if (list && status === 200) return body[list.items].length > 0;
  // Who wrote the contract sees the question, though somebody else has to approve it.
  return (status >= 200 && status < 300) || status === 409 || body.code === "E-APPR-SELF";
}

describe.each(Object.entries(LISTS))("%s without filters", (name, expected) => {
  const endpoint = ENDPOINTS[name];
  const list = endpoint && "list" in endpoint ? endpoint.list : undefined;
  const path = `${list?.all}${list?.all?.includes("?") ? "&" : "?"}limit=200`;

  test.each(CALLERS)("%s", async (caller) => {
    const { status, body } = await server.api(path, { key: keys[caller] });
    const wanted = expected[caller];
    if (wanted === "refused") {
      expect({ status, code: body.code }).toEqual({ status: 403, code: "E-FORBIDDEN" });
      return;
    }
    const items: { project_id?: string; project_ids?: string[] | null }[] = body[list?.items ?? ""];
    const projects = items.flatMap((item) => item.project_ids ?? item.project_id ?? []);
    expect([...new Set(projects)].sort()).toEqual(wanted);
    expect(body.total).toBe(items.length);
  });
});

describe("without a key", () => {
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({ path, method, security })),
  );
  const named = operations.map((each) => [`${each.method} ${each.path}`, each] as const);
  const MADE_UP = `awp_nobody_${"x".repeat(43)}`;

  test.each(named)("%s answers nobody, and tells them nothing", async (_, each) => {
    const path = each.path.replaceAll(/\{project_id\}/g, "alpha").replaceAll(/\{\w+\}/g, shown.run);
    const method = each.method.toUpperCase();
    if (each.security?.length === 0) {
      expect(each.path).toBe("/session");
      return;
    }
    const answers = [null, MADE_UP, "nonsense"].map(async (key) => {
      const { status, body } = await server.api(path, { method, key });
      return { status, code: body.code, about: body.detail };
    });
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ status: 401, code: "E-AUTH" });
      for (const mark of ["alpha", shown.run]) expect(answer.about).not.toContain(mark);
    }
  });
});

describe("a cursor", () => {
  const lists = Object.keys(LISTS).map((name) => name.replace("GET ", ""));
  const cursorOf = async (path: string) => {
    const { next_cursor } = await good(server.api(`${path}?limit=1`, { key: keys.member }));
    expect(next_cursor, path).toEqual(expect.any(String));
    return next_cursor as string;
  };
  const use = async (path: string, cursor: string, key: string, more = "") => {
    const { status, body } = await server.api(`${path}?limit=1&cursor=${cursor}${more}`, { key });
    return { status, code: body.code };
  };
  const REFUSED = { status: 422, code: "E-CURSOR" };

  test.each(lists)("of %s serves nobody else", async (path) => {
    const cursor = await cursorOf(path);
    expect((await use(path, cursor, keys.member)).status).toBe(200);
    const twin = await newKey(server, {
      role: "admin",
      name: "member",
      project_ids: ["alpha", "bravo"],
    });
    for (const key of [keys.admin, keys.outsider, alpha.keys.admin, twin]) {
      expect(await use(path, cursor, key)).toEqual(REFUSED);
    }
  });

  test.each(lists)("of %s serves no other filter, order or list", async (path) => {
    const cursor = await cursorOf(path);
    const parameters = description.paths[path]?.get?.parameters ?? [];
    for (const { name, schema } of parameters) {
      if (["limit", "cursor", "page", "per_page"].includes(name)) continue;
      for (const value of await otherValues(path, name, schema as Values)) {
        expect(await use(path, cursor, keys.member, `&${name}=${value}`), name).toEqual(REFUSED);
      }
    }
    for (const other of lists) {
      if (other !== path) expect(await use(other, cursor, keys.member), other).toEqual(REFUSED);
    }
  });

  interface Values {
    enum?: string[];
    default?: string;
  }

  /** Values with which the list is another one than without the parameter. */
  async function otherValues(path: string, name: string, schema: Values) {
    if (schema.enum) {
      const whole = JSON.stringify(await good(server.api(path, { key: keys.member })));
      const others = schema.enum.filter((value) => value !== schema.default);
      const asked = others.map(async (value) => {
        const answer = await good(server.api(`${path}?${name}=${value}`, { key: keys.member }));
        return JSON.stringify(answer) === whole ? [] : [value];
      });
      return (await Promise.all(asked)).flat();
    }
    if (/_(after|before)$/.test(name)) return ["2026-11-22T03:07:00Z"];
    return [["run_id", "case_id"].includes(name) ? shown.run : "alpha"];
  }
});
