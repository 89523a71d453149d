import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CelError, checkCel, compileCel, evaluateCel, resolveCel } from "./cel.ts";

const VARS = {
  trigger: {
    labels: { alertname: "DiskFull", severity: "critical", "app.kubernetes.io/name": "shop" },
    annotations: { summary: "The disk is 91 % full" },
    tags: ["a", "b"],
    value: null,
    constructor: "a field like any other",
  },
  steps: {
    disk: { status: "success", output: { percent: 91, fraction: 0.5, index: 1 }, text: "91 %" },
    list: { output: { rows: Array.from({ length: 5_000 }, (_, at) => ({ at, size: at % 7 })) } },
  },
  run: { id: "01a1", is_shadow: false },
};

function give(expression: string, vars: Record<string, unknown> = VARS): unknown {
  const compiled = compileCel(expression);
  if ("error" in compiled) throw new Error(`${expression}: ${compiled.error}`);
  return evaluateCel(compiled, vars);
}

describe("plain JSON in, plain JSON out", () => {
  test.each<[string, unknown]>([
    ["steps.disk.output.percent > 90.0", true],
    ["steps.disk.output.percent > 90", true],
    ["steps.disk.output.percent == 91", true],
    ["steps.disk.output.percent + 1", 92],
    ["100 - steps.disk.output.percent", 9],
    ["steps.disk.output.fraction * 100", 50],
    ["steps.disk.output.percent % 2", 1],
    ["steps.disk.output.percent % 2.0", 1],
    ["steps.disk.output.percent / 2", 45.5],
    ["int(steps.disk.output.percent) / 2", 45],
    ["string(steps.disk.output.percent)", "91"],
    ["string(steps.disk.output.fraction)", "0.5"],
    ["'disk at ' + string(steps.disk.output.percent) + ' %'", "disk at 91 %"],
    ["trigger.labels.alertname", "DiskFull"],
    ['trigger.labels["app.kubernetes.io/name"]', "shop"],
    ["trigger.tags[0]", "a"],
    ["trigger.tags[steps.disk.output.index]", "b"],
    ["trigger.constructor", "a field like any other"],
    ["has(trigger.labels.severity)", true],
    ["has(trigger.labels.nope)", false],
    ["has(trigger.value)", false],
    ["trigger.value == null", true],
    ["trigger.labels.alertname.matches('^Disk.*l$')", true],
    ["trigger.labels.alertname.matches('^isk')", false],
    ["size(trigger.tags) == 2 && trigger.tags.size() == 2", true],
    ["'severity' in trigger.labels", true],
    ["'z' in trigger.tags", false],
    ["trigger.labels.severity in ['critical', 'page']", true],
    ["run.is_shadow ? 'would' : 'did'", "did"],
    ["trigger.labels", VARS.trigger.labels],
    ["trigger.tags.map(t, t + t)", ["aa", "bb"]],
    ["trigger.tags + ['c']", ["a", "b", "c"]],
    ["steps.list.output.rows.filter(r, r.size == 3 && r.at < 20).map(r, r.at)", [3, 10, 17]],
    ["size(steps.list.output.rows.filter(r, r.size >= 0).map(r, r.at + 1))", 5_000],
    ["trigger.labels.all(k, k != '')", true],
    ["{'a': 1, 'b': [2u, 3.5], 'c': null}", { a: 1, b: [2, 3.5], c: null }],
    ["{1: 'x', true: 'y'}", { "1": "x", true: "y" }],
    ["timestamp('2026-01-02T03:04:05.25Z') + duration('1h')", "2026-01-02T04:04:05.25Z"],
    ["duration('1h30m')", "5400s"],
    ["duration('-1.5s')", "-1.5s"],
    ["b'abc'", "YWJj"],
    ["-0.0", 0],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
  ])("%s", (expression, expected) => {
    expect(give(expression)).toEqual(expected);
  });
});

