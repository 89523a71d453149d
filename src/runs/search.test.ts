import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  askFor,
  caller,
  openReading,
  type Reading,
  seedMessage,
  seedProject,
  seedRevision,
  seedRun,
  withQuery,
} from "../../test/support/fixtures.ts";
import { runListRoutes } from "./list.ts";
import { runListAnswer } from "./list-contract.ts";

let reading: Reading;
let routes: ReturnType<typeof runListRoutes>;
const acme = caller({ projects: ["acme"] });

async function found(q: string, more: Record<string, string> = {}, as = acme): Promise<string[]> {
  const answer = await askFor(routes, withQuery("/runs", { q, ...more }), runListAnswer, {
    caller: as,
  });
  expect(answer).toMatchObject({ total: answer.runs.length, total_is_exact: true });
  return answer.runs.map(({ agent_id }) => agent_id);
}

beforeAll(async () => {
  reading = await openReading();
  routes = runListRoutes(reading);
  await reading.seed(async (tx) => {
    for (const project_id of ["acme", "globex"]) {
      await seedProject(tx, { project_id });
      const { revision_id } = await seedRevision(tx, { project_id });
      let second = 10;
      const run = (agent_id: string, given: object) => {
        second += 1;
        const created_at = `2026-11-22T03:07:${second}Z`;
        return seedRun(tx, { project_id, revision_id, agent_id, created_at, ...given });
      };
      const failed = { state: "failed", completed_at: "2026-11-22T04:00:00Z" };
      await run("disk", { title: "DiskAlmostFull: /var/log on shop-17.eu is 96 % full" });
      await run("tls", {
        ...failed,
        title: "CertificateExpiry",
        error_code: "E-DISK-FULL",
        error_detail: "connect ECONNREFUSED 10.0.0.7:443 (Ünïcode, naïve)",
      });
      await run("han", { title: "磁碟空間不足 on db-2", state: "waiting_approval" });
      const told = await run("told", { title: "Quiet", trigger_ref: "disk", trace_id: HEX });
      await seedMessage(tx, told, { content_preview: "AUTO RESOLVED the disk of shop-17" });
      await seedMessage(tx, told, { content_preview: "디스크 공간 부족" });
      if (project_id === "globex") await run("theirs", { title: "Disk of the others" });
    }
  });
});

const HEX = "d15c".repeat(8);

afterAll(async () => {
  await reading?.close();
});

describe("words", () => {
  test.each<[string, string[]]>([
    // Beginnings of words, also of those within a CamelCase word; in any letter case.
    ["disk", ["told", "disk"]],
    ["DISK", ["told", "disk"]],
    ["almost", ["disk"]],
    ["AlmostFull", ["disk"]],
    ["lmost", []],
    ["isk", []],
    ["expi", ["tls"]],
    ["econnref", ["tls"]],
    // All of them, in one and the same text, in any order.
    ["full disk", ["disk"]],
    ["disk resolved", ["told"]],
    ["disk quiet", []],
    ["disk econnrefused", []],
    // Signs only part words.
    ["/var/log", ["disk"]],
    ["shop-17.eu", ["disk"]],
    ["10.0.0.7:443", ["tls"]],
    ["resolved, shop", ["told"]],
    ["ünï", ["tls"]],
    ["naïve", ["tls"]],
    // A single letter or digit is a whole word.
    ["shop 1", []],
    ["db 2", ["han"]],
    ["db-", ["han"]],
    ["f", []],
    // Pairs of characters, or one.
    ["磁碟", ["han"]],
    ["空間不足", ["han"]],
    ["碟空", ["han"]],
    ["足", ["han"]],
    ["間", ["han"]],
    ["空磁", []],
    ["磁碟 db", ["han"]],
    ["디스", ["told"]],
    ["부족 디스크", ["told"]],
    // Nothing to look for.
    ["%", []],
    ["' & | !", []],
    ["*", []],
    ["\\", []],
    ["\u0001\u0002", []],
  ])("%s", async (q, expected) => {
    expect(await found(q)).toEqual(expected);
  });

  test("and what is exactly so: each run once, newest first", async () => {
    expect(await found("E-DISK-FULL")).toEqual(["tls"]);
    expect(await found(HEX)).toEqual(["told"]);
    expect(await found(HEX.toUpperCase())).toEqual([]);
    expect(await found("disk", { order: "asc" })).toEqual(["disk", "told"]);
  });

  test("together with filters", async () => {
    expect(await found("E-DISK-FULL", { state: "failed" })).toEqual(["tls"]);
    expect(await found("E-DISK-FULL", { state: "running" })).toEqual([]);
    expect(await found("on", { state: "waiting_approval" })).toEqual(["han"]);
    expect(await found("disk", { created_after: "2026-11-22T03:07:12Z" })).toEqual(["told"]);
    expect(await found("disk", { agent_id: "disk", is_shadow: "false" })).toEqual(["disk"]);
    expect(await found("disk", { project_id: "globex" })).toEqual([]);
  });

  test("in all projects that the caller sees, and no other", async () => {
    const both = ["theirs", "told", "told", "disk", "disk"];
    expect(await found("disk", {}, caller())).toEqual(both);
    expect(await found("disk", {}, caller({ projects: ["acme", "globex"] }))).toEqual(both);
    expect(await found("others")).toEqual([]);
    expect(await found("disk", {}, caller({ projects: ["nowhere"] }))).toEqual([]);
  });
});

describe("what changes", () => {
  const change = (error_detail: string | null) =>
    reading.seed((tx) =>
      tx
        .updateTable("runs")
        .set({ error_detail })
        .where("project_id", "=", "acme")
        .where("agent_id", "=", "han")
        .execute(),
    );

  test("is found as it is now", async () => {
    await change("the pager is on fire");
    expect(await found("pager")).toEqual(["han"]);
    expect(await found("磁碟 fire")).toEqual(["han"]);
    await change("the pager was put out");
    expect(await found("fire")).toEqual([]);
    await change(null);
    expect(await found("pager")).toEqual([]);
    expect(await found("磁碟")).toEqual(["han"]);
  });

  test("a long text is found by its first 8,192 characters", async () => {
    await change(`${"filler ".repeat(1_000)} early ${"filler ".repeat(1_000)} late`);
    expect(await found("early")).toEqual(["han"]);
    expect(await found("late")).toEqual([]);
    expect(await found(`filler ${"w".repeat(490)}`)).toEqual([]);
  });

  test("a word of more than 64 characters is found by its first ones", async () => {
    await change(`${"w".repeat(64)}xyz`);
    expect(await found("w".repeat(60))).toEqual(["han"]);
    expect(await found(`${"w".repeat(64)}abc`)).toEqual(["han"]);
    expect(await found(`${"w".repeat(63)}x`)).toEqual([]);
  });
});