describe("what can't be evaluated", () => {
  test.each<[string, RegExp]>([
    [
      "steps.disk.output.nope",
      /`steps\.disk\.output\.nope` .*there is no field "nope" \(test it with has/,
    ],
    ["nope.x", /`nope\.x` .*names a variable that does not exist/],
    ["constructor", /does not exist here/],
    ["__proto__", /does not exist here/],
    ["1 / 0", /divide by zero/],
    ["'a' + 1", /no matching overload/],
    ["'a'.nope()", /unbound function/],
    ["9007199254740992", /too large for JSON/],
    ["1.0 / 0.0", /not a JSON number/],
    ["type(1)", /is a type, not a value/],
    ["steps.list.output.rows.all(a, steps.list.output.rows.all(b, true))", /too much work/],
    ["steps.list.output.rows.all(a, steps.list.output.rows.all(b, true)) || true", /too much work/],
    [`['aaaaaaaaaaaaaaaa']${".map(x, x + x)".repeat(60)}`, /too much work/],
    [`[[1, 1]]${".map(x, x + x)".repeat(60)}`, /too much work/],
    [`[1]${".map(x, [x, x, x, x])".repeat(60)}`, /too much work/],
    [
      `[1]${".map(x, [x, x, x, x])".repeat(60)} == [1]${".map(x, [x, x])".repeat(60)}`,
      /too much work/,
    ],
    [`[1].exists(x, ${"[[x,x]].exists(x, ".repeat(40)}x == x${")".repeat(41)}`, /too much work/],
    [
      "('a'.matches('a') ? steps.list.output.rows : []).map(r, string(r.at)).exists(s, (s + '" +
        "x".repeat(500) +
        "').matches('(((a?){10}){10}){10}b$'))",
      /too much work/,
    ],
  ])("%.60s", (expression, reason) => {
    const started = performance.now();
    expect(() => give(expression)).toThrow(CelError);
    expect(() => give(expression)).toThrow(reason);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test("an expression longer than 4,000 characters is refused", () => {
    expect(compileCel(`'${"a".repeat(4_000)}'`)).toEqual({
      error: "the expression has 4002 characters; at most 4000 are allowed",
    });
  });

  test("a syntax error says where", () => {
    expect(compileCel("a +")).toEqual({
      error: expect.stringMatching(/^line 1, column 3: found \+ where CEL does/),
    });
    expect(compileCel(`${"(".repeat(1_900)}1${")".repeat(1_900)}`)).toEqual({
      error: expect.any(String),
    });
    expect(compileCel(`1${"+1".repeat(1_900)}`)).toEqual({ error: "it is nested too deeply" });
  });

  test("input nested without end is an error of the expression", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(() => give("deep", { deep })).toThrow(/nested too deeply/);
  });
});

const piece = fc.oneof(
  fc.string(),
  fc.constantFrom(
    ..."( ) [ ] { } . , ? : ! - + * / % && || == < >= in".split(" "),
    ..."trigger steps has( size( .map(x, .exists(x, .all(x, [1,2,3] 'a' 1 2.5 3u null true x b'z'".split(
      " ",
    ),
    ..."string( int( timestamp( duration( .matches( '2026-01-01T00:00:00Z' __proto__ type(".split(
      " ",
    ),
  ),
);

describe("any text at all", () => {
  test("compiles to an expression or an error, and evaluates to JSON or a CelError", () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.jsonValue(), (pieces, trigger) => {
        const compiled = compileCel(pieces.join(" "));
        if ("error" in compiled) {
          expect(compiled.error).not.toBe("");
          return;
        }
        try {
          const result = evaluateCel(compiled, { trigger, steps: {} });
          expect(JSON.parse(JSON.stringify(result))).toEqual(result);
        } catch (error) {
          expect(error).toBeInstanceOf(CelError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("JSON comes out as it went in", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const expected = JSON.parse(JSON.stringify(value).replaceAll("-0", "0")) as unknown;
        fc.pre(!JSON.stringify(value).includes("-0"));
        expect(give("v", { v: value })).toEqual(expected);
      }),
    );
  });
});

describe("expressions inside a value", () => {
  test("are replaced at any depth, and nothing else is touched", () => {
    const value = {
      path: { $cel: "'/var/' + trigger.labels.alertname" },
      list: [1, { $cel: "steps.disk.output.percent" }, { deep: { $cel: "trigger.tags" } }],
      same: { $cel: 1, other: "not an expression" },
      text: "$cel",
    };
    expect(resolveCel(value, VARS)).toEqual({
      path: "/var/DiskFull",
      list: [1, 91, { deep: ["a", "b"] }],
      same: { $cel: 1, other: "not an expression" },
      text: "$cel",
    });
  });

  test("fail by name", () => {
    expect(() => resolveCel({ a: [{ $cel: "trigger.nope" }] }, VARS)).toThrow(/`trigger\.nope`/);
    expect(() => resolveCel({ $cel: "1 +" }, VARS)).toThrow(CelError);
  });

  test("are checked, each error with its path", () => {
    const body = {
      steps: [{ when: { $cel: "true" } }, { when: { $cel: "a ==" } }],
      x: { $cel: ")" },
    };
    expect(checkCel(body, "body").map((error) => error.path)).toEqual([
      "body.steps.1.when.$cel",
      "body.x.$cel",
    ]);
    expect(checkCel({ ok: { $cel: "trigger.x" } }, "body")).toEqual([]);
  });
});
